"""The handle of a server: call, cast, send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, ParamSpec, Self, TypeVar

import trio
from attrs import frozen
from trio.lowlevel import current_task, wait_task_rescheduled

from trio_sup._alarms import alarm_clock
from trio_sup._child import Child
from trio_sup._core.errors import MailboxFull, NoProcess, WouldDeadlock
from trio_sup._core.exits import Exit
from trio_sup._current import current_kid
from trio_sup._mailbox import CastNote, InfoNote, Request, StopNote
from trio_sup._ops import Call, Cast, Handler, Operation
from trio_sup._wake import Waiters

if TYPE_CHECKING:
    from trio_sup._kid import Kid
    from trio_sup._server import GenServer

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="GenServer")
S_co = TypeVar("S_co", bound="GenServer", covariant=True)


@frozen
class ServerStatistics:
    """The counters of a server's present life."""

    mailbox: int
    """Messages waiting."""
    capacity: float
    """The bound for casts and sends."""
    peak: int
    """The highest number of waiting messages."""
    received: int
    """Messages queued."""
    handled: int
    """Messages whose handler has ended."""
    dropped: int
    """Messages forgotten because the mailbox was full."""


class ServerRef(Child, Generic[S_co]):
    """A server of class `S_co`, across its lives.

    `NoProcess` guarantees that a request was not executed; `ServerExit` does not.
    """

    __slots__ = ("_expires", "_patient", "_timeout")
    _expires: bool
    _patient: bool
    _timeout: float | None

    @classmethod
    def _create(cls, kid: Kid) -> Self:
        self = super()._create(kid)
        self._timeout = None
        self._patient = False
        self._expires = False
        return self

    def _view(
        self,
        *,
        timeout: float | None = None,
        patient: bool = False,
        expires: bool = False,
    ) -> Self:
        view = type(self)._create(self.kid)
        view._timeout = self._timeout if timeout is None else timeout
        view._patient = self._patient or patient
        view._expires = self._expires or expires
        return view

    def with_timeout(self, seconds: float) -> Self:
        """Return a view whose calls raise `trio.TooSlowError` after `seconds`.

        A tenth of the cost of `trio.fail_after`. The request is still executed if
        it was queued: see `expiring`.
        """
        return self._view(timeout=seconds)

    def expiring(self, seconds: float) -> Self:
        """Return a view as `with_timeout`, whose late requests are withdrawn.

        A request that is still queued when its time is over, or when its caller is
        cancelled, is not executed.
        """
        return self._view(timeout=seconds, expires=True)

    def when_running(self) -> Self:
        """Return a view whose calls wait while the server is between lives.

        They raise `NoProcess` only when it will never run again by itself.
        """
        return self._view(patient=True)

    async def call(
        self: ServerRef[S], op: Call[S, P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Ask the server and wait for its answer.

        Without a deadline of its own: put it under `trio.fail_after`, or use
        `with_timeout`. A caller that is cancelled does not withdraw its request. A
        checkpoint, unless it raises `NoProcess`. (Checklist GS-022..031)

        Raises:
            NoProcess: the server does not run; the request was not executed.
            ServerExit: it ended before it answered; its crash is the cause.
            WouldDeadlock: a server calls itself.
            trio.TooSlowError: on a view with a timeout.
            Exception: what the operation declares in ``@call(raises=...)``.
        """
        kid = self.kid
        queue = kid.mailbox
        assert queue is not None
        if self._patient:
            await self.wait_running()
        handler = self._handler(op)
        if current_kid.get() is kid:
            raise WouldDeadlock(
                f"{kid.path_text!r} calls itself ({op.qualname}): it cannot answer "
                "while it waits; call the method directly"
            )
        request = Request(current_task(), handler, args, kwargs)
        if self._timeout is not None:
            request.expires = self._expires
            at = trio.current_time() + self._timeout
            request.alarm = alarm_clock().at(at, request.time_out)
        try:
            queue.put_call(request)
        except NoProcess:
            request.abort(None)
            raise
        result: R = await wait_task_rescheduled(request.abort)
        return result

    def cast(
        self: ServerRef[S], op: Cast[S, P], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Send an operation and go on. Never blocks, no checkpoint.

        Raises:
            NoProcess: the server does not run.
            MailboxFull: no room (unless the mailbox drops instead).
        """
        queue = self.kid.mailbox
        assert queue is not None
        queue.put_note(CastNote(self._handler(op), args, kwargs))

    async def cast_wait(
        self: ServerRef[S], op: Cast[S, P], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Send an operation, waiting for room if the mailbox is full. A checkpoint.

        Raises:
            NoProcess: the server does not run (any more).
        """
        note = CastNote(self._handler(op), args, kwargs)
        await trio.lowlevel.checkpoint()
        await _put_waiting(self.kid, note)

    def try_cast(
        self: ServerRef[S], op: Cast[S, P], *args: P.args, **kwargs: P.kwargs
    ) -> bool:
        """Send an operation; return whether it was queued. Never raises for that."""
        try:
            self.cast(op, *args, **kwargs)
        except (NoProcess, MailboxFull):
            return False
        return True

    def send(self, message: object) -> None:
        """Send any object to `handle_info`. Never blocks, no checkpoint.

        Raises:
            NoProcess: the server does not run.
            MailboxFull: no room (unless the mailbox drops instead).
        """
        queue = self.kid.mailbox
        assert queue is not None
        queue.put_note(InfoNote(message))

    async def stop(self, reason: object = None) -> Exit:
        """Stop the present life behind what is queued, and return how it ended.

        As `raise Stop(reason)` inside: ``normal`` without a reason, ``shutdown``
        with one. The supervisor then decides by the restart type; to take a server
        down for good use `terminate_child`. A checkpoint. (GS-068..070)

        Raises:
            NoProcess: it does not run.
            WouldDeadlock: asked by the server itself; `raise Stop` instead.
        """
        kid = self.kid
        queue = kid.mailbox
        assert queue is not None
        if current_kid.get() is kid:
            raise WouldDeadlock(f"{kid.path_text!r} cannot wait for its own end")
        if not queue.accepting:
            raise queue.no_process()
        life = kid.life
        queue.put_stop(StopNote(reason))
        return await self.wait_exit(life)

    def mailbox_statistics(self) -> ServerStatistics:
        """Return the counters of the present life. No checkpoint."""
        queue = self.kid.mailbox
        assert queue is not None
        return ServerStatistics(
            queue.depth,
            queue.capacity,
            queue.peak,
            queue.received,
            queue.handled,
            queue.dropped,
        )

    def _handler(self, op: Operation) -> Handler:
        handlers: dict[Operation, Handler] = self.kid.spec.target.__handlers__
        try:
            return handlers[op]
        except KeyError:
            raise TypeError(
                f"{self.path_text!r} is a {self.kid.target_name}, "
                f"which has no operation {op!r}"
            ) from None


async def _put_waiting(kid: Kid, note: CastNote | InfoNote) -> None:
    queue = kid.mailbox
    assert queue is not None
    while queue.full and queue.policy.when_full == "reject" and queue.accepting:
        if queue.room is None:
            queue.room = Waiters()
        await queue.room.wait()
    queue.put_note(note)
