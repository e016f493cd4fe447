"""Records, states and topics on PostgreSQL, for one node."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any, Final, Protocol

from attrs import define

from trio_sup.cluster._backends.infos import recorded, text_of
from trio_sup.cluster._backends.postgres_wire import Rows
from trio_sup.cluster._rules.words import (
    Gone,
    Kept,
    Listing,
    Name,
    NodeId,
    NodeInfo,
    Posted,
    Push,
    Stale,
    Swapped,
    Token,
)

RECORDS: Final = "records"
"""What is listened to for changes of records; topics are in quotes."""


class Way(Protocol):
    """The way of one node to PostgreSQL."""

    def run_function(self, name: str, *args: str | int | bytes) -> Awaitable[Any]:
        """Let PostgreSQL run a function of ours."""
        ...

    def select(self, name: str, *args: str | int | bytes) -> Awaitable[Rows]:
        """Let PostgreSQL run a function of ours that returns rows."""
        ...

    def listen_to(self, what: str, *, on: bool) -> None:
        """Be told of something, over all reconnects, or no more."""

    def post(self, what: str, data: bytes) -> None:
        """Tell all who listen to it."""


@define(eq=False)
class PostgresRecords:
    """What PostgreSQL keeps for supervisors; see `link.Records`."""

    _way: Way

    async def announce(self, info: NodeInfo) -> bool:
        """Tell anew what a node is."""
        return bool(await self._way.run_function("announce", info.id, text_of(info)))

    async def follow(self) -> None:
        """Be told of each change."""
        self._way.listen_to(RECORDS, on=True)

    async def swap(
        self, node: NodeId, shelf: str, name: Name, old: str | None, new: str | None
    ) -> Swapped | Gone:
        """Change a record."""
        how, what, *version = await self._way.run_function(
            "swap", node, shelf, name, old or "", new or ""
        )
        if how == "gone":
            return Gone(what)
        return Swapped(how == "done", what or None, *version)

    async def listing(self, shelf: str) -> Listing:
        """Return all records of a shelf."""
        generation, version, found = await self._way.run_function("listing", shelf)
        return Listing(generation, version, found or {})


@define(eq=False)
class PostgresStates:
    """What PostgreSQL keeps of servers; see `link.States`."""

    _way: Way

    async def open(self, name: Name, token: Token) -> Kept | Stale:
        """Read a state, to write it from now on."""
        [(later, kept)] = await self._way.select("open_state", name, token)
        if later is not None:
            return Stale(Token(int.from_bytes(later, signed=True)))
        return Kept(kept)

    async def write(self, name: Name, token: Token, data: bytes) -> bool:
        """Write a state."""
        return bool(await self._way.run_function("write_state", name, token, data))

    async def drop(self, name: Name) -> bool:
        """Forget a state."""
        return bool(await self._way.run_function("drop_state", name))


@define(eq=False)
class PostgresTopics:
    """Topics on PostgreSQL; see `link.Topics`."""

    _way: Way

    def publish(self, topic: str, data: bytes) -> None:
        """Send a message to all who listen."""
        self._way.post(json.dumps(topic), data)

    def subscribe(self, topic: str) -> None:
        """Listen from now on."""
        self._way.listen_to(json.dumps(topic), on=True)

    def unsubscribe(self, topic: str) -> None:
        """Listen no more."""
        self._way.listen_to(json.dumps(topic), on=False)


def heard(what: str, data: bytes) -> Push | None:
    """Read what a node is told that listens to something; None if it makes no sense."""
    if what == RECORDS:
        return recorded(data)
    return Posted(json.loads(what), data)
