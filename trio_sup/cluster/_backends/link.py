"""What an engine must supply; all else is the same for all engines."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from trio_sup._core.errors import SupervisionError
from trio_sup.cluster._rules.words import (
    Beat,
    Claimed,
    Frozen,
    Gone,
    Guarantees,
    Kept,
    Listing,
    Name,
    NodeId,
    NodeInfo,
    Push,
    Stale,
    Swapped,
    Taken,
    Token,
)


class LinkDown(SupervisionError):
    """The engine was not reached, or refused: what was asked may have been done."""


class Records(Protocol):
    """What an engine keeps for the supervisors of a cluster, and whom it tells.

    As with `Link`: waits for ever, raises `LinkDown`.
    """

    async def announce(self, info: NodeInfo) -> bool:
        """Tell anew what a node is; return whether it has a lease."""
        ...

    async def follow(self) -> None:
        """Be told of each change from now on, by `Recorded`; lasts over reconnects."""
        ...

    async def swap(
        self, node: NodeId, shelf: str, name: Name, old: str | None, new: str | None
    ) -> Swapped | Gone:
        """Change a record from `old` to `new`, each None for no record."""
        ...

    async def listing(self, shelf: str) -> Listing:
        """Return all records of a shelf."""
        ...


class States(Protocol):
    """What an engine keeps of servers that are durable, by the names that they have.

    As with `Link`: waits for ever, raises `LinkDown`.
    """

    async def open(self, name: Name, token: Token) -> Kept | Stale:
        """Read the state of a name, to write it from now on."""
        ...

    async def write(self, name: Name, token: Token, data: bytes) -> bool:
        """Write the state of a name; return False if a later holder has it.

        May be asked twice: whoever got no answer does not know.
        """
        ...

    async def drop(self, name: Name) -> bool:
        """Forget the state of a name; return whether there was one."""
        ...


class Topics(Protocol):
    """Messages for whoever listens; each comes as `Posted`, at most once.

    Those of one node arrive in their order. None of it blocks.
    """

    def publish(self, topic: str, data: bytes) -> None:
        """Send a message to all who have subscribed, this node too.

        Raises:
            LinkDown: it was not sent.
        """

    def subscribe(self, topic: str) -> None:
        """Listen from now on; lasts over reconnects."""

    def unsubscribe(self, topic: str) -> None:
        """Listen no more."""


class Link(Protocol):
    """The way from one incarnation of a node to the engine.

    What is asked through one link reaches the engine in the order of asking. Every
    method that waits may wait for ever: whoever asks sets the limit. Each raises
    `LinkDown` if the engine cannot be reached, or refuses for a reason of its own.
    """

    @property
    def guarantees(self) -> Guarantees:
        """What may be relied on."""
        ...

    @property
    def records(self) -> Records:
        """What it keeps for supervisors."""
        ...

    @property
    def states(self) -> States:
        """What it keeps of servers."""
        ...

    @property
    def topics(self) -> Topics:
        """Messages for many."""
        ...

    def time(self) -> float:
        """The clock of leases: seconds, going on while the machine sleeps."""
        ...

    async def join(self, info: NodeInfo, ttl: float) -> None:
        """Get a lease, and listen to what is sent to this node."""
        ...

    async def beat(self, node: NodeId) -> Beat | Gone:
        """Renew the lease."""
        ...

    async def leave(self, node: NodeId) -> None:
        """Give the lease back, and all names with it."""
        ...

    async def claim(self, node: NodeId, name: Name) -> Claimed | Taken | Frozen | Gone:
        """Ask for a name."""
        ...

    async def keep(
        self, node: NodeId, name: Name, token: Token
    ) -> Claimed | Taken | Gone:
        """Assert that this node holds a name."""
        ...

    async def release(self, node: NodeId, name: Name, token: Token) -> bool:
        """Free a name; return whether it was held with this token."""
        ...

    async def lookup(self, name: Name) -> Taken | None:
        """Ask who holds a name."""
        ...

    async def owned(self, node: NodeId) -> dict[Name, Token]:
        """Ask what the engine thinks a node holds."""
        ...

    def send(self, to: NodeId, data: bytes) -> None:
        """Send a message: in order for each receiver, at most once. Never blocks.

        Raises:
            LinkDown: it was not sent.
        """
        ...

    async def deliver(self, take: Callable[[Push], None]) -> None:
        """Give a function what the engine sends unasked, in its order, for ever.

        It is called by whoever reads the connection: it must neither block nor raise.
        """
        ...


class Backend(Protocol):
    """An engine, as `open_cluster` is given one."""

    def connect(self, name: str, *, grace: float) -> AbstractAsyncContextManager[Link]:
        """Open a link for a node.

        Args:
            name: What people call the node.
            grace: For how long an engine that may have forgotten lets nobody claim.
        """
        ...
