"""What few servers have: lanes beside the line of messages, and who looks.

System requests, suspension, traces, deferred answers, calls of its own, monitors. None
of it takes place in an idle server, and together they cost each message one look at
`seldom`, and each sender one comparison with `quick_to`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from trio_sup._trio.protect import enter_user, protected

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record
    from trio_sup._servers.measure import Meter
    from trio_sup._servers.messages import Request, SystemRequest, TiedRequest
    from trio_sup._servers.spying import Spy


class Cancellable(Protocol):
    """A monitor, as the queue of the server that watches knows it."""

    @property
    def target(self) -> Child:
        """Whom it watches."""
        ...

    def cancel(self) -> None:
        """Hear no more."""


@protected
class Lanes:
    """What a server child has beside its line of messages."""

    __slots__ = (
        "_deferred",
        "_monitors",
        "_open_to",
        "_outgoing",
        "_suspended",
        "_system",
        "awaited",
        "background",
        "meter",
        "quick_to",
        "record",
        "seldom",
        "spy",
        "tracer",
    )

    # How the user's callbacks are entered. Who judges servers stands in between, in a
    # class of his own: nobody pays for it else.
    enter: ClassVar[Callable[..., Awaitable[Any]]]

    def __init__(self, record: Record) -> None:
        self.record: Record = record
        # The thread that may put messages in, the one of the Trio run; 0 while there
        # is no life to serve them. One comparison answers both questions.
        self._open_to: int = 0
        # The same, or 0 while whoever sends has to go the way of `put_call` and
        # `put_note`, where all is looked at.
        self.quick_to: int = 0
        # Whether the next message is served with care: one flag for all that is
        # seldom. Whoever makes one of these true sets it, the careful loop resets it:
        # `system`, `suspended`, `tracer`, `meter`, `spy`, `stops`, `blocked`; something to continue
        # with, something to do when idle.
        self.seldom: bool = False
        # None instead of what is empty, which would be larger than all else here.
        self._suspended: bool = False
        self._system: list[SystemRequest] | None = None
        self._deferred: dict[Request, None] | None = None
        self._outgoing: dict[Request, Record] | None = None
        self._monitors: dict[Cancellable, None] | None = None
        self.tracer: Callable[[Any], object] | None = None
        # Who is told how long messages wait and take: only while somebody looks.
        self.meter: Meter | None = None
        # Who is told of each step, for people who look: beside the user's own tracer.
        self.spy: Spy | None = None
        # Invariant: how many requests in the `outgoing` of others wait for this one;
        # mostly none, so that a call of its own closes no ring.
        self.awaited: int = 0
        # How many nurseries of the server's task are older than its handlers.
        self.background: int = 0

    def _let_in(self) -> None:
        """Say whether messages may be put in line without a look at the rest."""
        self.quick_to = 0 if self._suspended else self._open_to

    @property
    def system(self) -> Sequence[SystemRequest]:
        """What overtakes queued messages, between handlers."""
        return self._system or ()

    @property
    def deferred(self) -> Collection[Request]:
        """Calls whose handler has begun, and which are answered later."""
        return self._deferred or ()

    @property
    def outgoing(self) -> Mapping[Request, Record]:
        """What the handler in hand waits for, and of whom."""
        return self._outgoing or {}

    @property
    def monitors(self) -> Collection[Cancellable]:
        """What the present life watches."""
        return self._monitors or ()

    @property
    def suspended(self) -> bool:
        """Whether messages wait until somebody says otherwise."""
        return self._suspended

    def suspend(self, suspended: bool) -> None:
        """Let messages wait, or no longer."""
        self._suspended = self.seldom = suspended
        self._let_in()

    def trace(self, tracer: Callable[[Any], object] | None) -> None:
        """Tell somebody of each step, or nobody."""
        self.tracer = tracer
        self.seldom = True

    def measure_by(self, meter: Meter | None) -> None:
        """Tell somebody how long each message waits and takes, or nobody."""
        self.meter = meter
        self.seldom = True

    def defer(self, request: TiedRequest) -> None:
        """Remember a call whose answer comes later."""
        if self._deferred is None:
            self._deferred = {}
        self._deferred[request] = None
        request.held = self

    def forget_deferred(self, request: TiedRequest) -> None:
        """It is answered."""
        if self._deferred is not None:
            self._deferred.pop(request, None)
        if self.spy is not None:
            # Who has given up waits no more.
            gone = request.task is None
            self.spy.step("withdrawn" if gone else "answered", request, None)

    def wait_for(self, request: TiedRequest, target: Record) -> None:
        """Remember whom the handler in hand waits for."""
        if self._outgoing is None:
            self._outgoing = {}
        self._outgoing[request] = target
        target.mailbox.awaited += 1
        request.source = self

    def forget_outgoing(self, request: TiedRequest) -> None:
        """Its handler waits for it no more."""
        if self._outgoing is None:
            return
        target = self._outgoing.pop(request, None)
        if target is not None and target.mailbox is not None:
            target.mailbox.awaited -= 1
        self._outgoing = self._outgoing or None

    def watch(self, monitor: Cancellable) -> None:
        """The present life watches somebody."""
        if self._monitors is None:
            self._monitors = {}
        self._monitors[monitor] = None

    def watch_no_more(self, monitor: Cancellable) -> None:
        """It does no longer."""
        if self._monitors is not None:
            self._monitors.pop(monitor, None)
            self._monitors = self._monitors or None

    def served_system(self, served: int) -> None:
        """The first so many of the system lane are answered."""
        assert self._system is not None
        del self._system[:served]
        self._system = self._system or None


# Behind the decorator, which would protect user code from Ctrl-C with it.
Lanes.enter = staticmethod(enter_user)
