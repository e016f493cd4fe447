"""What can stand in a server's mailbox: calls with their callers, casts, notes.

A request is the outcome that wakes its own caller, so that an answer allocates
nothing; it is answered exactly once, whatever happens to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import get_ident
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    NoReturn,
    Protocol,
    TypeAlias,
    TypeVar,
)

import outcome
import trio
from attrs import define
from trio.lowlevel import Abort, Task, reschedule

from trio_sup._trio.home import elsewhere
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.watching import Down
    from trio_sup._core.errors import WrongRun
    from trio_sup._servers.handlers import Handler

R_contra = TypeVar("R_contra", contravariant=True)


class Asking(Protocol):
    """A mailbox, as a request knows those in which it is remembered."""

    def forget_deferred(self, request: TiedRequest) -> None:
        """It is answered."""

    def forget_outgoing(self, request: TiedRequest) -> None:
        """Its handler waits for it no more."""


class Wanting(Protocol):
    """Whoever hears of ends, as a queued `Down` knows him."""

    def wants(self) -> bool:
        """Whether it is still to be served."""
        ...


NOTHING: Final[Mapping[str, object]] = MappingProxyType({})

NOT_YET: Final = object()
"""The result of a call that has none."""

# Trio only unwraps what it wakes a task with. An outcome by registration: the abstract
# base, and slots too, would make each request three times as expensive to make.
if TYPE_CHECKING:
    _Outcome = outcome.Outcome[Any]
else:
    _Outcome = object


@protected
class Request(_Outcome):
    """A call in progress; it is also the outcome that its caller gets.

    As plain as most calls are: who waits, and for what. All that few calls have is in
    `TiedRequest`. Three attributes and no more: 1.5 k instructions of the 66 k that a
    call takes; with those of `TiedRequest` it was 2.5 k.
    """

    # What came by keyword: such a request is a `TiedRequest`.
    kwargs: Mapping[str, object] = NOTHING

    # Only once it is answered; in no instance before.
    result: object = NOT_YET
    error: BaseException | None = None
    # Of a `TiedRequest`, for those who look at any.
    expired: bool = False
    held: Asking | None = None
    source: Asking | None = None

    def __init__(
        self,
        task: Task,
        handler: Handler,
        args: tuple[object, ...],
    ) -> None:
        # None as soon as the caller has its answer, or has given up.
        self.task: Task | None = task
        self.handler: Handler = handler
        self.args: tuple[object, ...] = args

    def unwrap(self) -> Any:
        """Return the answer to the caller; a failure comes as `_Failure`."""
        return self.result

    def send(self, gen: Any) -> NoReturn:
        """Not used: Trio unwraps what it reschedules a task with."""
        raise NotImplementedError

    async def asend(self, agen: Any) -> NoReturn:
        """Not used, as `send`."""
        raise NotImplementedError

    def abort(self, _: object) -> Abort:
        """The caller was cancelled: its answer will be dropped."""
        self.task = None
        return Abort.SUCCEEDED

    def reply(self, value: object) -> None:
        """Answer the caller; the first answer wins, a late one vanishes."""
        task, self.task = self.task, None
        if task is not None:
            self.result = value
            reschedule(task, self)

    def fail(self, error: BaseException) -> None:
        """Answer the caller with an exception; the first answer wins."""
        task, self.task = self.task, None
        if task is not None:
            self.error = error
            reschedule(task, _Failure(self))

    def forget(self) -> None:
        """Keep nothing of what is settled: an alarm clock may have the request still."""
        self.error = None
        if self.result is not NOT_YET:  # else it may still be served
            self.result, self.args = None, ()

    # The request is the alarm of its own timeout (`trio_sup._trio.alarms.Ringing`):
    # neither an object nor a closure more, and an answer need not cancel anything.

    def ring(self) -> None:
        """The caller's time is over."""
        self.fail(trio.TooSlowError(f"no answer from {self.handler.name!r} in time"))


