"""Who waits for what, since when, and who holds it."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import trio
from attrs import define, frozen
from trio.lowlevel import Task as TrioTask, current_task

from trio_sup._children.current import current_record
from trio_sup._children.record import Child
from trio_sup._registry.registry import Registry
from trio_sup._servers.messages import Request
from trio_sup._tasks.task import Task
from trio_sup._trio.alarms import AlarmClock
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn

if TYPE_CHECKING:
    from trio_sup._children.record import Record


@frozen
class Waiting:
    """Somebody who waits, as long as he does."""

    who: str
    """The child that waits, or the name of the task."""
    what: str
    """What for."""
    holder: str
    """The child that holds it, or whose end or answer it is; empty if nobody does."""
    since: float
    """Virtual time, in seconds."""

    def __str__(self) -> str:
        held = f", held by {self.holder}" if self.holder else ", which nobody holds"
        return f"{self.who} waits since t={self.since:g} for {self.what}{held}"


@define(eq=False)
class Wait:
    """The same, while it goes on."""

    task: TrioTask
    who: Record | None
    what: str
    whom: Callable[[], Record | None]
    since: float
    for_ever: bool
    """Whether no deadline of the task ends it."""

    def shown(self) -> Waiting:
        """Return it as users see it."""
        holder = self.whom()
        who = self.task.name if self.who is None else self.who.path_text
        held = "" if holder is None else holder.path_text
        return Waiting(who, self.what, held, self.since)


class WaitsModel:
    """All waits of one run that only somebody else can end.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self._broken = broken
        self._waits: dict[Wait, None] = {}
        # Calls, which are told of once, and end by themselves.
        self._calls: dict[Any, Wait] = {}
        self._timed: dict[object, bool] = {}

    @contextmanager
    def waiting(self, what: str, whom: Callable[[], Record | None]) -> Generator[None]:
        """Somebody waits for the length of a block."""
        wait = self._wait(what, whom)
        self._waits[wait] = None
        try:
            yield
        finally:
            del self._waits[wait]

    def _wait(self, what: str, whom: Callable[[], Record | None]) -> Wait:
        now, until = trio.current_time(), trio.current_effective_deadline()
        here = current_record.get()
        return Wait(current_task(), here, what, whom, now, until == math.inf)

    def calls(self, request: Any, target: Record) -> None:
        """A call was put in line."""
        if request.task is current_task():
            what = f"the answer of {request.handler.name}"
            self._calls[request] = wait = self._wait(what, lambda: target)
            if self._timed.pop(request, False):
                wait.for_ever = False

    def times_out(self, request: object) -> None:
        """A call is given up when its time is over."""
        wait = self._calls.get(request)
        if wait is None:
            self._timed[request] = True  # it is about to be put in line
        else:
            wait.for_ever = False

    def all(self) -> Iterator[Wait]:
        """Yield who waits at present."""
        yield from self._waits
        self._calls = {r: w for r, w in self._calls.items() if r.task is not None}
        yield from self._calls.values()

    def shown(self) -> list[Waiting]:
        """Return who waits at present, who waits longest first."""
        return sorted((each.shown() for each in self.all()), key=lambda w: w.since)

    def look_for_rings(self) -> None:
        """Complain of those who wait for each other, and of no time."""
        ways = {wait.task: wait for wait in self.all() if wait.for_ever}
        told: set[TrioTask] = set()
        for start in ways:
            ring = _ring(start, ways)
            if ring and not told.intersection(ring):
                told.update(ring)
                words = "; ".join(str(ways[task].shown()) for task in ring)
                holder = ways[ring[0]].whom()
                name = ring[0].name if holder is None else holder.path_text
                self._broken(laws.RING, name, words)


def _ring(start: TrioTask, ways: dict[TrioTask, Wait]) -> list[TrioTask]:
    """Return those who wait in a ring that a task is part of, if it is."""
    line, here = [start], start
    while here in ways:
        record = ways[here].whom()
        if record is None or record.task is None:
            return []
        here = record.task
        if here is start:
            return line
        if here in line:
            return []
        line.append(here)
    return []


async def wait_task(judge: Any, original: Any, task: Task[Any]) -> Any:
    """Somebody waits for a task."""
    with judge.waits.waiting(f"task {task.path_text}", lambda: task.record):
        return await original(task)


async def wait_name(
    judge: Any, original: Any, registry: Registry, key: Hashable, *kind: Any
) -> Any:
    """Somebody waits for a name."""
    with judge.waits.waiting(f"the name {key!r}", lambda: registry.holder(key)):
        return await original(registry, key, *kind)


async def wait_child(judge: Any, original: Any, handle: Child, *args: Any) -> Any:
    """Somebody waits for the end, or the start, of a child."""
    words = f"{handle.record.path_text}, which is {handle.record.status}"
    with judge.waits.waiting(words, lambda: handle.record):
        return await original(handle, *args)


def set_alarm(
    judge: Any, original: Any, clock: AlarmClock, when: float, alarm: Any
) -> None:
    """Something is to ring: perhaps a call, when its time is over."""
    original(clock, when, alarm)
    if isinstance(alarm, Request):
        judge.waits.times_out(alarm)


STAND_INS = (
    StandIn(AlarmClock, "add", set_alarm),
    StandIn(Task, "wait", wait_task),
    StandIn(Registry, "wait_for", wait_name),
    StandIn(Child, "wait_stopped", wait_child),
    StandIn(Child, "wait_running", wait_child),
    StandIn(Child, "wait_exit", wait_child),
)
