"""GenServer: a class whose instances live in a task and answer messages."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar, ParamSpec, Self, Unpack, cast

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.watching import Until
from trio_sup._core.addresses import Via
from trio_sup._core.options import OF_A_SERVER, ServerOptions, hand_on, merged
from trio_sup._core.specs import ChildSpec
from trio_sup._servers.callback_checks import check_callbacks
from trio_sup._servers.callbacks import ServerBase
from trio_sup._servers.handlers import Handler, Operation, fitting
from trio_sup._servers.messages import InfoNote, TimedNote
from trio_sup._servers.monitors import Monitor, watch_for_server
from trio_sup._servers.operations import Cast, handlers_of
from trio_sup._servers.reserved import RESERVED, check_class, guarded
from trio_sup._servers.timers import Timer

if TYPE_CHECKING:
    from trio_sup._children.record import Child
    from trio_sup._children.supervising import SpecSupervisor
    from trio_sup._servers.context import ServerContext
    from trio_sup._servers.ref import ServerRef

P = ParamSpec("P")


@guarded
class GenServer(ServerBase):
    """A server: state in an object, messages one at a time, supervised.

    Subclass it; decorate async methods with `call` (the caller waits for the
    result) or `cast` (nobody waits); run it with ``child(MyServer, *args)``. Each
    life gets a fresh object. All callbacks are optional.

    What a class is given by keyword holds for all its children, unless `child` is told
    otherwise: ``class Greeter(GenServer, restart="transient")``.

    Messages of one sender are served in order, one at a time; a handler that waits
    makes the others wait. An exception in a handler ends the life (unless declared
    in ``@call(raises=...)``): every caller gets `ServerExit` at once, and the
    supervisor decides what follows.
    """

    __handlers__: ClassVar[dict[Operation, Handler]]
    __options__: ClassVar[ServerOptions] = {}
    __reserved__: ClassVar[frozenset[str]] = RESERVED

    def __init_subclass__(cls, **options: Unpack[ServerOptions]) -> None:
        """Make a server class, with the options that its specifications begin with.

        Args:
            options: Those of `ServerOptions`, for all specifications of this class and
                its subclasses; what `child` is given goes before them.

        Raises:
            TypeError: a reserved name is defined; a callback cannot be called as it
                will be; an operation is overridden by another kind; no option of a
                server.
            ChildSpecError: an invalid value or combination.
        """
        own = OF_A_SERVER & options.keys()
        hand_on(super().__init_subclass__, cls, options, own)
        cls.__options__ = merged(cls.__options__, options, own)
        check_class(cls)
        check_callbacks(cls)
        cls.__handlers__ = handlers_of(cls)
        if own:
            ChildSpec(kind="server", target=cls, **cls.__options__)  # raises

    # What a server knows of itself, from `init` on.

    def _own_here(self, call: str) -> ServerContext:
        inner = self._own()
        inner.check_run(f"self.{call}")
        return inner

    @property
    def ref(self) -> ServerRef[Self]:
        """The handle of this server, as others see it."""
        return cast("ServerRef[Self]", self._own().record.handle)

    @property
    def id(self) -> Hashable:
        """The id under the supervisor."""
        return self._own().record.id

    @property
    def path(self) -> tuple[Hashable, ...]:
        """The ids from the root."""
        return self._own().record.handle.path

    @property
    def life(self) -> int:
        """The number of this life: 1, 2, 3 and so on."""
        return self._own().life

    @property
    def key(self) -> Hashable | None:
        """The key of the name that the specification gave, or None."""
        name = self._own().record.spec.name
        return name.key if isinstance(name, Via) else name

    @property
    def supervisor(self) -> SpecSupervisor:
        """The handle of the supervisor."""
        parent = self._own().record.parent
        assert parent is not None
        return cast("SpecSupervisor", parent.record.handle)

    def continue_with(self, *args: object) -> None:
        """Run ``handle_continue(*args)`` right after this, before any message.

        Called twice in one handler, the later arguments win.
        """
        inner = self._own_here("continue_with")
        inner.to_continue = args
        inner.record.mailbox.seldom = True

    # Timers.

    @enable_ki_protection
    def send_after(
        self, seconds: float, op: Cast[Self, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> Timer:
        """Cast `op` to this server itself in so many seconds.

        Give the operation as ``type(self).tick`` or ``MyServer.tick``. A full
        mailbox drops the message, counted as dropped. The timer, and a message of
        it that still waits, ends with this life.
        """
        inner = self._own_here("send_after")
        return Timer(inner, self._note(op, args, kwargs), seconds)

    @enable_ki_protection
    def send_info_after(self, seconds: float, message: object) -> Timer:
        """Send `message` to this server's `handle_info` in so many seconds."""
        inner = self._own_here("send_info_after")
        return Timer(inner, InfoNote(message, timer_of=inner.life), seconds)

    @enable_ki_protection
    def every(
        self, seconds: float, op: Cast[Self, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> Timer:
        """Cast `op` to this server itself every so many seconds.

        First after `seconds`, then at multiples of it, without drift. At most one
        tick is queued at a time: a slow server skips ticks.

        Raises:
            ValueError: `seconds` is not a number above 0.
        """
        if not 0 < seconds < math.inf:
            raise ValueError(f"every() needs seconds > 0, not {seconds!r}")
        inner = self._own_here("every")
        return Timer(inner, self._note(op, args, kwargs), seconds, seconds)

    @enable_ki_protection
    def idle_after(
        self, seconds: float, op: Cast[Self, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Run `op` if no message comes within so many seconds from now.

        Once: the next message cancels it, and its handler may ask anew. A message
        that waits already wins, even against 0 seconds. Looking at the server
        (`get_state` and its kin) neither cancels nor postpones it; while it is
        suspended, it waits. ``math.inf`` cancels. (GS-050..053)
        """
        inner = self._own_here("idle_after")
        note = self._note(op, args, kwargs)
        inner.idle = None if seconds == math.inf else note
        inner.idle_at = trio.current_time() + seconds
        inner.record.mailbox.seldom = True

    def _note(
        self, op: Operation, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> TimedNote:
        handler = fitting(type(self), op, args, kwargs, is_call=False)
        return TimedNote(handler, args, kwargs, self._own().life)

    # Others.

    @enable_ki_protection
    def monitor(self, target: Child, *, until: Until = "life") -> Monitor:
        """Hear of the ends of a child: `handle_info` gets a `Down` for each.

        The message never waits for room and is never dropped. If the child is down
        already, one comes at once, with an exit of kind ``noproc``. Monitors are
        independent of each other, outlive the child's restarts, and end with this
        life. (MON-001..005)

        Args:
            target: Any handle. An address (`Registry.ref`) means who holds it now; if
                nobody does, one `Down` of life 0 with kind ``noproc`` comes.
            until: ``life``: a `Down` for the end of each life. ``stopped``: a single
                one, when the child is down and does not come back by itself.
        """
        return watch_for_server(self._own_here("monitor").record, target, until)
