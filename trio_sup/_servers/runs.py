"""What a server is to the tree: its handle, its mailbox, its loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from trio_sup._children.life import PlainBody
from trio_sup._core.specs import Runs
from trio_sup._servers.callbacks import ServerBase
from trio_sup._servers.loop import serve
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.ref import ServerRef
from trio_sup._servers.state import state_of
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.exits import Exit
    from trio_sup._servers.genserver import GenServer


KEEP: Final = ()


@protected
class ServerBody(MailQueue, PlainBody):
    """The body of a server: its mailbox, over all its lives, and the loop of each."""

    __slots__ = ("_dress", "_left")

    hears = True

    def __init__(self, record: Record) -> None:
        super().__init__(record, record.spec.mailbox)
        # None; KEEP: what the life in progress leaves is kept; or what one has left.
        self._left: tuple[dict[str, object], object] | tuple[()] | None = None
        self._dress: Callable[[type[Any]], type[Any]] | None = None
        self.respecified()

    def keep_state(self) -> None:
        """The life in progress is to leave its state to the next one."""
        self._left = KEEP

    def leave_state(self, server: ServerBase) -> None:
        """A life ends: keep its state, if the next one is to be given it."""
        if self._left == KEEP:
            self._left = state_of(server), type(server).__version__

    def state_left(self) -> tuple[dict[str, object], object] | None:
        """What a former life left: its state, and the version of its class."""
        return self._left or None

    def state_taken(self) -> None:
        """A life is ready: what a former one left has served its purpose."""
        self._left = None

    def respecified(self) -> None:
        """Go by the class and the bound that its specification names now."""
        spec = self.record.spec
        self.policy = spec.mailbox
        self.target = spec.target if self._dress is None else self._dress(spec.target)
        self.handlers = self.target.__handlers__

    def dress(self, how: Callable[[type[Any]], type[Any]]) -> None:
        """Let the next life be one of a subclass that does more than the class does."""
        if self._dress is not how:
            self._dress = how
            self.respecified()

    @property
    def mailbox(self) -> Any:
        """Its messages."""
        return self

    def begin_life(self) -> None:
        """Take messages from now on, `init` included."""
        self.open()

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited."""
        return serve(record, self)

    def ask(self, record: Record, reason: str) -> bool:
        """Stop behind what is queued; cancel what is not ready yet."""
        if not record.ready:
            self.cancel(record, reason)
            return True
        self.request_stop()
        return False

    def over(self, exit: Exit) -> None:
        """A life has ended: answer its callers."""
        self.life_over(exit)

    def at_rest(self, exit: Exit | None) -> None:
        """Answer what was kept for a next life."""
        self._left = None
        self.no_next_life(exit)


def _handle(record: Record) -> ServerRef[GenServer]:
    ref: type[ServerRef[GenServer]] = ServerRef
    return ref._create(record)  # pyright: ignore[reportPrivateUsage]


def _carries(target: type[ServerBase]) -> bool:
    return target.migrate is not ServerBase.migrate


SERVER = Runs(handle=_handle, body=ServerBody, carries=_carries)
"""How a server comes to life."""
