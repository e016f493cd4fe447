"""One alarm clock a Trio run: plain callbacks at given times.

A task or a cancel scope for each deadline would cost more than a whole call, so all
deadlines of the library (call timeouts, server timers, graces, backoff) share one
lazily started system task, which ends when no alarm is left. Works under `MockClock`.
"""

from __future__ import annotations

import heapq
import logging
import math
from collections.abc import Callable

import trio
from trio.lowlevel import RunVar

from trio_sup._protect import protected

_logger = logging.getLogger("trio_sup")


@protected
class Alarm:
    """One pending callback."""

    __slots__ = ("_clock", "action", "at")

    def __init__(
        self, clock: AlarmClock, at: float, action: Callable[[], object]
    ) -> None:
        self._clock = clock
        self.at: float = at
        # None once it rang or was cancelled.
        self.action: Callable[[], object] | None = action

    @property
    def pending(self) -> bool:
        """Whether it has neither rung nor been cancelled."""
        return self.action is not None

    def cancel(self) -> None:
        """Forget it; harmless if it has rung."""
        if self.action is not None:
            self.action = None
            if self.at != math.inf:
                self._clock.forget()


@protected
class AlarmClock:
    """The alarms of one Trio run."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Alarm]] = []
        self._serial = 0
        # How many alarms in the heap were cancelled; they are swept lazily.
        self._dead = 0
        self._scope: trio.CancelScope | None = None

    def at(self, when: float, action: Callable[[], object]) -> Alarm:
        """Call `action` at `when`, a time of Trio's clock. No checkpoint.

        Actions are the library's own: synchronous, short, and they don't raise.
        """
        alarm = Alarm(self, when, action)
        if when == math.inf:
            return alarm
        self._serial += 1
        heapq.heappush(self._heap, (when, self._serial, alarm))
        if self._scope is None:
            self._scope = trio.CancelScope()
            trio.lowlevel.spawn_system_task(self._run, name="trio_sup alarms")
        elif when < self._scope.deadline:
            self._scope.deadline = when
        return alarm

    def forget(self) -> None:
        """Note that an alarm was cancelled; sweep when most of them are."""
        self._dead += 1
        if self._dead > 64 and self._dead * 2 > len(self._heap):
            self._heap = [item for item in self._heap if item[2].pending]
            heapq.heapify(self._heap)
            self._dead = 0

    async def _run(self) -> None:
        try:
            while self._heap:
                with trio.CancelScope(deadline=self._heap[0][0]) as self._scope:
                    await trio.sleep_forever()
                if not self._scope.cancelled_caught:
                    return  # Can't happen: nothing else ends that sleep.
                self._ring(trio.current_time())
        finally:
            self._scope = None

    def _ring(self, now: float) -> None:
        heap = self._heap
        while heap and heap[0][0] <= now:
            alarm = heapq.heappop(heap)[2]
            action, alarm.action = alarm.action, None
            if action is None:
                self._dead -= 1
                continue
            try:
                action()
            except Exception:
                # An error here would end the whole run as an internal error.
                _logger.exception("trio-sup: an alarm failed; please report this")
            heap = self._heap


_clock: RunVar[AlarmClock] = RunVar("trio_sup alarm clock")


def alarm_clock() -> AlarmClock:
    """Return the alarm clock of the present Trio run."""
    try:
        return _clock.get()
    except LookupError:
        clock = AlarmClock()
        _clock.set(clock)
        return clock
