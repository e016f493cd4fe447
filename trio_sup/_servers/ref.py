"""The handle of a server: call, cast, send."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

import trio
from trio.lowlevel import Task, current_task, wait_task_rescheduled

from trio_sup._children.current import current_record
from trio_sup._core.errors import MailboxFull, NoProcess, WouldDeadlock
from trio_sup._core.exits import Exit
from trio_sup._servers.asking import Asking, View
from trio_sup._servers.handlers import Handler, Operation, fitting, system_handler
from trio_sup._servers.messages import (
    InfoNote,
    Request,
    StopNote,
    SystemRequest,
    TiedRequest,
    note_of,
)
from trio_sup._servers.operations import Call, Cast
from trio_sup._servers.rings import is_part_of, note_wait, waiting_for
from trio_sup._servers.state import state_of
from trio_sup._servers.system import (
    ServerStatistics,
    ServerStatus,
    change_state,
    set_suspended,
    statistics_of,
    status_of,
)
from trio_sup._servers.trace import TraceHook, log_trace
from trio_sup._servers.waiting import answer_in_time
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.mailbox import MailQueue

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
S = TypeVar("S", bound="ServerBase")
S_co = TypeVar("S_co", bound="ServerBase", covariant=True)


@protected
class ServerRef(Asking[S_co]):
    """A server of class `S_co`, across its lives.

    `NoProcess` guarantees that a request was not executed; `ServerExit` does not.
    """

    __slots__ = ()

    @classmethod
    def _create(cls, record: Record) -> Self:
        self = super()._create(record)
        self.view = None
        return self

    def _same(self) -> Self:
        """Return another handle of the same server."""
        return type(self)._create(self.record)

    def _view(
        self,
        *,
        timeout: float | None = None,
        patient: bool = False,
        expires: bool = False,
    ) -> Self:
        here, view = self.view, self._same()
        if here is not None:
            timeout = here.timeout if timeout is None else timeout
            patient, expires = here.patient or patient, here.expires or expires
        view.view = View(timeout, patient=patient, expires=expires)
        return view

    def with_timeout(self, seconds: float) -> Self:
        """Return a view whose calls raise `trio.TooSlowError` after `seconds`.

        A tenth of the cost of `trio.fail_after`. The request is still executed if
        it was queued: see `expiring`.

        Raises:
            ValueError: `seconds` is not a number from 0 on.
        """
        return self._view(timeout=_checked(seconds))

    def expiring(self, seconds: float) -> Self:
        """Return a view as `with_timeout`, whose late requests are withdrawn.

        What is still queued when its time is over, or its caller cancelled, is not
        executed.
        """
        return self._view(timeout=_checked(seconds), expires=True)

    def when_running(self) -> Self:
        """Return a view whose calls wait while the server is between lives.

        They raise `NoProcess` only when it will never run again by itself.
        """
        return self._view(patient=True)

    async def call_with_care(
        self, op: Call[Any, ..., Any], args: tuple[object, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As `call`, whatever there is to look at; not for users."""
        view = self.view
        until = math.inf if view is None else self.deadline()
        if view is not None and view.patient and self.must_wait():
            await self.wait_patiently(until)
        record = self.record  # now: an address may have another holder by now
        handler = self.handler(op, args, kwargs)
        try:
            task = current_task()
        except RuntimeError:
            self.check_run("ref.call")
            raise
        request = self._request(task, handler, args, kwargs)
        if isinstance(request, TiedRequest):
            self.prepare(request, until, record)
        elif until != math.inf:
            self._set_alarm(request, until, record)
        try:
            record.mailbox.put_call(request)
        except NoProcess:
            request.abort(None)
            raise
        return await answer_in_time(request)

    def _request(
        self, task: Task, handler: Handler, args: tuple[object, ...], kwargs: Any
    ) -> Request:
        here, view = current_record.get(), self.view
        tied = kwargs or not handler.plain or (here is not None and here.body.hears)
        if tied or (view is not None and view.expires):
            return TiedRequest(task, handler, args, kwargs)
        return Request(task, handler, args)

    def cast_with_care(
        self, op: Cast[Any, ...], args: tuple[object, ...], kwargs: dict[str, Any]
    ) -> None:
        """As `cast`, whatever there is to look at; not for users."""
        handler = self.handler(op, args, kwargs, is_call=False)
        self.mailbox.put_note(note_of(handler, args, kwargs))

    async def cast_wait(
        self: ServerRef[S], op: Cast[S, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Send an operation, waiting for room if the mailbox is full. A checkpoint.

        Raises:
            NoProcess: the server does not run (any more).
            TypeError: as for `call`.
            WouldDeadlock: there is no room, and the server waits for the one that
                asks, or is it.
        """
        self.check_run("ref.cast_wait")
        handler = self.handler(op, args, kwargs, is_call=False)
        note = note_of(handler, args, kwargs)
        if self.must_wait():
            await self.wait_running()
        else:
            await trio.lowlevel.checkpoint()
        record, queue = self.record, self.mailbox
        if queue.full:
            with waiting_for(record, note.handler.name):
                await queue.put_waiting(note)
        else:
            await queue.put_waiting(note)

    def try_cast(
        self: ServerRef[S], op: Cast[S, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> bool:
        """As `cast`, but return whether it was queued, instead of raising."""
        try:
            self.cast(op, *args, **kwargs)
        except (NoProcess, MailboxFull):
            return False
        return True

    def send(self, message: object) -> None:
        """Send any object to `handle_info`. Never blocks, no checkpoint.

        Raises:
            NoProcess, MailboxFull, WrongRun: as for `cast`.
        """
        self.mailbox.put_note(InfoNote(message))

    async def stop(self, reason: object = None) -> Exit:
        """Stop the present life behind what is queued, and return how it ended.

        As `raise Stop(reason)` inside: ``normal`` without a reason, else ``shutdown``.
        Then the restart type decides; for good, use `terminate_child`. A checkpoint.
        (GS-068..070)

        Raises:
            NoProcess: it does not run.
            WouldDeadlock: asked by the server itself (`raise Stop` instead), or by
                a handler that the server waits for.
        """
        self.check_run("ref.stop")
        record, queue = self.record, self.mailbox
        if current_record.get() is record and is_part_of(current_task(), record):
            raise WouldDeadlock(f"{record.path_text!r} cannot wait for its own end")
        if not queue.accepting:
            raise queue.no_process()
        life = record.life
        with waiting_for(record, "stop"):
            queue.put_stop(StopNote(reason))
            return await self.wait_exit(life)

    # The system lane (GS-080..090): served between two handlers, suspended or not.

    async def get_state(self) -> dict[str, object]:
        """Return the server's attributes, as a shallow copy; for tests and debugging.

        What is mutable is shared with the server: only read it. Nothing is hidden:
        for eyes use `get_status`. A checkpoint.

        Raises:
            NoProcess: the server does not run.
            ServerExit: it ended before it answered.
            WouldDeadlock: asked by a handler that the server waits for.
            trio.TooSlowError: on a view with a timeout.
        """
        return await self._ask_system("get_state", lambda _, server: state_of(server))

    async def replace_state(
        self, change: Callable[[dict[str, object]], Mapping[str, object]]
    ) -> dict[str, object]:
        """Put ``change(state)`` in the place of the server's attributes; return it.

        Attributes that are left out are deleted. If `change` raises, that is raised
        here, and nothing has changed. Raises as `get_state`, besides. (GS-081)

        Args:
            change: Gets a shallow copy of the attributes, returns the new ones.
        """
        return await self._ask_system(
            "replace_state", lambda _, server: change_state(server, change)
        )

    async def get_status(self) -> ServerStatus:
        """Return counters, and the state as the server's `format_status` shows it.

        Raises as `get_state`.
        """
        return await self._ask_system("get_status", status_of)

    async def suspend(self) -> None:
        """Let messages wait until `resume`; the handler in hand ends first.

        The system lane is served all the same, and a request to stop at once: what
        is queued then fails. Ends with the life. Idempotent. Raises as `get_state`.
        (GS-082, 083, 071)
        """
        await self._ask_system("suspend", lambda queue, _: set_suspended(queue, True))

    async def resume(self) -> None:
        """Serve messages again, in order. Idempotent. Raises as `get_state`."""
        await self._ask_system("resume", lambda queue, _: set_suspended(queue, False))

    async def trace(self, hook: TraceHook | bool = True) -> None:
        """Trace what the server gets and answers, until it is turned off.

        Goes on over restarts. Raises as `get_state`. (GS-085..087)

        Args:
            hook: True to write to the logger ``trio_sup.trace``, False to stop, or
                a plain function that is called with each `TraceEvent`; one that
                raises is logged and removed.
        """
        chosen = hook if not isinstance(hook, bool) else log_trace if hook else None
        await self._ask_system("trace", lambda queue, _: queue.trace(chosen))

    def statistics(self) -> ServerStatistics:
        """Return the counters of the present life. No checkpoint."""
        return statistics_of(self.mailbox)

    async def _ask_system(
        self, name: str, work: Callable[[MailQueue, ServerBase], T]
    ) -> T:
        self.check_run(f"ref.{name}")
        until = self.deadline()
        if self.must_wait():
            await self.wait_patiently(until)
        queue = self.mailbox
        request = SystemRequest(
            current_task(), system_handler(name), partial(work, queue)
        )
        self.prepare(request, until, queue.record)
        try:
            queue.put_system(request)
        except NoProcess:
            request.abort(None)
            raise
        result: T = await wait_task_rescheduled(request.abort)
        return result

    # What calls have in common; not for users.

    @property
    def mailbox(self) -> MailQueue:
        """The library's own record; not for users."""
        queue: MailQueue = self.record.mailbox
        return queue

    @property
    def patient(self) -> bool:
        """Whether this is a view of `when_running`."""
        return self.view is not None and self.view.patient

    def handler(
        self,
        op: Operation,
        args: tuple[object, ...],
        kwargs: dict[str, object],
        *,
        is_call: bool = True,
    ) -> Handler:
        """Return how this server answers an operation; not for users."""
        return fitting(self.record.spec.target, op, args, kwargs, is_call=is_call)

    def deadline(self) -> float:
        """Return until when a call that begins now may take; not for users."""
        if self.view is None or self.view.timeout is None:
            return math.inf
        try:
            return trio.current_time() + self.view.timeout
        except RuntimeError:
            self.check_run("ref.call")
            raise

    def check_run(self, call: str) -> None:
        """Refuse a call from a thread or from another Trio run; not for users."""
        queue = self.mailbox
        if not queue.record.node.home.here():
            raise queue.not_taken(call, waits=True)

    @property
    def called(self) -> str:
        """What to call it in messages; not for users."""
        return self.path_text

    def must_wait(self) -> bool:
        """Whether a call cannot be sent yet, and is to wait; not for users."""
        return self.patient and not self.record.running

    async def wait_patiently(self, until: float) -> None:
        """Wait until the server runs; not for users."""
        self.check_run("ref.call")
        with trio.CancelScope(deadline=until) as scope:
            await self.wait_running()
        if scope.cancelled_caught:
            raise trio.TooSlowError(f"{self.called!r} did not run in time")

    def prepare(self, request: TiedRequest, until: float, record: Record) -> None:
        """Give a request its deadline and its place in the graph; not for users.

        Raises:
            WouldDeadlock: it could never be answered.
            WrongRun: called from a thread or from another Trio run.
        """
        if until != math.inf:
            request.expires = self.view is not None and self.view.expires
            self._set_alarm(request, until, record)
        else:
            self._check_thread(record)
        here = current_record.get()
        # The context of a task may be inherited from another Trio run.
        if here is not None and here.node is record.node and here.mailbox is not None:
            note_wait(here, request, record)

    def _set_alarm(self, request: Request, until: float, record: Record) -> None:
        self._check_thread(record)
        record.node.alarms.add(until, request)

    def _check_thread(self, record: Record) -> None:
        if get_ident() != record.node.home.thread:
            self.check_run("ref.call")


def _checked(seconds: float) -> float:
    if not seconds >= 0:
        raise ValueError(f"a timeout must be a number of seconds >= 0, not {seconds!r}")
    return seconds
