"""The mailbox of one server: queue, bound, counters, and the callers that wait.

Rules:
* a call is bounded by its caller: it does not count against the capacity and is
  never dropped; it is answered exactly once, whatever happens to the server;
* a request is the outcome that wakes its own caller, so that an answer allocates
  nothing;
* two lists instead of a deque: `inbox` takes what arrives, `batch` is what is being
  worked off, reversed. Idle servers then hold two empty lists.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

import outcome
import trio
from attrs import frozen
from trio.lowlevel import Abort, Task, reschedule

from trio_sup._core.errors import MailboxFull, NoProcess, ServerExit
from trio_sup._core.exits import Exit
from trio_sup._wake import WAKE, Waiters

if TYPE_CHECKING:
    from trio_sup._alarms import Alarm
    from trio_sup._core.policies import Mailbox
    from trio_sup._kid import Kid
    from trio_sup._ops import Handler

R_contra = TypeVar("R_contra", contravariant=True)


class Request(outcome.Outcome[Any]):
    """A call in progress; it is also the outcome that its caller gets."""

    __slots__ = (
        "alarm",
        "args",
        "error",
        "expired",
        "expires",
        "handler",
        "kwargs",
        "queue",
        "result",
        "task",
    )

    def __init__(
        self,
        task: Task,
        handler: Handler,
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        # None as soon as the caller has its answer, or has given up.
        self.task: Task | None = task
        self.handler = handler
        self.args = args
        self.kwargs = kwargs
        self.result: object = None
        self.error: BaseException | None = None
        self.alarm: Alarm | None = None
        # Whether a timeout withdraws it as long as it is queued.
        self.expires = False
        self.expired = False
        # Where it is remembered while it is deferred.
        self.queue: MailQueue | None = None

    def unwrap(self) -> Any:
        """Return the answer to the caller, or raise it."""
        error = self.error
        if error is None:
            return self.result
        try:
            raise error
        finally:
            del error, self

    def send(self, gen: Any) -> NoReturn:
        """Not used: Trio unwraps what it reschedules a task with."""
        raise NotImplementedError

    async def asend(self, agen: Any) -> NoReturn:
        """Not used, as `send`."""
        raise NotImplementedError

    def abort(self, _: object) -> Abort:
        """The caller was cancelled: its answer will be dropped."""
        self.task = None
        self._forget()
        if self.expires:
            self.expired = True
        return Abort.SUCCEEDED

    def reply(self, value: object) -> None:
        """Answer the caller; the first answer wins, a late one vanishes."""
        task, self.task = self.task, None
        self._forget()
        if task is not None:
            self.result = value
            reschedule(task, self)

    def fail(self, error: BaseException) -> None:
        """Answer the caller with an exception; the first answer wins."""
        task, self.task = self.task, None
        self._forget()
        if task is not None:
            self.error = error
            reschedule(task, self)

    def time_out(self) -> None:
        """The caller's time is over."""
        self.alarm = None
        if self.expires:
            self.expired = True
        self.fail(trio.TooSlowError(f"no answer from {self.handler.name!r} in time"))

    def _forget(self) -> None:
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        if self.queue is not None:
            queue, self.queue = self.queue, None
            queue.deferred.discard(self)


class Caller(Generic[R_contra]):
    """Who waits for the answer to a deferred call.

    May be kept, handed on, and answered from any task of the same Trio run. The
    first answer wins; a caller that was cancelled is harmless. If the server ends
    first, the caller gets `ServerExit`.
    """

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def waiting(self) -> bool:
        """Whether somebody still waits for the answer."""
        return self._request.task is not None

    def reply(self, value: R_contra) -> None:
        """Answer. No checkpoint."""
        self._request.reply(value)

    def fail(self, error: Exception) -> None:
        """Answer with an exception. No checkpoint."""
        self._request.fail(error)


@frozen
class CastNote:
    """A queued cast."""

    handler: Handler
    args: tuple[object, ...]
    kwargs: dict[str, object]


@frozen
class InfoNote:
    """A queued message for `handle_info`."""

    message: object


@frozen
class StopNote:
    """A queued request to stop: of the supervisor (None), or with a reason."""

    reason: object = None
    by_supervisor: bool = False


Item: TypeAlias = Request | CastNote | InfoNote | StopNote


