"""What must hold: the harness's own invariants, and how users write theirs."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Container, Iterable
from inspect import (
    isasyncgenfunction,
    iscoroutinefunction,
    isgeneratorfunction,
)
from typing import Any, Literal, TypeAlias, cast, overload

import trio
from attrs import frozen

from trio_sup._children.record import Record
from trio_sup._children.refusals import ChildQuarantined, StartFailed, StartIgnored
from trio_sup._core import events
from trio_sup._core.addresses import Via
from trio_sup._core.anatomy import is_a, leaves
from trio_sup._core.errors import (
    MailboxFull,
    MaxChildren,
    NoProcess,
    NoSuchChild,
    RestartLimitExceeded,
    ServerExit,
    SupervisorStopping,
)
from trio_sup._core.exits import Ignore
from trio_sup._registry.registry import Registry
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.messages import CastNote, InfoNote, StopNote
from trio_sup.testing._monitor.facts import ENDS
from trio_sup.testing.world import World

Check: TypeAlias = Callable[[World], object]
When: TypeAlias = Literal["quiet", "end"]

CONSEQUENCES: tuple[type[BaseException], ...] = (
    ChildQuarantined,
    MailboxFull,
    MaxChildren,
    NoProcess,
    NoSuchChild,
    RestartLimitExceeded,
    ServerExit,
    StartFailed,
    StartIgnored,
    SupervisorStopping,
    trio.TooSlowError,
)
"""What may reach a child because another one is down: no error of its own."""


@frozen
class Invariant:
    """A named check; made by `invariant`, `eventually` and `survives`."""

    name: str
    check: Callable[[World], Any]
    when: Literal["quiet", "end", "eventually"] = "end"
    within: float = 0.0
    source: str = ""
    """Source text that makes an equal one, where the name alone does not."""

    def __call__(self, world: World) -> object:
        """Run the check."""
        result: object = self.check(world)
        return result


@overload
def invariant(check: Check, /) -> Invariant: ...
@overload
def invariant(*, when: When) -> Callable[[Check], Invariant]: ...
def invariant(check: Check | None = None, /, *, when: When = "end") -> Any:
    """Make a function of the `World` an invariant.

    It fails by raising, or by returning False. A plain function given to the harness
    counts as one that is checked at the end.

    Args:
        check: The function; must neither block nor be async.
        when: ``end``: once, after the tree has stopped. ``quiet``: while the tree
            runs, each time nothing more happens by itself.
    """
    if when not in ("quiet", "end"):
        raise ValueError(f"when must be 'quiet' or 'end', not {when!r}")

    def make(function: Check) -> Invariant:
        return Invariant(_name_of(function), _plain(function), when)

    return make if check is None else make(check)


def eventually(
    check: Callable[[World], object | Awaitable[object]],
    *,
    within: float,
    name: str | None = None,
) -> Invariant:
    """Demand that something becomes true soon after the last fault, and stays so.

    The time begins when the last fault that hit is over: when a slow child is slow no
    more, a deaf one deaf no more. From its end to the end of the run the check has to
    be true whenever nothing more happens; if it asks the tree, at the beginning and at
    the end of that. What it raises counts as false. A run goes on until that is known:
    with much time (``within=600``) until it is true, at least half of its `duration`
    after the last fault. Not demanded of a tree that is down because it gave up or was
    cut.

    Args:
        check: A function of the `World`, or an async one, which may call servers.
        within: Virtual seconds.
        name: What to call it; by default the function's name.

    Raises:
        TypeError: `check` is no function.
        ValueError: `within` is negative.
    """
    if not callable(check):
        raise TypeError(f"eventually takes a function of the World, not {check!r}")
    if not within >= 0:
        raise ValueError(f"within must be a number of seconds from 0 on: {within!r}")
    shown = name or _name_of(check)
    source = f"eventually({_name_of(check)}, within={within:g})"
    return Invariant(shown, check, "eventually", within, source)


def nobody_waits(within: float) -> Invariant:
    """Demand that nobody waits long for what only another can give.

    After the last fault no call, no task, no lock, no name, no end of a child and no
    room in a mailbox may be waited for any longer than so many seconds; who waits, and
    who holds what he waits for, is in the failure. For trees in which nobody waits for
    long on purpose, as for a call that is answered much later.

    Args:
        within: Virtual seconds.

    Raises:
        ValueError: `within` is negative.
    """

    def check(world: World) -> None:
        found = world.waiting(longer_than=within)
        if found:
            raise AssertionError("; ".join(map(str, found)))

    shown = f"nobody_waits(within={within:g})"
    made = eventually(check, within=within, name=shown)
    return Invariant(shown, made.check, "eventually", within, shown)


def survives(faults: int) -> Invariant:
    """Demand that the tree does not give up over so few crashes.

    A single crash should not take the whole program down: if it does, a crash drags
    others with it, or a limit is too tight.

    Args:
        faults: How many faults it must outlive, if they hit after it started.

    Raises:
        ValueError: `faults` is no whole number above 0: nothing would be demanded.
    """
    if not _is_count(faults):
        raise ValueError(f"survives takes a whole number above 0, not {faults!r}")

    def check(world: World) -> None:
        real = [hit for hit in world.hits if not hit.missed]
        if world.outcome == "gave_up" and len(real) <= faults:
            many = "1 fault" if len(real) == 1 else f"{len(real)} faults"
            raise AssertionError(f"gave up after {many}: {world.error}")

    return Invariant(f"survives({faults})", check, source=f"survives({faults})")


def _is_count(given: object) -> bool:
    return isinstance(given, int) and given > 0


def _name_of(function: Callable[..., object]) -> str:
    return str(getattr(function, "__name__", repr(function)))


def as_invariants(given: Iterable[Invariant | Check]) -> list[Invariant]:
    """Return invariants as such; plain functions are checked at the end.

    Raises:
        TypeError: one is no function, an async one, or a generator.
    """
    __tracebackhide__ = True
    return [
        each if isinstance(each, Invariant) else Invariant(_name_of(each), _plain(each))
        for each in given
    ]


def _plain(check: Check) -> Check:
    __tracebackhide__ = True
    if not callable(check):
        raise TypeError(f"an invariant is a function of the World, not {check!r}")
    if iscoroutinefunction(check):
        name = _name_of(check)
        raise TypeError(
            f"an invariant must not be async, and {name!r} is; "
            f"eventually({name}, within=...) takes async functions"
        )
    if isgeneratorfunction(check) or isasyncgenfunction(check):
        raise TypeError(f"{_name_of(check)!r} has a yield in it, and would never run")
    return check


# The harness's own.

_WITH_EXIT = (events.ChildCrashed, events.ChildStartFailed, events.ChildStopped)


def errors_of_ends(world: World) -> list[tuple[float, str, BaseException]]:
    """Return the errors that lives ended by: when, whose, and what."""
    return [
        (event.at, event.path, event.exit.error)
        for event in world.events
        if isinstance(event, _WITH_EXIT) and event.exit.error is not None
    ]


def unexpected_crashes(
    world: World,
    made: Iterable[BaseException],
    allow: tuple[type[BaseException], ...],
) -> list[tuple[float, str, BaseException]]:
    """Return the errors of children that no fault explains: errors never hide."""
    known = {id(error) for error in made}
    consequences = CONSEQUENCES if world.disturbed else ()

    def explained(error: BaseException) -> bool:
        for leaf in leaves(error):
            if is_a(leaf, (*allow, *consequences, Ignore, RestartLimitExceeded)):
                continue
            if not stems_from(leaf, known):
                return False
        return True

    found = [
        (at, path, error)
        for at, path, error in errors_of_ends(world)
        if not explained(error)
    ]
    told_of = {id(error) for _, _, error in found}
    return [each for each in found if not _only_passes_on(each[2], told_of)]


def stems_from(error: BaseException, known: Container[int]) -> bool:
    """Whether an error is one of those with these ids, or was raised because of one.

    Trio itself raises anew what it takes out of a group, with the group as the cause.
    """
    cause: BaseException | None = error
    while cause is not None:
        if any(id(leaf) in known for leaf in leaves(cause)):
            return True
        cause = cause.__cause__
    return False


def _only_passes_on(error: BaseException, told_of: set[int]) -> bool:
    """Whether an error is the news of somebody else's that is told of by itself."""
    if not isinstance(error, CONSEQUENCES):
        return False
    cause = error.__cause__
    while cause is not None and id(cause) not in told_of:
        cause = cause.__cause__
    return cause is not None


