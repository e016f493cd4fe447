"""What a server class may define: the callbacks that the loop calls.

`GenServer` is this plus what a server knows of itself. The rest of the room, which only
calls, needs no more than this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from trio_sup._core.clean import clean, safe_repr
from trio_sup._core.exits import Exit
from trio_sup._core.specs import Runs
from trio_sup._trio.log import Log

if TYPE_CHECKING:
    from trio_sup._servers.context import ServerContext
    from trio_sup._servers.handlers import Handler, Operation

_log = Log("trio_sup")


class Continue:
    """Returned from `init`: run `handle_continue` before any queued message."""

    __slots__ = ("args",)

    def __init__(self, *args: object) -> None:
        self.args: tuple[object, ...] = args


class ServerBase:
    """What every server class has; users subclass `GenServer` or `StateMachine`."""

    __handlers__: ClassVar[dict[Operation, Handler]] = {}
    # Names that neither a class nor an object may take.
    __reserved__: ClassVar[frozenset[str]] = frozenset()
    __version__: ClassVar[object] = None
    """What `migrate` of another class is told of the state of this one."""
    # How its children come to life; None for plain servers.
    __runs__: ClassVar[Runs | None] = None
    # Set by the runtime before `init`; a class default so that __init__ is free.
    __inner__: ServerContext | None = None

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
        _log.warning(
            "server %s got a message it has no handle_info for: %.200s",
            self._own().record.path_text,
            clean(safe_repr(message)),
        )

    async def terminate(self, exit: Exit) -> None:
        """Clean up: runs on every end but a failed `init` and a brutal kill.

        It has what is left of the child's `shutdown` seconds, then it is
        cancelled. An exception here replaces the exit's and is logged.
        """

    async def migrate(self, old_state: dict[str, object], old_version: object) -> None:
        """Take over the state of the life before, of another class or specification.

        Called after `init`, before the server is ready, when `Supervisor.reconfigure`
        ends a life because of what is new about this child (not because of a sibling).
        Without it the new life starts fresh. What it raises is a failed start: the
        life before is not there any more, but the specification before comes back, and
        its class is given the state if it has a `migrate`, too. (GS-091)

        Args:
            old_state: The attributes of the object before, as after its `terminate`,
                which was told (``exit.reason``) that its state is carried over.
            old_version: ``__version__`` of its class; None if it has none.
        """

    def format_status(self, status: dict[str, object]) -> dict[str, object]:
        """Change what people see of this server: hide secrets here.

        Called for `ServerRef.get_status` and for traces; not for `get_state`. Must
        be quick; if it raises, a placeholder is shown.

        Args:
            status: (GS-090) ``state``, a dict of the attributes; in traces ``message``, too:
                the arguments, the answer or the error.
        """
        return status

    async def __begin__(self) -> None:
        """The last step of the start, after `init`; for kinds of servers, not users."""

    def _own(self) -> ServerContext:
        inner = self.__inner__
        if inner is None:
            raise RuntimeError(
                f"{type(self).__qualname__} does not run under a supervisor (yet): "
                "this is available from init on, not in __init__"
            )
        return inner
