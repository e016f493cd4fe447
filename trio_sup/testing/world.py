"""The world of one run, as invariants and clients see it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard, cast

import trio
from attrs import Factory, define

from trio_sup._children.record import Child
from trio_sup._core import events
from trio_sup._core.errors import NoSuchChild
from trio_sup._core.events import Event, LifecycleEvent
from trio_sup._core.specs import ChildSpec
from trio_sup._node.node import Node
from trio_sup._tree.specs import supervisor
from trio_sup._tree.supervisor import Supervisor
from trio_sup.testing._histories.history import History
from trio_sup.testing.faults import Fault
from trio_sup.testing.problems import Hit, Problem
from trio_sup.testing.timeline import timeline

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup.testing._beside.waits import Waiting, WaitsModel
    from trio_sup.testing._monitor.naming import Naming
    from trio_sup.testing._run.situation import Situation

Outcome: TypeAlias = Literal[
    "running", "stopped", "gave_up", "not_started", "cut", "interrupted", "failed"
]
"""How a run ended: in order, by its limits, by `CutTree`, by `Interrupt`, …"""

BuildTree: TypeAlias = Callable[[], Any]
"""Returns a specification, a list of them, or a pair of that and anything else."""


@define(eq=False, repr=False)
class World:
    """One run of a tree under faults: its handles, what happened, how it ended."""

    app: Any = None
    """What `build_tree` returned beside the specification."""
    outcome: Outcome = "running"
    end: float = 0.0
    """Virtual time at which the run ended, in seconds."""
    events: list[LifecycleEvent] = Factory(list[LifecycleEvent])
    hits: list[Hit] = Factory(list[Hit])
    problems: list[Problem] = Factory(list[Problem])
    script: Sequence[Fault] = ()
    assumed: bool = True
    """False once an `assume` did not hold: what the run shows then counts for nothing."""
    error: BaseException | None = None
    """What the tree's block raised, if it did."""
    steps: int = 0
    """How many task steps the run took; counted in undisturbed runs."""
    contested: int = 0
    """How often the schedule could have gone another way."""
    checkpoints: dict[tuple[str, int], int] = Factory(dict[tuple[str, int], int])
    """How often each life of a child waited; counted where faults are aimed at it,
    and everywhere in undisturbed runs. Supervisors have none."""
    history: History = Factory(History)
    """Calls that are recorded, to be judged by `linearizable`."""
    node_: Node | None = None
    root_: Supervisor | None = None
    names_: Naming | None = None
    waits_: WaitsModel | None = None
    records_: dict[Record, None] = Factory(dict["Record", None])
    situations_: dict[Situation, int] = Factory(dict["Situation", int])

    def __attrs_post_init__(self) -> None:
        """Let the history know when things happened."""
        happened = self.events
        self.history.place = lambda: len(happened)

    def __repr__(self) -> str:
        """Return what fits into the message of a failing assertion."""
        real = sum(not hit.missed for hit in self.hits)
        return f"<World: {self.outcome}, {real} faults, {len(self.events)} events>"

    @property
    def node(self) -> Node:
        """The node of the run, with its registry."""
        assert self.node_ is not None, "the run has not begun"
        return self.node_

    @property
    def root(self) -> Supervisor:
        """The handle of the root; valid from its start on."""
        assert self.root_ is not None, "the tree did not start"
        return self.root_

    @property
    def disturbed(self) -> bool:
        """Whether any fault took place."""
        return any(not hit.missed for hit in self.hits)

    def child(self, path: str) -> Child:
        """Return the handle of the child at a path, present or past.

        Raises:
            NoSuchChild: there never was one.
        """
        found = [r for r in self.records_ if self.name_of(r.path_text) == path]
        if not found:
            raise NoSuchChild("the run", path)
        return found[-1].handle

    def lives(self, path: str) -> int:
        """Return how many lives of a child have begun."""
        return self._count(events.ChildStarting, path)

    def restarts(self, path: str) -> int:
        """Return how many restarts of a child were decided."""
        return self._count(events.RestartDecided, path)

    def crashes(self, path: str) -> int:
        """Return how often a child crashed."""
        return self._count(events.ChildCrashed, path)

    def _count(self, kind: type[Event], path: str) -> int:
        return sum(
            1
            for event in self.events
            if isinstance(event, kind) and self.name_of(event.path) == path
        )

    def name_of(self, path: str) -> str:
        """Return what a child is called here, by the path in an event or a record.

        That is the path. Of two children that have the same, as ids ``22`` and
        ``"22"`` do, the later one has `` (2)`` behind it.
        """
        return path if self.names_ is None else self.names_.name(path)

    def waiting(self, longer_than: float = 0.0) -> list[Waiting]:
        """Return who waits for what only somebody else can give, and who that is.

        Answers of calls, ends of tasks and children, names, locks, and room in full
        mailboxes.

        Args:
            longer_than: Virtual seconds; who waits no longer is left out.
        """
        if self.waits_ is None:
            return []
        until = trio.current_time() - longer_than
        return [each for each in self.waits_.shown() if each.since <= until]

    def timeline(self) -> str:
        """Return what happened as text, one lane a child."""
        return timeline(self.events, self.hits, self.problems)


class Unassumed(Exception):
    """Raised by `assume` to leave a run that is of no interest."""


present_world: ContextVar[World | None] = ContextVar("present_world", default=None)
"""The run that a task belongs to, children and clients included."""


def assume(condition: object) -> None:
    """Give up the present run, without a verdict, unless a condition holds.

    For use in `build_tree`, in a client, in invariants and in children. The run is
    neither a success nor a failure; `check_supervision` draws another one.

    Args:
        condition: Anything true or false.

    Raises:
        Unassumed: it is false. Let it pass.
    """
    if condition:
        return
    world = present_world.get()
    if world is not None:
        world.assumed = False
    raise Unassumed("an assumption does not hold: this run counts for nothing")


def _is_spec(value: object) -> TypeGuard[ChildSpec[Any]]:
    return isinstance(value, ChildSpec)


def unpack(built: object) -> tuple[ChildSpec[Supervisor], Any]:
    """Return the root's specification and the rest of what `build_tree` returned.

    Raises:
        TypeError: it returned something else.
    """
    app: Any = None
    if inspect.iscoroutine(built):
        name = built.__qualname__
        built.close()  # or Python would complain of it, too, and later
        raise TypeError(
            f"build_tree must not be async, and {name!r} is; what takes time belongs "
            "into the children, or into client="
        )
    if isinstance(built, tuple):
        parts = cast("tuple[object, ...]", built)
        built, app = parts if len(parts) == 2 else (parts, None)
    if isinstance(built, list):
        return supervisor(cast("list[ChildSpec[Any]]", built), id="root"), app
    if not _is_spec(built):
        raise TypeError(
            "build_tree() must return a spec, a list of specs, or a pair of that and "
            f"an application object; not {built!r}"
        )
    spec = built
    if spec.kind != "supervisor" or spec.target != "supervisor":
        spec = supervisor([spec], id="root")
    return spec, app
