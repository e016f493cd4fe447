"""StateMachine: a server whose messages are events of a state machine.

Rules of this file (checklist STM-001..008):
* one event at a time; what it inserts comes next, then what was postponed (if the
  state has changed), then timeouts of 0 seconds, then the mailbox;
* a change of state is what is different after the handler; only then the state
  timeout ends, postponed events are tried again, and `enter` runs;
* a timeout travels through the mailbox as a request without a caller, so that it
  keeps its place and never finds the mailbox full; cancelled, it is skipped there.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    NoReturn,
    ParamSpec,
    Self,
    TypeVar,
)

import trio
from trio.lowlevel import current_task

from trio_sup._alarms import Alarm, alarm_clock
from trio_sup._core.errors import NoProcess, SupervisionError
from trio_sup._core.exits import Stop
from trio_sup._messages import Caller, Request
from trio_sup._ops import Cast, Handler, handler_of
from trio_sup._server import GenServer

if TYPE_CHECKING:
    from trio_sup._inner import Inner

P = ParamSpec("P")
St = TypeVar("St", bound=Hashable)

TURN = 64
"""How many inserted events are handled before other tasks get a turn."""

_TAKEN = frozenset(
    {
        "event_timeout",
        "handle_continue",
        "handle_info",
        "named_timeout",
        "next_event",
        "postpone",
        "repeat_state",
        "state_timeout",
    }
)


class Postpone(Exception):
    """What `StateMachine.postpone` raises; let it pass."""


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
        """Forget it, even if it is due already. No checkpoint."""
        self._event = None
        if self._alarm is not None:
            self._alarm.cancel()

    def update(self, op: Cast[Any, P], *args: P.args, **kwargs: P.kwargs) -> None:
        """Change what happens when it is due, not when; nothing if it was."""
        if self._event is not None:
            handler = self._machine.handler(op)
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
        queue = self._machine.inner.kid.mailbox
        if self._event is None or queue is None or not self._machine.is_current:
            return
        request = Request(current_task(), _TIMEOUT_HANDLER, (self._event,))
        request.task = None  # nobody waits for it
        try:
            queue.put_call(request)
        except NoProcess:
            pass  # it is being stopped


async def _serve_timeout(
    server: StateMachine[Any], caller: Caller[Any], event: Event
) -> None:
    machine = server.__machine__()
    if event.timeout is not None and event.timeout.belongs_to(machine):
        await machine.handle(event)


_TIMEOUT_HANDLER = Handler("timeout", _serve_timeout, (), deferred=True, is_call=True)


class Machine:
    """The runtime's part of one state machine, for one life."""

    def __init__(self, server: StateMachine[Any], inner: Inner) -> None:
        self.server = server
        self.inner = inner
        self.pending: deque[Event] = deque()
        self.postponed: list[Event] = []
        # What the handler in hand inserted; None outside of handlers.
        self.inserted: list[Event] | None = []
        self.event_number = 0
        self.repeats = False
        # Whether `pending` is being worked off, or about to be.
        self.busy = True
        self.state_timer: Timeout | None = None
        self.event_timer: Timeout | None = None
        self.timers: dict[Hashable, Timeout] = {}

    @property
    def is_current(self) -> bool:
        """Whether this is the machine of the child's present life."""
        kid = self.inner.kid
        return kid.alive and kid.life == self.inner.life

    def handler(self, op: Cast[Any, ...]) -> Handler:
        """Return the machine's own handler of a cast, as it was declared."""
        cls = type(self.server)
        handler_of(cls, op, is_call=False)  # raises if it is none
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
            if isinstance(error, SupervisionError | Postpone):
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


