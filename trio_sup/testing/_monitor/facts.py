"""What the monitor has to know of a tree, and what it sees happen: plain data.

Both can be written as JSON, so that a recorded log says all that its checking needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs
import trio
from attrs import define, frozen

from trio_sup._core import events

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.specs import ChildSpec

ENDS = frozenset(
    {"child_stopped", "child_crashed", "child_start_failed", "child_ignored"}
)
"""The kinds of events that end a life."""

State: TypeAlias = Literal["down", "starting", "up", "stopping"]
"""Where a child is in its life."""
Mode: TypeAlias = Literal["starting", "running", "stopping"]
"""Where a supervisor is."""

LOOSE = frozenset({"partition_supervisor"})
"""Supervisors whose list of children is not all of their specification."""


@frozen(kw_only=True)
class SupervisorFacts:
    """The flags of a supervisor."""

    strategy: str
    max_restarts: int
    max_seconds: float
    auto_shutdown: str = "never"
    max_children: float = math.inf
    dynamic: bool = False
    loose: bool = False
    owned: bool = False
    """Whether its children are stopped by those who started them, with any grace."""
    children: tuple[str, ...] = ()
    """The paths of its initial children, in start order."""

    @property
    def grouped(self) -> bool:
        """Whether a restart concerns siblings too."""
        return not self.dynamic and self.strategy != "one_for_one"


@frozen(kw_only=True)
class ChildFacts:
    """One specification, as far as decisions depend on it."""

    path: str
    parent: str = ""
    """The path of its supervisor; empty for a root."""
    restart: str = "permanent"
    significant: bool = False
    shutdown: float | str = math.inf
    """The grace, in seconds, or ``brutal_kill``."""
    backoff: tuple[float, float, float, float, float, bool] | None = None
    """Initial, factor, maximum, jitter, reset_after, immediate_first."""
    budget: tuple[int, float, str, float | None] | None = None
    """The limit, its window in seconds, and what then."""
    flags: SupervisorFacts | None = None
    """Only for supervisors."""
    label: str = ""
    """The path as text, where the name in `path` is another."""

    @property
    def text(self) -> str:
        """The path as text."""
        return self.label or self.path


def facts_of_spec(spec: ChildSpec[Any], path: str, parent: str) -> ChildFacts:
    """Return the facts of one specification that has its place at `path`."""
    backoff, budget = spec.backoff, spec.budget
    return ChildFacts(
        path=path,
        parent=parent,
        restart=spec.restart,
        significant=spec.significant,
        shutdown=spec.shutdown,
        backoff=None if backoff is None else attrs.astuple(backoff, recurse=False),
        budget=None if budget is None else attrs.astuple(budget, recurse=False),
        flags=_flags(spec, path),
    )


def _flags(spec: ChildSpec[Any], path: str) -> SupervisorFacts | None:
    flags = spec.flags
    if flags is None:
        return None
    return SupervisorFacts(
        strategy=flags.strategy,
        max_restarts=flags.max_restarts,
        max_seconds=flags.max_seconds,
        auto_shutdown=flags.auto_shutdown,
        max_children=flags.max_children,
        dynamic=spec.kind == "dynamic",
        loose=spec.target in LOOSE,
        owned=spec.target == "task_supervisor",
        children=tuple(f"{path}/{child.label}" for child in flags.children),
    )


def all_facts(
    spec: ChildSpec[Any], path: str = "", parent: str = ""
) -> list[ChildFacts]:
    """Return the facts of a specification and of all below it."""
    path = path or spec.label
    found = [facts_of_spec(spec, path, parent)]
    for child in () if spec.flags is None else spec.flags.children:
        found += all_facts(child, f"{path}/{child.label}", path)
    return found


def facts_of_record(record: Record, name: Callable[[Record], str]) -> ChildFacts:
    """Return the facts of a child of a running tree.

    Args:
        record: Which.
        name: How children are called.
    """
    parent = "" if record.parent is None else name(record.parent.record)
    facts = facts_of_spec(record.spec, record.path_text, parent)
    own = name(record)
    if own == facts.path:
        return facts
    return attrs.evolve(facts, path=own, label=facts.path)


def find_record(
    roots: Iterable[Record], path: str, *, exact: bool = False
) -> Record | None:
    """Return the record of the child at `path`, looking downwards from the roots.

    Args:
        roots: Where to begin.
        path: The path as text.
        exact: Whether it must be the child's own string, and no equal one.
    """
    for record in roots:
        own = record.path_text
        if own is path or (own == path and not exact):
            return record
        if record.shell is not None and path.startswith(own + "/"):
            found = find_record(record.shell.all_records(), path, exact=exact)
            if found is not None:
                return found
    return None


@frozen(kw_only=True)
class Found:
    """A child as it was when somebody began to look."""

    path: str
    at: float
    """When that was."""
    life: int
    began: float
    attempt: int
    state: State
    quarantined: bool = False
    mode: Mode | None = None
    """What its supervisor's watch is to be in; only of a living supervisor."""
    label: str = ""
    """The path as text, where the name in `path` is another."""

    @property
    def text(self) -> str:
        """The path as text."""
        return self.label or self.path