def one_end_a_life(world: World) -> list[str]:
    """Return what is wrong with the beginnings and ends of lives."""
    wrong: list[str] = []
    open_: dict[str, int] = {}
    for event in world.events:
        kind, path = event.kind, world.name_of(event.path)
        if kind == "child_starting":
            if path in open_:
                wrong.append(
                    f"{path}: life {event.life} began before life "
                    f"{open_[path]} had ended"
                )
            open_[path] = event.life
        elif kind in ENDS and open_.pop(path, None) != event.life:
            wrong.append(f"{path}: life {event.life} ended twice")
    wrong += [f"{path}: life {life} never ended" for path, life in open_.items()]
    return wrong


def registry_problems(world: World) -> list[str]:
    """Return where the node's registry and the living children differ."""
    wrong: list[str] = []
    for entry in world.node.registry.select():
        record = entry.handle.record
        if not record.alive:
            wrong.append(
                f"{entry.key!r} names {record.path_text}, which is {record.status}"
            )
    for record in world.records_:
        named = record.running and record.spec.name is not None
        if named and _holder(record) != record.handle:
            wrong.append(f"{record.path_text} runs, but its name finds it not")
    return wrong


def _holder(record: Record) -> object:
    """Return who is found under the name of a child's specification."""
    name = record.spec.name
    if not isinstance(name, Via):
        return cast(Registry, record.node.registry).get(name)
    return cast(Registry, name.registry).get(name.key)


def graces_left(world: World) -> list[str]:
    """Return who was asked to end and is not cancelled."""
    return [
        f"{record.path_text} still has its grace"
        for record in world.records_
        if record.spec.kind in ("task", "server")
        and record.scope is not None
        and record.asked is not None
        and not (record.scope.cancel_called or record.ending.returned)
    ]


def mailbox_problems(world: World) -> list[str]:
    """Return where the counts of a mailbox do not add up."""
    wrong: list[str] = []
    for record in world.records_:
        queue: MailQueue | None = record.mailbox
        if queue is None:
            continue
        bounded = stops = 0
        for item in (*queue.batch, *queue.inbox):
            if isinstance(item, StopNote):
                stops += 1
            elif isinstance(item, CastNote | InfoNote):
                bounded += 1
        if (bounded, stops) != (queue.bounded, queue.stops):
            wrong.append(
                f"{record.path_text}: {bounded} messages and {stops} stops wait, "
                f"counted are {queue.bounded} and {queue.stops}"
            )
        if queue.capacity != math.inf and bounded > queue.capacity:
            wrong.append(
                f"{record.path_text}: {bounded} messages, {queue.capacity:g} fit"
            )
        busy = 1 if queue.current is not None else 0
        known = queue.handled + queue.depth + busy
        if queue.policy.on_crash == "fail" and known > queue.received:
            wrong.append(
                f"{record.path_text}: {queue.received} messages came, but {known} "
                "are handled or wait"
            )
    return wrong
