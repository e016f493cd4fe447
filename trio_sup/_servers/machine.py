"""The runtime's part of a state machine: the order of events, and timeouts.

Rules of this file (checklist STM-001..008):
* one event at a time; what it inserts comes next, then what was postponed (if the
  state has changed), then timeouts of 0 seconds, then the mailbox;
* a change of state is what is different after the handler; only then the state
  timeout ends, postponed events are tried again, and `enter` runs;
* a timeout travels through the mailbox as a request without a caller, so that it
  keeps its place and never finds the mailbox full; cancelled, it is skipped there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Protocol

import trio
from trio.lowlevel import current_task

from trio_sup._core.anatomy import is_a
from trio_sup._core.errors import NoProcess, SupervisionError
from trio_sup._core.exits import Stop
from trio_sup._servers.handlers import Handler, fitting
from trio_sup._servers.messages import Caller, TiedRequest
from trio_sup._servers.operations import Cast
from trio_sup._trio.alarms import Alarm, alarm_clock
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._servers.context import ServerContext
    from trio_sup._servers.mailbox import MailQueue

P = ParamSpec("P")

TURN = 64
"""How many inserted events are handled before other tasks get a turn."""


class Postpone(Exception):
    """What `StateMachine.postpone` raises; let it pass."""


class Stateful(Protocol):
    """A `StateMachine`, as its machine knows it."""

    __events__: ClassVar[dict[str, Handler]]
    state: Any

    async def enter(self, old: Any, /) -> None:
        """A state was entered."""

    def __machine__(self) -> Machine:
        """Return the runtime's part."""
        ...


class Event:
    """One event: how to handle it, and who waits for the answer."""

    __slots__ = ("args", "caller", "deferred", "fn", "kwargs", "raises", "timeout")

    def __init__(
        self,
        handler: Handler,
        args: tuple[object, ...],
        kwargs: dict[str, object],
        caller: Caller[Any] | None = None,
        timeout: Timeout | None = None,
    ) -> None:
        self.fn: Callable[..., Awaitable[object]] = handler.fn
        self.raises: tuple[type[Exception], ...] = handler.raises
        self.deferred: bool = handler.deferred
        self.args: tuple[object, ...] = args
        self.kwargs: dict[str, object] = kwargs
        self.caller: Caller[Any] | None = caller
        self.timeout: Timeout | None = timeout


