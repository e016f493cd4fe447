"""The handle of a listener."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from trio_sup._children.record import Child
from trio_sup._children.supervising import SupervisorHandle, descend
from trio_sup._listening.accepting import Opened
from trio_sup._tree.dynamic import DynamicSupervisor

if TYPE_CHECKING:
    from trio_sup._children.record import Record

T_co = TypeVar("T_co", covariant=True)

CONNECTIONS: Final = "connections"
SOCKETS: Final = "sockets"
ACCEPTOR: Final = "acceptor"


class Listener(SupervisorHandle, Generic[T_co]):
    """A listener: where clients come to, and their connections.

    Made by `tcp_listener`, `unix_listener` and `listener`. It is a supervisor of three
    children: ``connections`` starts empty, and each client is a ``temporary`` child of
    it; ``sockets`` holds what clients come to; ``acceptor`` accepts them. They are
    stopped in reverse: nobody is accepted any more, the sockets are closed, and then
    the connections have their grace.
    """

    __slots__ = ()

    @property
    def value(self) -> T_co:
        """Where it listens: the port, the path, or Trio's listeners.

        Raises:
            NoProcess: it does not listen at present.
        """
        held = cast("Child[Opened]", descend(self.record, (SOCKETS,)).handle)
        return cast("T_co", held.value.value)

    async def wait_value(self) -> T_co:
        """Wait until it listens, and return its `value`. A checkpoint.

        Raises:
            NoProcess: it is down and will not come back by itself.
        """
        await self.wait_running()
        return self.value

    @property
    def connections(self) -> DynamicSupervisor:
        """The supervisor of the connections: to count, find and end them.

        The id of each is its client: ``192.0.2.7:51324`` for TCP, ``pid 4711 #3`` for
        a unix socket where the system says who it is, else ``client #3``.
        """
        handle = descend(self.record, (CONNECTIONS,)).handle
        assert isinstance(handle, DynamicSupervisor)
        return handle


def sibling(record: Record, id: str) -> Any:
    """Return the record of another child of a listener."""
    assert record.parent is not None
    return record.parent.core.records[id]
