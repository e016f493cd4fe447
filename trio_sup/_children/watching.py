"""Monitors: hearing of the ends of children (checklist MON-001..005).

A monitor stays with the child over its restarts: one `Down` for the end of each
life, or a single one for the end without return.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Literal, TypeAlias

import trio
from attrs import frozen
from trio.lowlevel import enable_ki_protection

from trio_sup._core.errors import NoProcess
from trio_sup._core.exits import NOPROC, Exit
from trio_sup._trio.alarms import alarm_clock
from trio_sup._trio.blocks import async_block
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record

Until: TypeAlias = Literal["life", "stopped"]


@frozen
class Down:
    """A life that was watched has ended."""

    target: Child
    """The handle of the child."""
    life: int
    """The number of the life; 0 if nobody held the address that was watched."""
    exit: Exit
    """How it ended; kind ``noproc`` if it was down before anybody watched."""


@protected
class Watch:
    """Somebody who wants to hear of the ends of one child."""

    __slots__ = ("_record", "_target", "_until")

    def __init__(self, target: Child, until: Until) -> None:
        if until not in ("life", "stopped"):
            raise ValueError(f"until must be 'life' or 'stopped', not {until!r}")
        self._target = target
        # An address means who holds it now, if anybody does (MON-004).
        self._record: Record | None = _holder(target)
        self._until: Until = until

    @property
    def target(self) -> Child:
        """The child; an address that nobody held is itself."""
        return self._target if self._record is None else self._record.handle

    @property
    def until(self) -> Until:
        """Which ends it hears of."""
        return self._until

    def begin(self) -> None:
        """Watch from now on; a child that is down already is reported at once."""
        record = self._record
        if record is None:
            self.deliver(Down(self._target, 0, NOPROC))
            self.over()
            return
        record.node.home.check("monitor", record.path_text)
        if self._until == "stopped":
            down = not record.may_return
        else:
            down = not record.alive and record.status != "starting"
        if down:
            self.deliver(Down(record.handle, record.life, NOPROC))
        if record.status == "gone" or (down and self._until == "stopped"):
            self.over()
            return
        if record.watchers is None:
            record.watchers = Watchers(record)
        record.watchers.add(self)

    def end(self) -> None:
        """Watch no more."""
        if self._record is not None and self._record.watchers is not None:
            self._record.watchers.discard(self)

    def deliver(self, down: Down) -> None:
        """Take one end. Synchronous; must not raise."""
        raise NotImplementedError

    def over(self) -> None:
        """No further end will come."""


def _holder(target: Child) -> Record | None:
    try:
        return target.record
    except NoProcess:
        return None


@protected
class Watchers:
    """Those who watch one child."""

    __slots__ = ("_lives", "_looking", "_record", "_watches")

    def __init__(self, record: Record) -> None:
        self._record = record
        self._watches: dict[Watch, None] = {}
        # Those who hear of each life: a restart does not concern the others.
        self._lives: dict[Watch, None] = {}
        self._looking = False

    def add(self, watch: Watch) -> None:
        """Tell one more."""
        self._watches[watch] = None
        if watch.until == "life":
            self._lives[watch] = None

    def discard(self, watch: Watch) -> None:
        """Tell one less."""
        self._watches.pop(watch, None)
        self._lives.pop(watch, None)

    def all(self) -> list[Watch]:
        """Return those who watch."""
        return list(self._watches)

    def life_over(self, exit: Exit) -> None:
        """A life has ended."""
        record = self._record
        down = Down(record.handle, record.life, exit)
        for watch in list(self._lives):
            _tell(watch, down)

    def changed(self) -> None:
        """Something about the child changed: perhaps it will never return.

        What is decided in this very step is not known yet; so look in the next.
        """
        if self._watches and not self._looking and not self._record.may_return:
            self._looking = True
            alarm_clock().at(trio.current_time(), self._look)

    def _look(self) -> None:
        self._looking = False
        record = self._record
        if record.may_return:
            return
        down = Down(record.handle, record.life, record.last_exit or NOPROC)
        for watch in list(self._watches):
            if watch.until == "stopped":
                _tell(watch, down)
            if watch.until == "stopped" or record.status == "gone":
                self.discard(watch)
                watch.over()


def _tell(watch: Watch, down: Down) -> None:
    try:
        watch.deliver(down)
    except Exception as fault:  # noqa: BLE001 - the others are told, too
        report_fault(down.target.path_text, fault)


@protected
class Exits(Watch):
    """The ends of a child as an async iterator of `Down`; see `monitor`."""

    __slots__ = ("_downs", "_over", "_waiters", "dropped")

    def __init__(self, target: Child, until: Until, capacity: int) -> None:
        super().__init__(target, until)
        self._downs: deque[Down] = deque(maxlen=capacity)
        self._waiters = Waiters()
        self._over = False
        self.dropped: int = 0
        """How many were forgotten, oldest first, as nobody took them."""

    def deliver(self, down: Down) -> None:
        """Keep it until somebody takes it."""
        if len(self._downs) == self._downs.maxlen:
            self.dropped += 1
        self._downs.append(down)
        self._waiters.wake()

    def over(self) -> None:
        """Let the iteration end."""
        self._over = True
        self._waiters.wake()

    def __aiter__(self) -> Exits:
        return self

    async def __anext__(self) -> Down:
        if self._record is not None:
            home = self._record.node.home
            home.check_if_going("exits.__anext__", self._record.path_text, waits=True)
        await trio.lowlevel.checkpoint()
        while not self._downs:
            if self._over:
                raise StopAsyncIteration
            await self._waiters.wait()
        return self._downs.popleft()


@async_block
@enable_ki_protection
async def monitor(
    target: Child, *, until: Until = "life", capacity: int = 1024
) -> AsyncGenerator[Exits, None]:
    """Watch a child from any task, for the length of an ``async with`` block.

    Iterate over `exits` for a `Down` at the end of each life; the iteration ends
    when no further one can come: the child is gone, or after the only one with
    ``until="stopped"``. A child that is down already yields one at once, with an
    exit of kind ``noproc``. Inside a server use `GenServer.monitor`.

    Args:
        target: Any handle. An address (`Registry.ref`) means who holds it now; if
            nobody does, one `Down` of life 0 with kind ``noproc`` is all.
        until: ``life`` for each end, ``stopped`` for the end without return.
        capacity: How many may wait; then the oldest is dropped and counted.

    Raises:
        WrongRun: the child is part of another Trio run.
    """
    exits = Exits(target, until, capacity)
    exits.begin()
    try:
        yield exits
    finally:
        exits.end()
        exits.over()
