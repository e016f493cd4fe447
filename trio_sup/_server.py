"""GenServer: a class whose instances live in a task and answer messages."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, Self, cast

import trio

from trio_sup._alarms import Alarm, alarm_clock
from trio_sup._core.errors import MailboxFull, NoProcess
from trio_sup._core.exits import Exit
from trio_sup._mailbox import CastNote, InfoNote
from trio_sup._ops import Cast, Handler, Operation, handlers_of
from trio_sup._registry import Via

if TYPE_CHECKING:
    from trio_sup._child import Supervisor
    from trio_sup._dynamic_handle import DynamicSupervisor
    from trio_sup._kid import Kid
    from trio_sup._server_ref import ServerRef

P = ParamSpec("P")

_logger = logging.getLogger("trio_sup")

RESERVED = frozenset(
    {
        "continue_with",
        "every",
        "id",
        "key",
        "life",
        "path",
        "ref",
        "send_after",
        "send_info_after",
        "supervisor",
    }
)
"""Names that a server class may not define: they are how a server knows itself."""


class Continue:
    """Returned from `init`: run `handle_continue` before any queued message."""

    __slots__ = ("args",)

    def __init__(self, *args: object) -> None:
        self.args = args


class Timer:
    """A message that a server sends to itself later; ends with the server's life."""

    __slots__ = ("_alarm",)

    def __init__(self) -> None:
        self._alarm: Alarm | None = None

    def cancel(self) -> None:
        """Send nothing (more). A message that is queued already is still served."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    @property
    def remaining(self) -> float:
        """Seconds until the next message; 0 if there will be none."""
        if self._alarm is None or not self._alarm.pending:
            return 0.0
        return max(0.0, self._alarm.at - trio.current_time())


class GenServer:
    """A server: state in an object, messages one at a time, supervised.

    Subclass it; decorate async methods with `call` (the caller waits for the
    result) or `cast` (nobody waits); run it with ``child(MyServer, *args)``. Each
    life gets a fresh object. All callbacks are optional.

    Messages of one sender are served in order, one at a time; a handler that waits
    makes the others wait. An exception in a handler ends the life (unless declared
    in ``@call(raises=...)``): every caller gets `ServerExit` at once, and the
    supervisor decides what follows.
    """

    __handlers__: ClassVar[dict[Operation, Handler]] = {}
    # Set by the runtime before `init`; a class default so that __init__ is free.
    _kid: Kid | None = None
    _continue: tuple[object, ...] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        taken = RESERVED & set(vars(cls))
        if taken:
            raise TypeError(
                f"{cls.__qualname__} defines {', '.join(sorted(taken))}: "
                "reserved, a GenServer has this of its own"
            )
        cls.__handlers__ = handlers_of(cls)

    # Callbacks.

    async def init(self) -> Continue | None:
        """Finish the start; the server is ready when this returns.

        May raise `Ignore` (not needed, no error) or `Stop` (a failed start without
        an error log); any other exception is a failed start.
        """
        return None

    async def handle_continue(self, *args: Any) -> None:
        """Go on with what `init` or `continue_with` left over.

        Raises:
            NotImplementedError: continued, but this is not overridden (GS-038).
        """
        raise NotImplementedError(
            f"{type(self).__qualname__} was to continue with {args!r} "
            "but has no handle_continue"
        )

    async def handle_info(self, message: Any) -> None:
        """Take what `ServerRef.send` delivered; by default log it and go on."""
        _logger.warning(
            "server %s got a message it has no handle_info for: %.200r",
            self._own_kid().path_text,
            message,
        )

    async def terminate(self, exit: Exit) -> None:
        """Clean up: runs on every end but a failed `init` and a brutal kill.

        It has what is left of the child's `shutdown` seconds, then it is
        cancelled. An exception here replaces the exit's and is logged.
        """

    # What a server knows of itself, from `init` on.

    def _own_kid(self) -> Kid:
        if self._kid is None:
            raise RuntimeError(
                f"{type(self).__qualname__} does not run under a supervisor (yet): "
                "this is available from init on, not in __init__"
            )
        return self._kid

    @property
    def ref(self) -> ServerRef[Self]:
        """The handle of this server, as others see it."""
        return cast("ServerRef[Self]", self._own_kid().handle)

    @property
    def id(self) -> Hashable:
        """The id under the supervisor."""
        return self._own_kid().id

    @property
    def path(self) -> tuple[Hashable, ...]:
        """The ids from the root."""
        return self._own_kid().handle.path

    @property
    def life(self) -> int:
        """The number of this life: 1, 2, 3 and so on."""
        return self._own_kid().life

    @property
    def key(self) -> Hashable | None:
        """The key of the name that the specification gave, or None."""
        name = self._own_kid().spec.name
        return name.key if isinstance(name, Via) else name

    @property
    def supervisor(self) -> Supervisor | DynamicSupervisor:
        """The handle of the supervisor."""
        parent = self._own_kid().parent
        assert parent is not None
        return cast("Supervisor | DynamicSupervisor", parent.kid.handle)

    def continue_with(self, *args: object) -> None:
        """Run ``handle_continue(*args)`` right after this, before any message.

        Called twice in one handler, the later arguments win.
        """
        self._continue = args

    # Timers.

    def send_after(
        self, seconds: float, op: Cast[Self, P], *args: P.args, **kwargs: P.kwargs
    ) -> Timer:
        """Cast `op` to this server itself in so many seconds.

        Give the operation as ``type(self).tick`` or ``MyServer.tick``. A full
        mailbox drops the message, counted as dropped.
        """
        handler = self.__handlers__[op]
        return self._start_timer(seconds, CastNote(handler, args, kwargs), None)

    def send_info_after(self, seconds: float, message: object) -> Timer:
        """Send `message` to this server's `handle_info` in so many seconds."""
        return self._start_timer(seconds, InfoNote(message), None)

    def every(
        self, seconds: float, op: Cast[Self, P], *args: P.args, **kwargs: P.kwargs
    ) -> Timer:
        """Cast `op` to this server itself every so many seconds.

        First after `seconds`, then at multiples of it, without drift. At most one
        tick is queued at a time: a slow server skips ticks.

        Raises:
            ValueError: `seconds` is not above 0.
        """
        if not seconds > 0:
            raise ValueError(f"every() needs seconds > 0, not {seconds!r}")
        handler = self.__handlers__[op]
        return self._start_timer(seconds, CastNote(handler, args, kwargs), seconds)

    def _start_timer(
        self, seconds: float, note: CastNote | InfoNote, period: float | None
    ) -> Timer:
        kid = self._own_kid()
        queue = kid.mailbox
        assert queue is not None
        timer, life, clock = Timer(), kid.life, alarm_clock()

        def ring(due: float) -> None:
            timer._alarm = None
            if kid.life != life or not kid.alive:
                return
            waiting = period is not None and any(
                item is note for item in (*queue.batch, *queue.inbox)
            )
            if not waiting:
                try:
                    queue.put_note(note)
                except MailboxFull:
                    queue.dropped += 1
                except NoProcess:
                    return  # it is being stopped
            if period is not None:
                following = due + period
                timer._alarm = clock.at(following, lambda: ring(following))

        first = trio.current_time() + max(0.0, seconds)
        timer._alarm = clock.at(first, lambda: ring(first))
        return timer
