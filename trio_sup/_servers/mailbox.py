"""The mailbox of one server: its queue, and how everybody in it is answered.

A call is answered exactly once, whatever happens to the server.
"""

from __future__ import annotations

import outcome
from trio.lowlevel import reschedule

from trio_sup._core.errors import NoProcess, ServerExit
from trio_sup._core.exits import Exit
from trio_sup._servers.messages import CastNote, InfoNote, Item, Request, StopNote
from trio_sup._servers.queue import Queue
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import protected


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
            try:
                reschedule(task, outcome.Error(self.no_process()))
            except Exception as fault:  # noqa: BLE001 - the others wait, too
                report_fault(self.record.path_text, fault)

    def keeps(self, exit: Exit) -> bool:
        """Whether queued messages wait for the next life.

        Only what nobody asked for keeps: a crash, or a start that took too long.
        """
        try:
            keep = self.policy.on_crash == "keep"
        except Exception as fault:  # noqa: BLE001 - a policy class of the user's
            report_fault(self.record.path_text, fault)
            keep = False
        return keep and exit.kind in ("crashed", "killed") and self.record.asked is None

    def fail_current(self, exit: Exit) -> None:
        """Answer the call in hand and the deferred ones: their server ends."""
        item = self.take_current()
        if isinstance(item, Request):
            self._fail(item, exit)
        for request in list(self.deferred):
            self._fail(request, exit)
        self.deferred.clear()

    def fail_queued(self, exit: Exit | None) -> None:
        """Answer all that wait in line."""
        for item in self.take_queued():
            if isinstance(item, Request):
                self._fail(item, exit)

    def fail_system(self, exit: Exit | None) -> None:
        """Answer all that wait in the system lane."""
        for request in self.take_system():
            self._fail(request, exit)

    def _fail(self, request: Request, exit: Exit | None) -> None:
        """Answer one; whatever comes of it, the others have their turn."""
        try:
            request.fail(self._no_answer(exit))
        except Exception as fault:  # noqa: BLE001 - its caller is in another Trio run
            report_fault(self.record.path_text, fault)

    def life_over(self, exit: Exit) -> None:
        """A life has ended: nobody is left without an answer."""
        self.detach()
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
        self._add_to_past()

    def _add_to_past(self) -> None:
        received, handled, dropped = self.record.node.past_messages
        self.record.node.past_messages = (
            received + self.received,
            handled + self.handled,
            dropped + self.dropped,
        )

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
        try:
            error = ServerExit(self.record.path_text, exit)
        except BaseException:  # noqa: BLE001 - the words of its error; all are answered
            error = ServerExit(self.record.path_text, Exit(exit.kind))
            error.exit = exit
        error.__cause__ = exit.error
        return error