class MailQueue:
    """The queue of one server child, over all its lives."""

    __slots__ = (
        "_accepting",
        "batch",
        "bounded",
        "current",
        "current_since",
        "deferred",
        "dropped",
        "handled",
        "inbox",
        "kid",
        "parked",
        "peak",
        "policy",
        "received",
        "room",
        "suspended",
        "system",
    )

    def __init__(self, kid: Kid, policy: Mailbox) -> None:
        self.kid = kid
        self.policy = policy
        self.inbox: list[Item] = []
        self.batch: list[Item] = []
        # Invariant: the number of casts and sends in `inbox` and `batch`.
        self.bounded = 0
        self.parked: Task | None = None
        self._accepting = False
        self.suspended = False
        # What overtakes queued messages, between handlers.
        self.system: list[Callable[[], None]] = []
        self.deferred: set[Request] = set()
        # Who waits for room; None as long as nobody ever did.
        self.room: Waiters | None = None
        self.current: Item | None = None
        self.current_since = 0.0
        self.received = 0
        self.handled = 0
        self.dropped = 0
        self.peak = 0

    # Counters, for the inspector.

    @property
    def depth(self) -> int:
        """Messages waiting."""
        return len(self.inbox) + len(self.batch)

    @property
    def capacity(self) -> float:
        """The bound for casts and sends."""
        return self.policy.capacity

    @property
    def in_progress(self) -> tuple[str, float] | None:
        """The operation in hand and the Trio time it began, or None."""
        item = self.current
        if item is None:
            return None
        # A real duration for people to look at; nothing is decided by it.
        elapsed = time.perf_counter() - self.current_since
        return name_of(item), trio.current_time() - elapsed

    # Arriving.

    def open(self) -> None:
        """A life begins: messages queue from now on, `init` included."""
        self._accepting = True
        self.handled = self.received = self.dropped = 0
        self.peak = self.depth
        self.suspended = False

    @property
    def accepting(self) -> bool:
        """Whether a message sent now would be queued."""
        return self._accepting

    def put_call(self, request: Request) -> None:
        """Queue a call; raises `NoProcess` when there is no life to serve it."""
        if not self._accepting:
            raise self.no_process()
        self._put(request)

    def put_note(self, note: CastNote | InfoNote) -> None:
        """Queue a cast or send, or apply the policy.

        Raises:
            NoProcess: there is no life to serve it.
            MailboxFull: no room, and the policy is ``reject``.
        """
        if not self._accepting:
            raise self.no_process()
        if self.bounded >= self.policy.capacity and not self._make_room():
            return
        self.bounded += 1
        self._put(note)

    @property
    def full(self) -> bool:
        """Whether a cast would find no room."""
        return self.bounded >= self.policy.capacity

    def put_stop(self, note: StopNote) -> None:
        """Queue a stop behind what was sent before; never waits for room."""
        self._put(note)

    def _put(self, item: Item) -> None:
        self.inbox.append(item)
        self.received += 1
        depth = len(self.inbox) + len(self.batch)
        if depth > self.peak:
            self.peak = depth
        self.wake()

    def wake(self) -> None:
        """Let the server look, if it is parked."""
        task = self.parked
        if task is not None:
            self.parked = None
            reschedule(task, WAKE)

    def _make_room(self) -> bool:
        policy = self.policy.when_full
        if policy == "reject":
            raise MailboxFull(self.kid.path_text, self.policy.capacity)
        self.dropped += 1
        if policy == "drop_newest":
            return False
        for pile, order in ((self.batch, -1), (self.inbox, 1)):
            for index in range(len(pile))[::order]:
                if isinstance(pile[index], CastNote | InfoNote):
                    del pile[index]
                    self.bounded -= 1
                    return True
        return True  # Can't happen: `bounded` counts what is in the two lists.

    # Leaving.

    def take(self) -> Item | None:
        """Return the next message, or None if there is none."""
        batch = self.batch
        if not batch:
            if not self.inbox:
                return None
            self.batch = batch = self.inbox
            self.inbox = []
            batch.reverse()
        item = batch.pop()
        if not isinstance(item, Request | StopNote):
            self.bounded -= 1
            if self.room:
                self.room.wake()
        return item

    # Ending.

    def no_process(self) -> NoProcess:
        """Return the error for a message that cannot be queued."""
        return NoProcess(self.kid.path_text, f"is {self.kid.status}")

    def request_stop(self) -> None:
        """The supervisor asks: close, and stop behind what is queued already."""
        self._accepting = False
        note = StopNote(by_supervisor=True)
        if self.suspended:
            self.batch.append(note)  # served at once
        else:
            self.put_stop(note)
        self.suspended = False
        self.wake()

    def close(self) -> None:
        """Take no more messages."""
        self._accepting = False

    def keeps(self, exit: Exit) -> bool:
        """Whether queued messages wait for the next life."""
        return exit.kind == "crashed" and self.policy.on_crash == "keep"

    def fail_current(self, exit: Exit) -> None:
        """Answer the call in hand and the deferred ones: their server ends."""
        item, self.current = self.current, None
        if isinstance(item, Request):
            item.fail(self._server_exit(exit))
        for request in list(self.deferred):
            request.fail(self._server_exit(exit))
        self.deferred.clear()

    def fail_queued(self, exit: Exit | None) -> None:
        """Answer all that wait in line."""
        items: Sequence[Item] = [*reversed(self.batch), *self.inbox]
        self.batch, self.inbox = [], []
        self.bounded = 0
        for item in items:
            if isinstance(item, Request):
                if exit is None:
                    item.fail(self.no_process())
                else:
                    item.fail(self._server_exit(exit))
        if self.room:
            self.room.wake()

    def life_over(self, exit: Exit) -> None:
        """A life has ended: nobody is left without an answer."""
        self.parked = None
        self.fail_current(exit)
        if self.keeps(exit):
            self._accepting = True
            self.batch = [i for i in self.batch if not isinstance(i, StopNote)]
            self.inbox = [i for i in self.inbox if not isinstance(i, StopNote)]
        else:
            self.close()
            self.fail_queued(exit)

    def no_next_life(self, exit: Exit | None) -> None:
        """No life will come: what was kept for it is answered now."""
        self.close()
        self.fail_queued(exit)

    def _server_exit(self, exit: Exit) -> ServerExit:
        error = ServerExit(self.kid.path_text, exit)
        error.__cause__ = exit.error
        return error


def name_of(item: Item) -> str:
    """Return what to call a message when people ask."""
    match item:
        case Request() | CastNote():
            return item.handler.name
        case InfoNote():
            return "handle_info"
        case StopNote():
            return "stop"
