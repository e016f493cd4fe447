"""What a server is to the tree: its handle, its mailbox, its loop."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from trio_sup._children.bodies import PlainBody
from trio_sup._core.specs import Runs
from trio_sup._servers.loop import serve
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.ref import ServerRef
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.exits import Exit
    from trio_sup._servers.genserver import GenServer


@protected
class ServerBody(MailQueue, PlainBody):
    """The body of a server: its mailbox, over all its lives, and the loop of each."""

    __slots__ = ()

    hears = True

    def __init__(self, record: Record) -> None:
        super().__init__(record, record.spec.mailbox)
        self.respecified()

    def respecified(self) -> None:
        """Go by the class and the bound that its specification names now."""
        spec = self.record.spec
        self.policy = spec.mailbox
        self.handlers = spec.target.__handlers__

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
        self.no_next_life(exit)


def _handle(record: Record) -> ServerRef[GenServer]:
    ref: type[ServerRef[GenServer]] = ServerRef
    return ref._create(record)  # pyright: ignore[reportPrivateUsage]


SERVER = Runs(handle=_handle, body=ServerBody)
"""How a server comes to life."""
