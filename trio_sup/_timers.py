"""Messages that a server sends to itself later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from trio_sup._alarms import Alarm, alarm_clock
from trio_sup._core.errors import MailboxFull, NoProcess
from trio_sup._protect import protected

if TYPE_CHECKING:
    from trio_sup._inner import Inner
    from trio_sup._messages import CastNote, InfoNote


@protected
class Timer:
    """A message that a server sends to itself later; ends with the server's life.

    Made by `GenServer.send_after`, `send_info_after` and `every`.
    """

    __slots__ = ("_alarm", "_inner", "_note", "_period")

    def __init__(
        self,
        inner: Inner,
        note: CastNote | InfoNote,
        seconds: float,
        period: float | None = None,
    ) -> None:
        self._inner = inner
        self._note = note
        self._period = period
        self._alarm: Alarm | None = None
        self._set(trio.current_time() + max(0.0, seconds))

    def cancel(self) -> None:
        """Send nothing (more). A message that is queued already is still served.

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        self._inner.check_if_going("timer.cancel")
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    @property
    def remaining(self) -> float:
        """Seconds until the next message; 0 if there will be none."""
        kid = self._inner.kid
        if self._alarm is None or kid.life != self._inner.life or not kid.alive:
            return 0.0
        return max(0.0, self._alarm.at - trio.current_time())

    def _set(self, due: float) -> None:
        self._alarm = alarm_clock().at(due, lambda: self._ring(due))

    def _ring(self, due: float) -> None:
        self._alarm = None
        kid, note = self._inner.kid, self._note
        queue = kid.mailbox
        if queue is None or kid.life != self._inner.life or not kid.alive:
            return
        if self._period is None or not queue.holds(note):
            try:
                queue.put_note(note)
            except MailboxFull:
                queue.dropped += 1
            except NoProcess:
                return  # it is being stopped
        if self._period is not None:
            self._set(due + self._period)
