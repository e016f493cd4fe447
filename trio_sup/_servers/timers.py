"""Messages that a server sends to itself later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from trio_sup._core.errors import MailboxFull, NoProcess
from trio_sup._servers.handlers import Handler
from trio_sup._servers.messages import TickNote, TimedNote
from trio_sup._trio.alarms import Alarm, alarm_clock
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from trio_sup._servers.context import ServerContext
    from trio_sup._servers.mailbox import MailQueue
    from trio_sup._servers.messages import InfoNote


@protected
class Timer:
    """A message that a server sends to itself later; ends with the server's life.

    Made by `GenServer.send_after`, `send_info_after` and `every`.
    """

    __slots__ = ("_alarm", "_inner", "_note", "_period")

    def __init__(
        self,
        inner: ServerContext,
        note: TimedNote | InfoNote,
        seconds: float,
        period: float | None = None,
    ) -> None:
        self._inner = inner
        if period is not None:
            assert isinstance(note, TimedNote)
            note = _tick(note)
        self._note: TimedNote | InfoNote = note
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
        record = self._inner.record
        if self._alarm is None or record.life != self._inner.life or not record.alive:
            return 0.0
        return max(0.0, self._alarm.at - trio.current_time())

    def _set(self, due: float) -> None:
        self._alarm = alarm_clock().at(due, lambda: self._ring(due))

    def _ring(self, due: float) -> None:
        self._alarm = None
        record, note = self._inner.record, self._note
        queue: MailQueue | None = record.mailbox
        if queue is None or record.life != self._inner.life or not record.alive:
            return
        tick = note if isinstance(note, TickNote) else None
        if tick is None or not tick.waits:
            try:
                queued = queue.put_note(note)
                if tick is not None:
                    tick.waits = queued
            except MailboxFull:
                queue.dropped += 1
            except NoProcess:
                return  # it is being stopped
        if self._period is not None:
            self._set(due + self._period)


def _tick(note: TimedNote) -> TickNote:
    """Return a cast that notes in its first step that it is in line no more."""
    enter = note.handler.enter

    def begin(server: object, /, *args: object, **kwargs: object) -> Awaitable[object]:
        tick.waits = False
        return enter(server, *args, **kwargs)

    handler = Handler(note.handler.name, begin, (), deferred=False, is_call=False)
    tick = TickNote(handler, note.args, note.kwargs, note.timer_of)
    return tick
