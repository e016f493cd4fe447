"""The mailbox of one server: its queue, and how everybody in it is answered.

A call is answered exactly once, whatever happens to the server.
"""

from __future__ import annotations

import outcome
from trio.lowlevel import reschedule

from trio_sup._core.errors import NoProcess, ServerExit
from trio_sup._core.exits import Exit
from trio_sup._messages import CastNote, InfoNote, Item, Request, StopNote
from trio_sup._protect import protected
from trio_sup._queue import Queue


@protected
class MailQueue(Queue):
    """The queue of one server child, with the ends of its lives."""

    __slots__ = ()

    def request_stop(self) -> None:
        """The supervisor asks: close, and stop behind what is queued already."""
        self.close()
        self.put_stop(StopNote(by_supervisor=True))

    def close(self) -> None:
        """Take no more messages."""
        self._open_to = 0
        for task in self.take_blocked():
            reschedule(task, outcome.Error(self.no_process()))

    def keeps(self, exit: Exit) -> bool:
        """Whether queued messages wait for the next life.

        Only what nobody asked for keeps: a crash, or a start that took too long.
        """
        return (
            self.policy.on_crash == "keep"
            and exit.kind in ("crashed", "killed")
            and self.kid.asked is None
        )

    def fail_current(self, exit: Exit) -> None:
        """Answer the call in hand and the deferred ones: their server ends."""
        item = self.take_current()
        if isinstance(item, Request):
            item.fail(self._server_exit(exit))
        for request in list(self.deferred):
            request.fail(self._server_exit(exit))
        self.deferred.clear()

    def fail_queued(self, exit: Exit | None) -> None:
        """Answer all that wait in line."""
        for item in self.take_queued():
            if isinstance(item, Request):
                item.fail(self._no_answer(exit))

    def fail_system(self, exit: Exit | None) -> None:
        """Answer all that wait in the system lane."""
        for request in self.take_system():
            request.fail(self._no_answer(exit))

    def life_over(self, exit: Exit) -> None:
        """A life has ended: nobody is left without an answer."""
        self.detach()
        received, handled, dropped = self.kid.node.past_messages
        self.kid.node.past_messages = (
            received + self.received,
            handled + self.handled,
            dropped + self.dropped,
        )
        self.fail_current(exit)
        self.fail_system(exit)
        for monitor in list(self.monitors):
            monitor.cancel()
        if self.keeps(exit):
            self.accept()
            self._drop_own()
        else:
            self.close()
            self.fail_queued(exit)

    def _drop_own(self) -> None:
        """Forget what belonged to the life that ended: stops, timers, monitors."""

        def goes_on(item: Item) -> bool:
            if isinstance(item, CastNote | InfoNote):
                return not item.timer_of
            return isinstance(item, Request)

        self.keep_only(goes_on)

    def no_next_life(self, exit: Exit | None) -> None:
        """No life will come: what was kept for it is answered now."""
        self.close()
        self.fail_queued(exit)

    def _no_answer(self, exit: Exit | None) -> NoProcess | ServerExit:
        return self.no_process() if exit is None else self._server_exit(exit)

    def _server_exit(self, exit: Exit) -> ServerExit:
        error = ServerExit(self.kid.path_text, exit)
        error.__cause__ = exit.error
        return error
