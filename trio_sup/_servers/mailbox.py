"""The mailbox of one server: its queue, and how everybody in it is answered.

A call is answered exactly once, whatever happens to the server.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from itertools import islice

import outcome
from trio.lowlevel import Task, reschedule

from trio_sup._core.errors import NoProcess, ServerExit
from trio_sup._core.exits import Exit
from trio_sup._servers.callbacks import ServerBase
from trio_sup._servers.messages import (
    CastNote,
    InfoNote,
    Item,
    Request,
    StopNote,
    SystemRequest,
    TickNote,
)
from trio_sup._servers.queue import Queue
from trio_sup._servers.shelf import Shelf, sift
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import protected


@protected
class MailQueue(Queue):
    """The queue of one server child, with the ends of its lives."""

    __slots__ = ()

    # What it empties; said again for the checkers, as it is written here, too.
    inbox: list[Item]
    batch: list[Item] | Shelf
    bounded: int
    stops: int
    kept: weakref.ref[Item] | None
    parked: Task | None
    _system: list[SystemRequest] | None
    _deferred: dict[Request, None] | None
    blocked: OrderedDict[Task, CastNote | InfoNote] | None
    server: ServerBase | None
    current: Item | None
    dropped: int

    def leave_state(self, server: ServerBase) -> None:
        """A life ends: keep its state, if the next one is to be given it."""

    def state_left(self) -> tuple[dict[str, object], object] | None:
        """What a former life left: its state, and the version of its class."""

    def state_taken(self) -> None:
        """A life is ready: what a former one left has served its purpose."""

    def request_stop(self) -> None:
        """The supervisor asks: close, and stop behind what is queued already."""
        self.close()
        self.put_stop(StopNote(by_supervisor=True))

    def close(self) -> None:
        """Take no more messages."""
        self.refuse()
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
        return (
            keep
            and exit.kind in ("crashed", "killed")
            and self.record.ending.asked is None
        )

    def fail_current(self, exit: Exit) -> None:
        """Answer the call in hand and the deferred ones: their server ends."""
        item = self.take_current()
        if isinstance(item, Request):
            self._fail(item, exit)
        for request in list(self.deferred):
            self._fail(request, exit)
        self._deferred = None

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

    # Emptied, when a life ends.

    def detach(self) -> None:
        """Forget the object and the task of the life that ended."""
        self.parked = None
        self.server = None

    def take_current(self) -> Item | None:
        """Return the message in hand, which is in hand no longer."""
        item, self.current = self.current, None
        if item is not None:
            self.took(0, gone=1)
        return item

    def take_queued(self) -> list[Item]:
        """Return all that wait in line, in order; none is left."""
        items = [*reversed(self.batch), *self.inbox]
        self.took(len(self.inbox), gone=len(items))
        self.batch, self.inbox = [], []
        self.bounded = self.stops = 0
        return items

    def take_system(self) -> list[SystemRequest]:
        """Return all that wait in the system lane, in order; none is left."""
        system, self._system = self._system, None
        return system or []

    def take_blocked(self) -> list[Task]:
        """Return the senders that wait for room, in order; none is left."""
        blocked, self.blocked = self.blocked, None
        return list(blocked or ())

    def keep_only(self, wanted: Callable[[Item], bool]) -> None:
        """Drop what is not wanted, and every stop; let in whom there is room for.

        What an earlier time has left is not looked at again: a long queue would cost
        its whole length in every crash.
        """
        known = None if self.kept is None else self.kept()
        arrived, before = len(self.inbox), self.depth
        gone, found = sift(self.inbox, known, wanted, newest_last=True)
        if not found:
            batch = self.batch
            if isinstance(batch, Shelf):
                more, _ = batch.sift(known, wanted)
            else:
                more, _ = sift(batch, known, wanted, newest_last=False)
            gone += more
        self.took(arrived - len(self.inbox), gone=before - self.depth)
        self.bounded -= gone
        self.stops = 0
        newest = self.inbox[-1:] or list(islice(self.batch, 1))
        self.kept = weakref.ref(newest[0]) if newest else None
        self.admit_waiting()

    # Seen and emptied by hand, from outside.

    def waiting(self) -> tuple[int, int]:
        """Return how many calls wait, and how many casts and sends."""
        calls = sum(isinstance(item, Request) for item in self._items())
        return calls, self.bounded

    def drain(self) -> tuple[int, int]:
        """Drop all calls, casts and sends that wait; stops and `Down`s stay.

        A call fails with `NoProcess`, for it was not executed. The message in hand is
        not touched, and senders that waited for room get it. No checkpoint.

        Returns:
            How many calls were failed, and how many casts and sends were dropped.
        """
        calls = [item for item in self._items() if isinstance(item, Request)]
        notes = 0
        for item in self._items():
            notes += isinstance(item, CastNote | InfoNote)
            if isinstance(item, TickNote):
                item.waits = False
        arrived, before = len(self.inbox), self.depth
        self.batch = [item for item in self.batch if _stays(item)]
        self.inbox = [item for item in self.inbox if _stays(item)]
        self.took(arrived - len(self.inbox), gone=before - self.depth)
        self.bounded = 0
        self.dropped += notes
        for call in calls:
            call.fail(NoProcess(self.record.path_text, "had its mailbox drained"))
        self.admit_waiting()
        self.record.touch()
        return len(calls), notes

    def _items(self) -> list[Item]:
        return [*self.batch, *self.inbox]


def _stays(item: Item) -> bool:
    return not isinstance(item, Request | CastNote | InfoNote)
