"""Records, states and topics on Redis, for one node."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from attrs import define

from trio_sup.cluster._backends.infos import text_of
from trio_sup.cluster._rules.words import (
    Gone,
    Kept,
    Listing,
    Name,
    NodeId,
    NodeInfo,
    Stale,
    Swapped,
    Token,
)


class Way(Protocol):
    """The way of one node to Redis."""

    def run_script(self, script: str, *args: Any) -> Awaitable[Any]:
        """Let Redis run a script of ours."""
        ...

    def listen(self, channel: str, *, on: bool) -> None:
        """Subscribe to a channel, over all reconnects, or no more."""

    def post(self, channel: str, data: bytes) -> None:
        """Publish on a channel."""


@define(eq=False)
class RedisRecords:
    """What Redis keeps for supervisors; see `link.Records`."""

    _way: Way

    async def announce(self, info: NodeInfo) -> bool:
        """Tell anew what a node is."""
        return bool(await self._way.run_script("announce", info.id, text_of(info)))

    async def follow(self) -> None:
        """Be told of each change."""
        self._way.listen("records", on=True)

    async def swap(
        self, node: NodeId, shelf: str, name: Name, old: str | None, new: str | None
    ) -> Swapped | Gone:
        """Change a record."""
        how, what, *version = await self._way.run_script(
            "swap", node, shelf, name, old or "", new or ""
        )
        if how == b"gone":
            return Gone(what.decode())
        number = int(version[0]) if version else 0
        return Swapped(how == b"done", what.decode() or None, number)

    async def listing(self, shelf: str) -> Listing:
        """Return all records of a shelf."""
        generation, version, found = await self._way.run_script("listing", shelf)
        pairs = zip(found[::2], found[1::2], strict=True)
        records = {Name(name.decode()): text.decode() for name, text in pairs}
        return Listing(generation.decode(), int(version), records)


@define(eq=False)
class RedisStates:
    """What Redis keeps of servers; see `link.States`."""

    _way: Way

    async def open(self, name: Name, token: Token) -> Kept | Stale:
        """Read a state, to write it from now on."""
        is_open, answer = await self._way.run_script("open_state", name, token)
        return Kept(answer) if is_open else Stale(Token(int(answer)))

    async def write(self, name: Name, token: Token, data: bytes) -> bool:
        """Write a state."""
        return bool(await self._way.run_script("write_state", name, token, data))

    async def drop(self, name: Name) -> bool:
        """Forget a state."""
        return bool(await self._way.run_script("drop_state", name))


@define(eq=False)
class RedisTopics:
    """Topics on Redis; see `link.Topics`."""

    _way: Way
    _most: int

    def publish(self, topic: str, data: bytes) -> None:
        """Send a message to all who listen."""
        if len(data) > self._most:
            raise ValueError(f"a message of {len(data)} bytes is too long")
        self._way.post(f"topic:{topic}", data)

    def subscribe(self, topic: str) -> None:
        """Listen from now on."""
        self._way.listen(f"topic:{topic}", on=True)

    def unsubscribe(self, topic: str) -> None:
        """Listen no more."""
        self._way.listen(f"topic:{topic}", on=False)
