"""What must hold whatever happened, and wherever.

* each life that began has exactly one end, and lives of one child never overlap;
* nobody is left: no child, no name, no root, no message, no caller;
* a static supervisor asks a child to stop only when those after it are down;
* nothing is lost: a Ctrl-C comes out of `trio.run`, a cancellation is caught, an
  exception of a child is told;
* it ends, soon, in virtual time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import trio
from attrs import Factory, define

from tests.supervision.stage import Boom, Stage
from trio_sup import (
    NoProcess,
    RestartLimitExceeded,
    StartFailed,
    SupervisionError,
    SupervisorStopping,
    TaskExit,
)
from trio_sup._children.record import Record
from trio_sup._core import events, exits
from trio_sup.events import LifecycleEvent

ENDS = (
    events.ChildStopped,
    events.ChildCrashed,
    events.ChildStartFailed,
    events.ChildIgnored,
)


class Injected(Exception):
    """What user code raises where a fault makes it."""


@define
class World:
    """One run of the tree, and what became of it."""

    stage: Stage = Factory(Stage)
    order: Mapping[str, Sequence[str]] = Factory(dict[str, Sequence[str]])
    """The children of static supervisors, by path, in start order."""
    seen: list[LifecycleEvent] = Factory(list[LifecycleEvent])
    raised: BaseException | None = None
    cancelled: bool = False
    finished: bool = False
    struck: bool = False
    """Whether the fault happened."""
    left: list[object] = Factory(list[object])
    records: set[Record] = Factory(set[Record])
    """Servers that lived."""
    served: Counter[str] = Factory(Counter[str])
    """How often each message was served."""
    told: Counter[str] = Factory(Counter[str])
    """How often each request ended for who made it."""
    asked: set[str] = Factory(set[str])
    """The requests that were made."""
    injected: Injected | None = None


def has(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether an exception is of a kind, or is a group with such a leaf."""
    return any(isinstance(leaf, kind) for leaf in leaves(error))


def leaves(error: BaseException | None) -> list[BaseException]:
    """The exceptions of a group, or the one."""
    return [] if error is None else list(exits.leaves(error))


def check_laws(world: World, what: str) -> None:
    """Check what must hold whatever happened."""
    assert world.left == [], f"{what}: left over {world.left}"
    assert world.stage.inside == set(), what
    alive: dict[str, int] = {}
    for event in world.seen:
        if isinstance(event, events.ChildStarting):
            assert event.path not in alive, f"{what}: overlapping {event}"
            alive[event.path] = event.life
        elif isinstance(event, ENDS):
            assert alive.pop(event.path, None) == event.life, f"{what}: {event}"
        elif isinstance(event, events.ChildStopping):
            _check_order(event, world, alive, what)
    assert alive == {}, f"{what}: no end of {alive}"
    for record in world.records:
        check_mailbox(record, what)
    twice = [id for id, count in world.served.items() if count > 1]
    assert twice == [], f"{what}: served twice: {twice}"
    assert world.told == Counter(world.asked), f"{what}: {world.asked} {world.told}"


def _check_order(
    event: events.ChildStopping, world: World, alive: Mapping[str, int], what: str
) -> None:
    parent, _, id = event.path.rpartition("/")
    order = world.order.get(parent, [])
    if "terminate_child" in event.reason or id not in order:
        return
    for later in order[order.index(id) + 1 :]:
        path = f"{parent}/{later}"
        assert path not in alive, f"{what}: {event.path} asked before {path} was down"


def check_mailbox(record: Record, what: str) -> None:
    """A server that is gone has nothing in its mailbox, and nobody waits for it."""
    queue = record.mailbox
    assert queue is not None
    left = {
        "batch": queue.batch,
        "inbox": queue.inbox,
        "bounded": queue.bounded,
        "stops": queue.stops,
        "deferred": queue.deferred,
        "blocked": queue.blocked,
        "outgoing": queue.outgoing,
        "system": queue.system,
        "monitors": queue.monitors,
        "current": queue.current,
        "parked": queue.parked,
        "accepting": queue.accepting,
    }
    full = {name: value for name, value in left.items() if value}
    assert full == {}, f"{what}: {record.path_text} has {full}"


def check_outcome(world: World, kind: str, what: str) -> None:
    """Check that the fault itself was not lost, and nothing else came of it."""
    # Requests that were on their way are refused, that is all.
    allowed: tuple[Any, ...] = (
        KeyboardInterrupt,
        SupervisorStopping,
        NoProcess,
        StartFailed,  # where Ctrl-C came inside of a start
        TaskExit,  # of a task that was stopped with the tree
        trio.Cancelled,
    )
    if kind == "raise":
        # The tree may give up, and its user finds it other than expected.
        allowed = (Injected, RestartLimitExceeded, SupervisionError, Boom)
        if world.injected is not None:
            told = any(e is world.injected for e in _everything_told(world))
            assert told, f"{what}: {world.injected!r} is lost"
    elif kind in ("sigint", "twice") and world.struck:
        assert has(world.raised, KeyboardInterrupt), f"{what}: {world.raised!r}"
    if world.raised is None:
        assert world.cancelled or world.finished, what
    strange = [e for e in leaves(world.raised) if not isinstance(e, allowed)]
    assert strange == [], f"{what}: {world.raised!r}"


def _everything_told(world: World) -> Iterator[BaseException]:
    """All exceptions that somebody could learn of."""
    ends = [event for event in world.seen if isinstance(event, ENDS)]
    told = [
        event.exit.error for event in ends if not isinstance(event, events.ChildIgnored)
    ]
    todo: list[BaseException | None] = [world.raised, *told]
    seen: set[int] = set()
    while todo:
        error = todo.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        todo += [error.__cause__, error.__context__]
        todo += [leaf for leaf in leaves(error) if leaf is not error]