def found_record(record: Record, name: str) -> Found:
    """Return what is to be seen of a child of a running tree, called so."""
    state: State = "down"
    mode: Mode | None = None
    if record.alive:
        state = "up" if record.ready else "starting"
        if record.asked is not None:
            state = "stopping"
        if record.shell is not None:
            mode = record.shell.mode if record.shell.mode != "down" else "stopping"
    return Found(
        path=name,
        at=trio.current_time(),
        life=record.life,
        began=record.life_began,
        attempt=record.attempt,
        state=state,
        quarantined=record.status == "quarantined",
        mode=mode,
        label="" if name == record.path_text else record.path_text,
    )


def all_records(roots: Iterable[Record]) -> Iterator[Record]:
    """Return each root and all that lives below it, supervisors first."""
    for record in roots:
        yield record
        if record.shell is not None and record.alive:
            yield from all_records(record.shell.all_records())


def write_facts(facts: ChildFacts) -> dict[str, Any]:
    """Return facts as JSON-able data."""
    return attrs.asdict(facts)


def read_facts(data: Mapping[str, Any]) -> ChildFacts:
    """Build facts from their JSON form."""
    fields: dict[str, Any] = dict(data)
    for name in ("backoff", "budget"):
        if fields.get(name) is not None:
            fields[name] = tuple(fields[name])
    flags = fields.get("flags")
    if flags is not None:
        children = tuple(flags["children"])
        plain: dict[str, Any] = {**flags, "children": children}
        fields["flags"] = SupervisorFacts(**plain)
    return ChildFacts(**fields)


def write_found(found: Found) -> dict[str, Any]:
    """Return a child as it was found as JSON-able data."""
    return attrs.asdict(found)


def read_found(data: Mapping[str, Any]) -> Found:
    """Build what `write_found` wrote."""
    return Found(**data)


@define
class Seen:
    """One event, reduced to what decisions depend on.

    Never changed; to be frozen would cost it three times its making.
    """

    kind: str
    at: float
    path: str
    life: int
    exit: str = ""
    """The kind of exit."""
    requested: bool = False
    delay: float = 0.0
    siblings: int = 0
    child: str = ""
    """The id of the child that a supervisor's own event is about."""
    action: str = ""
    fatal: bool = False
    """Whether it ended by what passes through every supervisor, such as Ctrl-C."""
    text: str = ""
    """The path as text, where the name in `path` is another."""


def seen_event(event: events.LifecycleEvent) -> Seen:
    """Reduce a live event."""
    head = (event.kind, event.at, event.path, event.life)
    match event:
        case events.ChildStarting() | events.ChildStarted() | events.ChildStopping():
            return Seen(*head)  # most of them
        case events.ChildStopped():
            return Seen(*head, event.exit.kind, event.requested)
        case events.ChildStartFailed() | events.ChildCrashed():
            error = event.exit.error
            fatal = error is not None and not isinstance(error, Exception)
            return Seen(*head, event.exit.kind, fatal=fatal)
        case events.RestartDecided():
            return Seen(*head, delay=event.delay, siblings=event.siblings)
        case events.SupervisorGaveUp() | events.SupervisorAutoShutdown():
            return Seen(*head, child=event.child)
        case events.Requested():
            return Seen(*head, action=event.action)
        case _:
            return Seen(*head)


_FATAL = ("KeyboardInterrupt", "SystemExit", "GeneratorExit", "BaseExceptionGroup")


def seen_json(data: Mapping[str, Any]) -> Seen:
    """Reduce an event in the form of `Event.as_json`."""
    words = str(data.get("exit", "")).replace(":", " ").split()
    return Seen(
        kind=str(data["event"]),
        at=float(data["at"]),
        path=str(data["path"]),
        life=int(data["life"]),
        exit=words[0] if words else "",
        requested=bool(data.get("requested", False)),
        delay=float(data.get("delay", 0.0)),
        siblings=int(data.get("siblings", 0)),
        child=str(data.get("child", "")),
        action=str(data.get("action", "")),
        fatal=len(words) > 1 and words[1] in _FATAL,
    )