@protected
class Timeout:
    """A timeout of a state machine; ends with the machine's life.

    Made by `StateMachine.state_timeout` and its sisters.
    """

    __slots__ = ("_alarm", "_event", "_machine", "_name", "set_in")

    def __init__(
        self, machine: Machine, event: Event, seconds: float, name: Hashable = None
    ) -> None:
        self._machine = machine
        self._name = name
        # None as soon as it is handled or cancelled.
        self._event: Event | None = event
        self._alarm: Alarm | None = None
        # The event in whose handling it was set.
        self.set_in: int = machine.event_number
        event.timeout = self
        if seconds > 0:
            at = trio.current_time() + seconds
            self._alarm = alarm_clock().at(at, self._ring)
        elif machine.busy:
            machine.pending.append(event)
        else:
            self._ring()

    @property
    def pending(self) -> bool:
        """Whether its event is still to come."""
        return self._event is not None and self._machine.is_current

    @property
    def remaining(self) -> float:
        """Seconds until it is due; 0 if it is, or will never be."""
        if self._alarm is None or not self.pending:
            return 0.0
        return max(0.0, self._alarm.at - trio.current_time())

    def cancel(self) -> None:
        """Forget it, even if it is due already. No checkpoint.

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        self._machine.inner.check_if_going("timeout.cancel")
        self._event = None
        if self._alarm is not None:
            self._alarm.cancel()

    def update(self, op: Cast[Any, P], /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Change what happens when it is due, not when; nothing if it was.

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        self._machine.inner.check_if_going("timeout.update")
        if self._event is not None:
            handler = self._machine.handler(op, args, kwargs)
            self._event.fn, self._event.raises = handler.fn, handler.raises
            self._event.args, self._event.kwargs = args, kwargs

    def take(self) -> bool:
        """Its event is about to be handled; return whether it is still wanted."""
        wanted, self._event = self._event is not None, None
        timers = self._machine.timers
        if wanted and timers.get(self._name) is self:
            del timers[self._name]
        return wanted

    def belongs_to(self, machine: Machine) -> bool:
        """Whether it was set in this life: a kept mailbox may hold older ones."""
        return self._machine is machine

    def _ring(self) -> None:
        self._alarm = None
        queue: MailQueue | None = self._machine.inner.record.mailbox
        if self._event is None or queue is None or not self._machine.is_current:
            return
        request = TiedRequest(current_task(), _TIMEOUT_HANDLER, (self._event,))
        request.task = None  # nobody waits for it
        try:
            queue.put_call(request)
        except NoProcess:
            pass  # it is being stopped


async def _serve_timeout(server: Stateful, caller: Caller[Any], event: Event) -> None:
    machine = server.__machine__()
    if event.timeout is not None and event.timeout.belongs_to(machine):
        await machine.handle(event)


_TIMEOUT_HANDLER = Handler("timeout", _serve_timeout, (), deferred=True, is_call=True)


class Machine:
    """The runtime's part of one state machine, for one life."""

    def __init__(self, server: Stateful, inner: ServerContext) -> None:
        self.server = server
        self.inner = inner
        self.pending: deque[Event] = deque()
        self.postponed: list[Event] = []
        # What the handler in hand inserted; None outside of handlers.
        self.inserted: list[Event] | None = []
        self.event_number: int = 0
        self.repeats: bool = False
        # Whether `pending` is being worked off, or about to be.
        self.busy: bool = True
        self.state_timer: Timeout | None = None
        self.event_timer: Timeout | None = None
        self.timers: dict[Hashable, Timeout] = {}

    @property
    def is_current(self) -> bool:
        """Whether this is the machine of the child's present life."""
        record = self.inner.record
        return record.alive and record.life == self.inner.life

    def handler(
        self,
        op: Cast[Any, ...],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> Handler:
        """Return the machine's own handler of a cast, as it was declared."""
        cls = type(self.server)
        fitting(cls, op, args, kwargs, is_call=False)  # raises if it is none
        return cls.__events__[op.name]

    async def begin(self) -> None:
        """Enter the start state, and handle what that and `init` inserted."""
        inserted, self.inserted = self.inserted or [], None
        self.pending.extendleft(reversed(inserted))
        await self._enter(None)
        await self._drain()

    async def handle(self, event: Event) -> None:
        """Handle one event from the mailbox, and all that follows from it."""
        self.pending.append(event)
        await self._drain()

    async def _drain(self) -> None:
        turn, self.busy = TURN, True
        while self.pending:
            await self._handle(self.pending.popleft())
            turn -= 1
            if turn == 0:
                await trio.lowlevel.checkpoint()
                turn = TURN
        self.busy = False

    async def _handle(self, event: Event) -> None:
        if event.timeout is not None and not event.timeout.take():
            return
        if event.caller is not None and event.caller.withdrawn:
            return
        timer, self.event_timer = self.event_timer, None
        if timer is not None and timer is not event.timeout:
            timer.cancel()
        self.event_number += 1
        self.inserted, self.repeats = [], False
        before = self.server.state
        try:
            await self._run(event)
        except Postpone:
            self.postponed.append(event)
        inserted, self.inserted = self.inserted, None
        if self.server.state != before:
            self._leave()
        if self.server.state != before or self.repeats:
            await self._enter(before)
        self.pending.extendleft(reversed(inserted))

    async def _run(self, event: Event) -> None:
        """Call the handler, and give the answer to who waits for it."""
        caller = event.caller
        if caller is None or event.deferred:
            first = () if caller is None else (caller,)
            await event.fn(self.server, *first, *event.args, **event.kwargs)
            return
        try:
            result = await event.fn(self.server, *event.args, **event.kwargs)
        except Stop as stop:
            # Here rather than in the server's loop, which knows only the caller of
            # the message in hand, not of an event that is tried again (STM-007).
            if stop.reply is not Stop.NO_REPLY:
                caller.reply(stop.reply)
                stop.reply = Stop.NO_REPLY
            raise
        except event.raises as error:
            if is_a(error, (SupervisionError, Postpone)):
                raise
            caller.fail(error)
        else:
            caller.reply(result)

    def _leave(self) -> None:
        """The state has changed."""
        timer = self.state_timer
        if timer is not None and timer.set_in != self.event_number:
            timer.cancel()
            self.state_timer = None
        self.pending.extendleft(reversed(self.postponed))
        self.postponed.clear()

    async def _enter(self, old: Hashable | None) -> None:
        state = self.server.state
        try:
            await self.server.enter(old)
        except Postpone:
            raise RuntimeError("enter() has no event that could be postponed") from None
        if self.server.state != state:
            raise RuntimeError(
                f"enter() may not change the state ({state!r} to {self.server.state!r})"
            )

    def insert(self, event: Event) -> None:
        """Add an event that comes before all others."""
        if self.inserted is None:
            raise RuntimeError("next_event() works in event handlers and in init only")
        self.inserted.append(event)