@protected
class _Failure(_Outcome):
    """What wakes a caller whose call has failed."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    def unwrap(self) -> NoReturn:
        """Raise the error."""
        error = self._request.error
        assert error is not None
        try:
            raise error
        finally:
            del error, self

    def send(self, gen: Any) -> NoReturn:
        """Not used, as `Request.send`."""
        raise NotImplementedError

    async def asend(self, agen: Any) -> NoReturn:
        """Not used, as `Request.send`."""
        raise NotImplementedError


@protected
class TiedRequest(Request):
    """A call that others know of, too: what few calls have.

    Arguments by keyword; deferred ones, those that a server's handler waits for, those that a timeout
    withdraws, requests to the machinery, and the parts of a `multi_call`.
    """

    task: Task | None

    def __init__(
        self,
        task: Task,
        handler: Handler,
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(task, handler, args)
        self.kwargs: Mapping[str, object] = kwargs or NOTHING
        # Whether a timeout withdraws it as long as it is queued.
        self.expires: bool = False
        self.expired: bool = False
        # Where it is remembered while its answer is deferred.
        self.held: Asking | None = None
        # The server whose handler waits for it, if one does.
        self.source: Asking | None = None

    def abort(self, _: object) -> Abort:
        """The caller was cancelled: its answer will be dropped."""
        self.task = None
        self._forget()
        if self.expires:
            self.expired = True
        return Abort.SUCCEEDED

    def reply(self, value: object) -> None:
        """Answer the caller; the first answer wins, a late one vanishes."""
        self._forget()
        super().reply(value)

    def fail(self, error: BaseException) -> None:
        """Answer the caller with an exception; the first answer wins."""
        self._forget()
        super().fail(error)

    def forget(self) -> None:
        """As a plain one does, and what came by keyword, too."""
        if self.result is not NOT_YET:
            self.kwargs = NOTHING
        super().forget()

    def ring(self) -> None:
        """The caller's time is over."""
        if self.expires:
            self.expired = True
        super().ring()

    def _forget(self) -> None:
        if self.held is not None:
            queue, self.held = self.held, None
            queue.forget_deferred(self)
        if self.source is not None:
            source, self.source = self.source, None
            source.forget_outgoing(self)


outcome.Outcome.register(Request)
outcome.Outcome.register(_Failure)


@protected
class SystemRequest(TiedRequest):
    """A request to the machinery of a server: served between two handlers."""

    def __init__(
        self, task: Task, handler: Handler, work: Callable[[Any], object]
    ) -> None:
        super().__init__(task, handler)
        self.work: Callable[[Any], object] = work


@protected
class Caller(Generic[R_contra]):
    """Who waits for the answer to a deferred call.

    May be kept, handed on, and answered from any task of the same Trio run. The
    first answer wins; a caller that was cancelled is harmless. If the server ends
    first, the caller gets `ServerExit`.
    """

    __slots__ = ("_request", "_thread")

    def __init__(self, request: Request) -> None:
        self._request = request
        self._thread = get_ident()

    @property
    def waiting(self) -> bool:
        """Whether an answer would still reach somebody."""
        return self._request.task is not None

    @property
    def withdrawn(self) -> bool:
        """Whether it took its request back: see `ServerRef.expiring`."""
        return self._request.expired

    def reply(self, value: R_contra) -> None:
        """Answer. No checkpoint.

        Raises:
            WrongRun: called from a thread or from another Trio run; the caller goes
                on waiting.
        """
        if get_ident() != self._thread:
            raise self._refusal("caller.reply")
        self._request.reply(value)

    def fail(self, error: Exception) -> None:
        """Answer with an exception. No checkpoint.

        Raises:
            WrongRun: as `reply`.
        """
        if get_ident() != self._thread:
            raise self._refusal("caller.fail")
        self._request.fail(error)

    def _refusal(self, call: str) -> WrongRun:
        return elsewhere(call, self._request.handler.name)


# Neither frozen nor slotted, which would make them up to thrice as expensive to make;
# nobody changes them.


class CastNote:
    """A queued cast, as plain as most are."""

    # What came by keyword: such a cast is a `KeyedNote`.
    kwargs: Mapping[str, object] = NOTHING
    # The life whose timer sent it: it ends with that life even in a kept mailbox.
    timer_of: int = 0

    def __init__(self, handler: Handler, args: tuple[object, ...]) -> None:
        self.handler: Handler = handler
        self.args: tuple[object, ...] = args


class KeyedNote(CastNote):
    """A queued cast with arguments by keyword."""

    def __init__(
        self, handler: Handler, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> None:
        super().__init__(handler, args)
        self.kwargs = kwargs


def note_of(
    handler: Handler, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> CastNote:
    """Return what to queue for a cast."""
    return KeyedNote(handler, args, kwargs) if kwargs else CastNote(handler, args)


class TimedNote(KeyedNote):
    """A cast that a server sends to itself later."""

    def __init__(
        self,
        handler: Handler,
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        timer_of: int,
    ) -> None:
        super().__init__(handler, args, kwargs)
        self.timer_of = timer_of


class TickNote(TimedNote):
    """The message of `every`: one object, queued again and again."""

    # Whether it is in line: it is there at most once. To look for it would cost more
    # with each message that waits.
    waits: bool = False


@define(eq=False, slots=False)
class InfoNote:
    """A queued message for `handle_info`."""

    message: object
    timer_of: int = 0


@define(eq=False)
class DownNote:
    """A queued `Down`: never rejected, never dropped, void once it is unwanted."""

    monitor: Wanting
    message: Down


@define(eq=False)
class StopNote:
    """A queued request to stop: of the supervisor, or with a reason."""

    reason: object = None
    by_supervisor: bool = False


Item: TypeAlias = Request | CastNote | InfoNote | DownNote | StopNote


def name_of(item: Item) -> str:
    """Return what to call a message when people ask."""
    match item:
        case Request() | CastNote():
            return item.handler.name
        case InfoNote() | DownNote():
            return "handle_info"
        case StopNote():
            return "stop"