class StateMachine(GenServer, Generic[St]):
    """A server whose calls, casts and messages are events of a state machine.

    The state is the attribute `state`: any hashable value, best an enum member; set
    it in `__init__` or as a class attribute. A handler changes it by assigning to
    it; the change counts when the handler has returned::

        class Door(StateMachine[State]):
            state = State.LOCKED

            @call
            async def push(self) -> bool:
                match self.state:
                    case State.LOCKED:
                        return False
                    case State.UNLOCKED:
                        self.state = State.OPEN
                        self.state_timeout(10, Door.close)
                        return True
                    case State.OPEN:
                        self.postpone()

    What `ServerRef.send` delivers comes to `handle_event` instead of `handle_info`,
    and `next_event` takes the place of `continue_with`. An answer is given when the
    handler of its call has returned, also if the call was postponed meanwhile; to
    answer later still, use ``@call.deferred``. `ServerRef.get_state` shows the state
    among the other attributes, and `replace_state` replaces it without `enter`.
    """

    __events__: ClassVar[dict[str, Handler]] = {}
    state: St

    def __init_subclass__(cls, **kwargs: Any) -> None:
        taken = _TAKEN & set(vars(cls))
        if taken:
            raise TypeError(
                f"{cls.__qualname__} defines {', '.join(sorted(taken))}: a StateMachine "
                "has this of its own; see handle_event() and next_event()"
            )
        super().__init_subclass__(**kwargs)
        plain = cls.__handlers__
        cls.__events__ = {handler.name: handler for handler in plain.values()}
        cls.__handlers__ = {op: _as_event(handler) for op, handler in plain.items()}

    # Callbacks.

    async def enter(self, old: St | None) -> None:
        """Called when the state has been entered; also for the start state.

        Before any other event. May set timeouts and answer callers; must not change
        the state or postpone. An error on the start state is a failed start.

        Args:
            old: The state before; None for the start state; the same after
                `repeat_state`.
        """

    async def handle_event(self, message: Any) -> None:
        """Take what `ServerRef.send` delivered, as an event; by default log it."""
        await GenServer.handle_info(self, message)

    # For handlers.

    def postpone(self) -> NoReturn:
        """Put the event in hand aside, and try it again after a change of state.

        Raises, so that the handler ends here. Postponed events keep their order, and
        come before all that waits in the mailbox. A caller goes on waiting.
        """
        raise Postpone

    def next_event(self, op: Cast[Self, P], *args: P.args, **kwargs: P.kwargs) -> None:
        """Handle `op` right after this event, before all others.

        Several come in the order of these calls. Also from `init`.

        Raises:
            RuntimeError: from `enter`, or outside of handlers.
        """
        machine = self.__machine__()
        machine.insert(Event(machine.handler(op), args, kwargs))

    def repeat_state(self) -> None:
        """Let `enter` run after this event though the state is the same.

        Nothing else happens that belongs to a change of state.
        """
        self.__machine__().repeats = True

    def state_timeout(
        self, seconds: float, op: Cast[Self, P], *args: P.args, **kwargs: P.kwargs
    ) -> Timeout:
        """Handle `op` if the state is still the same in so many seconds.

        There is one state timeout: another call starts it anew. Set in a handler
        that changes the state, it belongs to the new one.

        Args:
            seconds: From now; 0 means after what was inserted and before the
                mailbox; ``math.inf`` sets none, it only cancels the present one.
            op: A cast, as ``Door.close``.
            args: Its arguments.
            kwargs: More of them.
        """
        machine = self.__machine__()
        _cancel(machine.state_timer)
        machine.state_timer = timer = _timeout(machine, seconds, op, args, kwargs)
        return timer

    def event_timeout(
        self, seconds: float, op: Cast[Self, P], *args: P.args, **kwargs: P.kwargs
    ) -> Timeout:
        """Handle `op` if no other event comes within so many seconds.

        Any event cancels it, inserted, postponed and other timeouts' ones too. Args
        as for `state_timeout`.
        """
        machine = self.__machine__()
        _cancel(machine.event_timer)
        machine.event_timer = timer = _timeout(machine, seconds, op, args, kwargs)
        return timer

    def named_timeout(
        self,
        name: Hashable,
        seconds: float,
        op: Cast[Self, P],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Timeout:
        """Handle `op` in so many seconds, whatever happens until then.

        Any number of names at a time; the same name starts it anew. Args as for
        `state_timeout`.
        """
        machine = self.__machine__()
        _cancel(machine.timers.get(name))
        timer = _timeout(machine, seconds, op, args, kwargs, name)
        machine.timers[name] = timer
        return timer

    # The runtime's.

    async def handle_info(self, message: Any) -> None:
        """Not for subclasses: see `handle_event`."""
        handler = Handler("handle_event", type(self).handle_event, (), False, False)
        await self.__machine__().handle(Event(handler, (message,), {}))

    def __machine__(self) -> Machine:
        inner = self._own()
        if not isinstance(inner.machine, Machine):
            inner.machine = Machine(self, inner)
        return inner.machine

    async def __begin__(self) -> None:
        if not hasattr(self, "state"):
            raise TypeError(
                f"{type(self).__qualname__} has no state: set self.state in __init__"
            )
        self.state = self.state  # an attribute of the object, for get_state
        await self.__machine__().begin()


def _as_event(plain: Handler) -> Handler:
    """Return what the server's loop is to call instead of a declared handler."""
    if plain.is_call:

        async def serve_call(
            server: StateMachine[Any],
            caller: Caller[Any],
            *args: object,
            **kwargs: object,
        ) -> None:
            await server.__machine__().handle(Event(plain, args, kwargs, caller))

        return Handler(plain.name, serve_call, (), deferred=True, is_call=True)

    async def serve_cast(
        server: StateMachine[Any], *args: object, **kwargs: object
    ) -> None:
        await server.__machine__().handle(Event(plain, args, kwargs))

    return Handler(plain.name, serve_cast, (), deferred=False, is_call=False)


def _timeout(
    machine: Machine,
    seconds: float,
    op: Cast[Any, ...],
    args: tuple[object, ...],
    kwargs: dict[str, object],
    name: Hashable = None,
) -> Timeout:
    event = Event(machine.handler(op), args, kwargs)
    timer = Timeout(machine, event, seconds, name)
    if seconds == math.inf:
        timer.cancel()
    return timer


def _cancel(timer: Timeout | None) -> None:
    if timer is not None:
        timer.cancel()
