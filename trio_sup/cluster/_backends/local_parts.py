"""Records, states and topics of the embedded engine, for one node."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Protocol

import trio
from attrs import Factory, define

from trio_sup.cluster._rules.engine import Engine
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


class Way(Protocol):
    """The way of one node to the embedded engine."""

    @property
    def records(self) -> LocalRecords:
        """Its records."""
        ...

    @property
    def topics(self) -> LocalTopics:
        """Its topics."""
        ...

    async def engine(self) -> Engine:
        """Reach the engine."""
        ...

    def do(self, deed: Callable[[], None]) -> None:
        """Do something in the engine."""

    def others(self) -> Collection[Way]:
        """All who listen."""
        ...

    def take_push(self, push: Push) -> None:
        """Take what comes from other nodes."""


@define(eq=False)
class LocalRecords:
    """What the embedded engine keeps for supervisors; see `link.Records`."""

    _way: Way
    follows: bool = False
    """Whether this node is told of changes."""

    async def announce(self, info: NodeInfo) -> bool:
        """Tell anew what a node is."""
        return (await self._way.engine()).announce(trio.current_time(), info)

    async def follow(self) -> None:
        """Be told of each change."""
        await self._way.engine()
        self.follows = True

    async def swap(
        self, node: NodeId, shelf: str, name: Name, old: str | None, new: str | None
    ) -> Swapped | Gone:
        """Change a record."""
        engine, now = await self._way.engine(), trio.current_time()
        if not engine.lives(now, node):
            return Gone(engine.generation)
        swapped, told = engine.records.swap(now, shelf, name, old, new)
        if told is not None:
            for other in self._way.others():
                if other.records.follows:
                    other.take_push(told)
        return swapped

    async def listing(self, shelf: str) -> Listing:
        """Return all records of a shelf."""
        engine = await self._way.engine()
        return engine.records.listing(engine.generation, shelf)


@define(eq=False)
class LocalStates:
    """What the embedded engine keeps of servers; see `link.States`."""

    _way: Way

    async def open(self, name: Name, token: Token) -> Kept | Stale:
        """Read a state, to write it from now on."""
        return (await self._way.engine()).open_state(name, token)

    async def write(self, name: Name, token: Token, data: bytes) -> bool:
        """Write a state."""
        return (await self._way.engine()).write_state(name, token, data)

    async def drop(self, name: Name) -> bool:
        """Forget a state."""
        return (await self._way.engine()).drop_state(name)


@define(eq=False)
class LocalTopics:
    """The topics of the embedded engine; see `link.Topics`."""

    _way: Way
    subscribed: set[str] = Factory(set[str])

    def publish(self, topic: str, data: bytes) -> None:
        """Send a message to all who listen."""
        self._way.do(partial(self._publish, topic, data))

    def _publish(self, topic: str, data: bytes) -> None:
        for other in self._way.others():
            if topic in other.topics.subscribed:
                other.take_push(Posted(topic, data))

    def subscribe(self, topic: str) -> None:
        """Listen from now on."""
        self.subscribed.add(topic)

    def unsubscribe(self, topic: str) -> None:
        """Listen no more."""
        self.subscribed.discard(topic)
