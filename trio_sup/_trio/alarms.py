"""One alarm clock a Trio run: plain callbacks at given times.

A task or a cancel scope for each deadline would cost more than a whole call, so all
deadlines of the library (call timeouts, server timers, graces, backoff) share one
lazily started system task, which ends when no alarm is left. Works under `MockClock`.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from heapq import heappush
from itertools import count
from typing import Any, Protocol

import trio
from trio.lowlevel import RunVar

from trio_sup._trio.log import Log
from trio_sup._trio.protect import protected

_log = Log("trio_sup")


SWEEP_FROM = 128
"""How many alarms there must be before cancelled ones are looked for."""

TURN = 256
"""How many alarms ring before other tasks get a turn."""


class Ringing(Protocol):
    """What an alarm clock keeps: an `Alarm`, or a call that may take so long only."""

    @property
    def task(self) -> Any:
        """Whom or what it is for; None as soon as it need not ring any more.

        The clock looks at it for each alarm: an attribute, where there are many of them.
        """

    def ring(self) -> None:
        """Its time has come; called while it is pending. Must not raise."""


@protected
class Alarm:
    """One pending callback."""

    # No slots: they would make it thrice as expensive to make.

    def __init__(self, at: float, action: Callable[[], object]) -> None:
        self.at: float = at
        # What is to be done; None once it rang or was cancelled.
        self.task: Callable[[], object] | None = action

    @property
    def pending(self) -> bool:
        """Whether it has neither rung nor been cancelled."""
        return self.task is not None

    def cancel(self) -> None:
        """Forget it; harmless if it has rung."""
        self.task = None

    def ring(self) -> None:
        """Its time has come."""
        action, self.task = self.task, None
        if action is not None:
            action()


@protected
class AlarmClock:
    """The alarms of one Trio run."""

    def __init__(self) -> None:
        # Cancelled alarms stay in it until they are swept, or their time comes.
        self._heap: list[tuple[float, int, Ringing]] = []
        self._serials = count()
        # How long the heap may become before it is swept: twice what was pending at
        # the last time, so that the sweeps cost O(1) an alarm.
        self._limit = SWEEP_FROM
        # Until when the task sleeps; infinity if there is none.
        self._next = math.inf
        self._scope: trio.CancelScope | None = None

    def at(self, when: float, action: Callable[[], object]) -> Alarm:
        """Call `action` at `when`, a time of Trio's clock. No checkpoint.

        Actions are the library's own: synchronous, short, and they don't raise.
        """
        alarm = Alarm(when, action)
        if when != math.inf:
            self.add(when, alarm)
        return alarm

    def add(self, when: float, alarm: Ringing) -> None:
        """Let something ring at `when`, if it is still pending then. No checkpoint."""
        heap = self._heap
        heappush(heap, (when, next(self._serials), alarm))
        if len(heap) > self._limit:
            self._sweep()
        if when < self._next:
            self._wake_at(when)

    def _wake_at(self, when: float) -> None:
        if self._next == math.inf:
            trio.lowlevel.spawn_system_task(self._run, name="trio_sup alarms")
        elif self._scope is not None:
            self._scope.deadline = when
        self._next = when

    def _sweep(self) -> None:
        self._heap = [item for item in self._heap if item[2].task is not None]
        heapq.heapify(self._heap)
        self._limit = max(SWEEP_FROM, 2 * len(self._heap))

    async def _run(self) -> None:
        try:
            while self._heap:
                self._next = self._heap[0][0]
                with trio.CancelScope(deadline=self._next) as self._scope:
                    await trio.sleep_forever()
                if not self._scope.cancelled_caught:
                    return  # Can't happen: nothing else ends that sleep.
                self._next = -math.inf  # it is awake: nobody need wake it
                while self._ring(trio.current_time()):
                    await trio.lowlevel.cancel_shielded_checkpoint()
        finally:
            self._scope = None
            self._next = math.inf

    def _ring(self, now: float) -> bool:
        """Ring what is due, so many at most; return whether there may be more."""
        turn = TURN
        # Also what is cancelled and only comes later: it need not wake the task.
        while (heap := self._heap) and (heap[0][0] <= now or heap[0][2].task is None):
            alarm = heapq.heappop(heap)[2]
            if alarm.task is None:
                continue
            try:
                alarm.ring()
            except Exception as error:  # noqa: BLE001 - told in the log
                # An error here would end the whole run as an internal error.
                _log.error(
                    "trio-sup: an alarm failed; please report this", exc_info=error
                )
            turn -= 1
            if not turn:
                return True
        return False


_clock: RunVar[AlarmClock] = RunVar("trio_sup alarm clock")


def alarm_clock() -> AlarmClock:
    """Return the alarm clock of the present Trio run."""
    try:
        return _clock.get()
    except LookupError:
        clock = AlarmClock()
        _clock.set(clock)
        return clock
