"""The embedded engine: it needs nothing installed, and serves the nodes of one process.

It can be made to fail on purpose, one node at a time, in virtual time too: so a program
sees in its tests what a network does to it.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Final

import trio

from trio_sup._trio.wake import Waiters
from trio_sup.cluster._backends.link import Link, LinkDown
from trio_sup.cluster._backends.local_parts import (
    LocalRecords,
    LocalStates,
    LocalTopics,
)
from trio_sup.cluster._rules.engine import Engine
from trio_sup.cluster._rules.words import (
    Beat,
    Claimed,
    Frame,
    Freed,
    Frozen,
    Gone,
    Guarantees,
    Name,
    NodeId,
    NodeInfo,
    Push,
    Reset,
    Taken,
    Token,
    Undelivered,
)

INBOX: Final = 65_536
"""How many messages may wait for a node that does not read."""

_GUARANTEES: Final = Guarantees("process", "memory", 1 << 24)


class LocalBackend:
    """An engine in this very process, for all nodes that are opened with it.

    The faults are for tests. Each is told the name of a node, as given to
    `open_cluster`, and lasts until it is taken back.
    """

    def __init__(self) -> None:
        self._generations = count(1)
        self._engine = Engine(self._next_generation())
        self._links: dict[NodeId, LocalLink] = {}
        self._paused: set[str] = set()
        self._cut: set[str] = set()
        self._waiters = Waiters()

    def _next_generation(self) -> str:
        return f"local-{next(self._generations)}"

    @asynccontextmanager
    async def connect(self, name: str, *, grace: float) -> AsyncGenerator[Link]:
        """Open a link for a node; see `Backend`."""
        await trio.lowlevel.checkpoint()
        link = LocalLink(self, name, grace)
        try:
            yield link
        finally:
            self._links = {
                id: one for id, one in self._links.items() if one is not link
            }

    # Faults.

    def pause(self, node: str) -> None:
        """Let nothing pass between a node and the engine; what is sent meanwhile waits."""
        self._paused.add(node)

    def cut(self, node: str) -> None:
        """Refuse all that a node asks; what is sent to it is lost."""
        self._cut.add(node)

    def heal(self, node: str) -> None:
        """Take back `pause` and `cut`."""
        was_cut = node in self._cut
        self._paused.discard(node)
        self._cut.discard(node)
        for link in self._of(node):
            link.flush()
            if was_cut:
                link.put(Reset())
        self._waiters.wake()

    def lose_lease(self, node: str) -> None:
        """Let the engine drop a node at once, as if its lease had ended."""
        for id, link in self._links.items():
            if link.name == node:
                self._engine.leave(trio.current_time(), id)
        self.freed()

    def forget(self) -> None:
        """Lose all data, as an engine does that was restarted without any."""
        now = trio.current_time()
        self._engine = Engine(self._next_generation(), fresh_since=now)

    def _of(self, node: str) -> list[LocalLink]:
        return [link for link in self._links.values() if link.name == node]

    # What the links need.

    @property
    def engine(self) -> Engine:
        """The memory that there is at present; not for users."""
        return self._engine

    async def pass_gate(self, node: str) -> None:
        """Wait while a node is paused, and refuse if it is cut off; not for users."""
        await trio.lowlevel.checkpoint()
        while node in self._paused:
            await self._waiters.wait()
        if node in self._cut:
            raise LinkDown(f"node {node!r} is cut off from the engine")

    def is_paused(self, node: str) -> bool:
        """Whether what a node sends waits; not for users."""
        return node in self._paused

    def is_open(self, node: str) -> bool:
        """Whether messages reach a node; not for users."""
        return node not in self._cut

    def listen(self, node: NodeId, link: LocalLink) -> None:
        """A node takes messages from now on; not for users."""
        self._links[node] = link

    def listener(self, node: NodeId) -> LocalLink | None:
        """Return who takes the messages for a node; not for users."""
        return self._links.get(node)

    def freed(self) -> None:
        """Tell all that a name may be free; not for users."""
        for link in self._links.values():
            link.put(Freed())

    @property
    def links(self) -> Collection[LocalLink]:
        """All who take messages, each once; not for users."""
        return list(dict.fromkeys(self._links.values()))


class LocalLink:
    """The way from one node to the embedded engine."""

    guarantees = _GUARANTEES

    def __init__(self, backend: LocalBackend, name: str, grace: float) -> None:
        self.name = name
        self._backend = backend
        self._grace = grace
        self._send, self._receive = trio.open_memory_channel[Push](math.inf)
        # What was sent while this node was paused.
        self._held: list[Callable[[], None]] = []
        self.records: LocalRecords = LocalRecords(self)
        self.states: LocalStates = LocalStates(self)
        self.topics: LocalTopics = LocalTopics(self)

    def time(self) -> float:
        """Trio's clock, so that it may be virtual."""
        return trio.current_time()

    async def engine(self) -> Engine:
        """Reach the engine; raises `LinkDown`."""
        await self._backend.pass_gate(self.name)
        return self._backend.engine

    async def join(self, info: NodeInfo, ttl: float) -> None:
        """See `Link`, as all that follows."""
        engine = await self.engine()
        engine.join(trio.current_time(), info, ttl)
        self._backend.listen(info.id, self)

    async def beat(self, node: NodeId) -> Beat | Gone:
        """Renew the lease, and drop those whose lease has ended."""
        engine = await self.engine()
        if engine.reap(trio.current_time()):
            self._backend.freed()
        return engine.beat(trio.current_time(), node)

    async def leave(self, node: NodeId) -> None:
        """Give the lease back."""
        engine = await self.engine()
        if engine.leave(trio.current_time(), node):
            self._backend.freed()

    async def claim(self, node: NodeId, name: Name) -> Claimed | Taken | Frozen | Gone:
        """Ask for a name."""
        engine = await self.engine()
        return engine.claim(trio.current_time(), node, name, self._grace)

    async def keep(
        self, node: NodeId, name: Name, token: Token
    ) -> Claimed | Taken | Gone:
        """Assert that this node holds a name."""
        engine = await self.engine()
        return engine.keep(trio.current_time(), node, name, token)

    async def release(self, node: NodeId, name: Name, token: Token) -> bool:
        """Free a name."""
        engine = await self.engine()
        done = engine.release(trio.current_time(), node, name, token)
        if done:
            self._backend.freed()
        return done

    async def lookup(self, name: Name) -> Taken | None:
        """Ask who holds a name."""
        engine = await self.engine()
        return engine.lookup(trio.current_time(), name)

    async def owned(self, node: NodeId) -> dict[Name, Token]:
        """Ask what the engine thinks a node holds."""
        engine = await self.engine()
        return engine.owned(trio.current_time(), node)

    def send(self, to: NodeId, data: bytes) -> None:
        """Hand a message over to the node that it is for."""
        if len(data) > self.guarantees.max_frame:
            raise ValueError(f"a message of {len(data)} bytes is too long")
        self.do(partial(self._deliver, to, data))

    def do(self, deed: Callable[[], None]) -> None:
        """Do something in the engine: at once, or when this node is no more paused.

        Raises:
            LinkDown: it is cut off.
        """
        if not self._backend.is_open(self.name):
            raise LinkDown(f"node {self.name!r} is cut off from the engine")
        if self._backend.is_paused(self.name):
            self._held.append(deed)
        else:
            deed()

    def flush(self) -> None:
        """Do what was held back while this node was paused."""
        held, self._held = self._held, []
        for deed in held:
            deed()

    def others(self) -> Collection[LocalLink]:
        """All who listen, this one too."""
        return self._backend.links

    def _deliver(self, to: NodeId, data: bytes) -> None:
        link = self._backend.listener(to)
        if link is None:
            self.put(Undelivered(to, data))
        else:
            link.take(data)

    def take(self, data: bytes) -> None:
        """Take a message from another node; lost while this one is cut off, or full."""
        self.take_push(Frame(data))

    def take_push(self, push: Push) -> None:
        """Take what comes from other nodes; lost while this one is cut off, or full."""
        full = self._receive.statistics().current_buffer_used >= INBOX
        if self._backend.is_open(self.name) and not full:
            self._send.send_nowait(push)

    def put(self, push: Push) -> None:
        """Take what the engine itself has to say."""
        self._send.send_nowait(push)

    async def deliver(self, take: Callable[[Push], None]) -> None:
        """Give a function what the engine sends unasked."""
        async for push in self._receive:
            try:
                await self._backend.pass_gate(self.name)
            except LinkDown:
                continue  # lost
            take(push)
