"""StateMachine: a server whose messages are events of a state machine."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import update_wrapper
from typing import Any, ClassVar, Generic, NoReturn, ParamSpec, Self, TypeVar, Unpack

from trio_sup._core.options import ServerOptions
from trio_sup._servers.genserver import GenServer
from trio_sup._servers.handlers import Handler, Operation
from trio_sup._servers.machine import Event, Machine, Postpone, Timeout
from trio_sup._servers.messages import Caller
from trio_sup._servers.operations import Cast
from trio_sup._servers.reserved import RESERVED

P = ParamSpec("P")
St = TypeVar("St", bound=Hashable)

_OWN = frozenset(
    {
        "event_timeout",
        "named_timeout",
        "next_event",
        "postpone",
        "repeat_state",
        "state_timeout",
    }
)
_TAKEN = _OWN | {"handle_continue", "handle_info"}


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

    __handlers__: ClassVar[dict[Operation, Handler]]
    __events__: ClassVar[dict[str, Handler]] = {}
    __reserved__: ClassVar[frozenset[str]] = RESERVED | _OWN
    state: St

    def __init_subclass__(cls, **options: Unpack[ServerOptions]) -> None:
        taken = _TAKEN & set(vars(cls))
        if taken:
            raise TypeError(
                f"{cls.__qualname__} defines {', '.join(sorted(taken))}: a StateMachine "
                "has this of its own; see handle_event() and next_event()"
            )
        super().__init_subclass__(**options)
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

    def next_event(
        self, op: Cast[Self, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Handle `op` right after this event, before all others.

        Several come in the order of these calls. Also from `init`.

        Raises:
            RuntimeError: from `enter`, or outside of handlers.
        """
        machine = self.__machine__()
        machine.inner.check_run("self.next_event")
        machine.insert(Event(machine.handler(op, args, kwargs), args, kwargs))

    def repeat_state(self) -> None:
        """Let `enter` run after this event though the state is the same.

        Nothing else happens that belongs to a change of state.
        """
        machine = self.__machine__()
        machine.inner.check_run("self.repeat_state")
        machine.repeats = True

    def state_timeout(
        self, seconds: float, op: Cast[Self, P], /, *args: P.args, **kwargs: P.kwargs
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
        machine.inner.check_run("self.state_timeout")
        _cancel(machine.state_timer)
        machine.state_timer = timer = _timeout(machine, seconds, op, args, kwargs)
        return timer

    def event_timeout(
        self, seconds: float, op: Cast[Self, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> Timeout:
        """Handle `op` if no other event comes within so many seconds.

        Any event cancels it, inserted, postponed and other timeouts' ones too. Args
        as for `state_timeout`.
        """
        machine = self.__machine__()
        machine.inner.check_run("self.event_timeout")
        _cancel(machine.event_timer)
        machine.event_timer = timer = _timeout(machine, seconds, op, args, kwargs)
        return timer

    def named_timeout(
        self,
        name: Hashable,
        seconds: float,
        op: Cast[Self, P],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Timeout:
        """Handle `op` in so many seconds, whatever happens until then.

        Any number of names at a time; the same name starts it anew. Args as for
        `state_timeout`.
        """
        machine = self.__machine__()
        machine.inner.check_run("self.named_timeout")
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
            /,
            *args: object,
            **kwargs: object,
        ) -> None:
            await server.__machine__().handle(Event(plain, args, kwargs, caller))

        # For whoever asks what the handler calls its arguments.
        update_wrapper(serve_call, plain.fn, assigned=(), updated=())
        return Handler(plain.name, serve_call, (), True, True, plain.shape)

    async def serve_cast(
        server: StateMachine[Any], /, *args: object, **kwargs: object
    ) -> None:
        await server.__machine__().handle(Event(plain, args, kwargs))

    update_wrapper(serve_cast, plain.fn, assigned=(), updated=())
    return Handler(plain.name, serve_cast, (), False, False, plain.shape)


def _timeout(
    machine: Machine,
    seconds: float,
    op: Cast[Any, ...],
    args: tuple[object, ...],
    kwargs: dict[str, object],
    name: Hashable = None,
) -> Timeout:
    event = Event(machine.handler(op, args, kwargs), args, kwargs)
    timer = Timeout(machine, event, seconds, name)
    if seconds == math.inf:
        timer.cancel()
    return timer


def _cancel(timer: Timeout | None) -> None:
    if timer is not None:
        timer.cancel()
