"""Redis, from 7 on, or what speaks its protocol, as the engine."""

from __future__ import annotations

import math
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import trio
from attrs import Factory, field, frozen

from trio_sup._core.urls import without_secrets
from trio_sup._trio.beside import Beside
from trio_sup._trio.log import Log
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._backends.clock import lease_time
from trio_sup.cluster._backends.infos import info_of, recorded, text_of
from trio_sup.cluster._backends.link import Link, LinkDown
from trio_sup.cluster._backends.pushes import MOST_UNREAD, Pushes
from trio_sup.cluster._backends.redis_parts import (
    RedisRecords,
    RedisStates,
    RedisTopics,
)
from trio_sup.cluster._backends.redis_scripts import SCRIPTS
from trio_sup.cluster._backends.redis_wire import Address, Wire, open_wire
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
    Posted,
    Push,
    Reset,
    Taken,
    Token,
    Undelivered,
)

_log: Final = Log("trio_sup.cluster")
_GUARANTEES: Final = Guarantees("lease", "at-most-once", 16 * 1024 * 1024)


@frozen
class RedisBackend:
    """A Redis server as the engine: names by lease, messages by publish and subscribe.

    Args:
        url: ``redis://user:password@host:port/database``, ``rediss://`` for TLS, or
            ``unix:///path``.
        prefix: With what all keys and channels begin: clusters of different prefixes
            know nothing of each other.
        tls: For ``rediss://``, instead of the system's certificates.
        patience: After how many seconds of silence a connection counts as dead.

    Raises:
        ValueError: the URL is none of a Redis.
    """

    url: str = field(default="redis://localhost", repr=False)
    prefix: str = field(default="trio-sup", kw_only=True)
    tls: ssl.SSLContext | None = field(default=None, kw_only=True, repr=False)
    patience: float = field(default=5.0, kw_only=True)
    _address: Address = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(
            lambda self: Address.of(self.url, self.tls),
            takes_self=True,
        ),
    )

    @property
    def place(self) -> tuple[str, str, bool]:
        """The URL for people, which cluster of it, whether more is needed to be let in."""
        shown = without_secrets(self.url)
        return shown, self.prefix, shown != self.url or self.tls is not None

    @asynccontextmanager
    async def connect(self, name: str, *, grace: float) -> AsyncGenerator[Link]:
        """Open a link for a node; see `Backend`."""
        del name
        link = RedisLink(self._address, "{" + self.prefix + "}", grace, self.patience)
        async with Beside(link.run):
            yield link


@protected
class RedisLink:
    """The way from one node to Redis: one connection, made anew when it broke."""

    guarantees = _GUARANTEES

    def __init__(
        self, address: Address, prefix: str, grace: float, patience: float
    ) -> None:
        self._address = address
        self._prefix = prefix
        self._begin = len(prefix.encode()) + 1
        self._grace = _microseconds(grace)
        self._patience = patience
        self._wire: Wire | None = None
        self._why = LinkDown("not connected to Redis yet")
        self._tried = Waiters()
        self._tries = 0
        self._digests: dict[str, str] = {}
        self._node: NodeId | None = None
        self._channels: set[str] = set()
        self.records: RedisRecords = RedisRecords(self)
        self.states: RedisStates = RedisStates(self)
        self.topics: RedisTopics = RedisTopics(self, _GUARANTEES.max_frame)
        self._pushes = Pushes()

    def time(self) -> float:
        """Seconds that go on while the machine sleeps, where it has such a clock."""
        return lease_time()

    # The connection.

    async def run(self) -> None:
        """Be connected, again and again."""
        pause = 0.0
        while True:
            was_up = False
            try:
                async with open_wire(
                    self._address, self._pushed, self._patience
                ) as wire:
                    await self._set_up(wire)
                    was_up, pause = True, 0.0
                    self._note(wire)
                    await trio.sleep_forever()
            except LinkDown as down:
                self._why = down
            self._note(None)
            if was_up:
                self._pushes.put(Reset())  # what was on its way may be lost
            _log.debug("Redis: %s", self._why)
            pause = min(max(0.02, 2 * pause), 0.5)
            await trio.sleep(pause)

    def _note(self, wire: Wire | None) -> None:
        self._wire = wire
        self._tries += 1
        self._tried.wake()

    async def _set_up(self, wire: Wire) -> None:
        """Let nobody use a connection before it is let in, and knows the scripts."""
        hello: list[Any] = ["HELLO", "3"]
        own = self._address
        if own.password is not None:
            hello += ["AUTH", own.user or "default", own.password]
        await wire.ask(*hello)
        if own.database:
            await wire.ask("SELECT", own.database)
        for name, script in SCRIPTS.items():
            digest = await wire.ask("SCRIPT", "LOAD", script)
            self._digests[name] = digest.decode()
        channels = [self._prefix + ":freed", *self._channels]
        if self._node is not None:
            channels.append(self._inbox(self._node))
        self._subscribe(wire, *channels)

    def _subscribe(self, wire: Wire, *channels: str) -> None:
        # Its answers are pushed: none is due. What is sent behind it comes later.
        wire.tell(("SUBSCRIBE", *channels))

    def _inbox(self, node: NodeId) -> str:
        return f"{self._prefix}:in:{node}"

    async def _connected(self) -> Wire:
        """Return the connection; waits for the first try only."""
        while self._wire is None:
            if self._tries:
                raise LinkDown(str(self._why))
            await self._tried.wait()
        return self._wire

    def _pushed(self, message: Any) -> None:
        kind = message[0]
        if kind != b"message":
            return
        channel = message[1][self._begin :]
        if channel == b"freed":
            self._pushes.put(Freed())
        elif channel == b"records":
            change = recorded(message[2])
            if change is not None:
                self._pushes.put(change)
        elif len(self._pushes) >= MOST_UNREAD:
            pass  # lost
        elif channel.startswith(b"topic:"):
            self._pushes.put(Posted(channel[6:].decode(), message[2]))
        else:
            self._pushes.put(Frame(message[2]))

    def listen(self, channel: str, *, on: bool) -> None:
        """Subscribe to a channel, over all reconnects, or no more."""
        name = f"{self._prefix}:{channel}"
        (self._channels.add if on else self._channels.discard)(name)
        if self._wire is not None and self._wire.down is None:
            self._wire.tell(("SUBSCRIBE" if on else "UNSUBSCRIBE", name))

    def post(self, channel: str, data: bytes) -> None:
        """Publish on a channel; how many took it nobody asks."""
        if self._wire is None:
            raise LinkDown(str(self._why))
        self._wire.publish(f"{self._prefix}:{channel}", data, _forget)

    async def run_script(self, script: str, *args: Any) -> Any:
        """Let Redis run a script of ours."""
        wire = await self._connected()
        try:
            return await wire.ask(
                "EVALSHA", self._digests[script], 1, self._prefix, *args
            )
        except LinkDown as refused:
            if str(refused).startswith(("NOSCRIPT", "READONLY")):
                wire.fail(refused)  # another connection may find it, or another Redis
                wire.close()
            raise

    # What a link does.

    async def join(self, info: NodeInfo, ttl: float) -> None:
        """See `Link`, as all that follows."""
        wire = await self._connected()
        if self._node != info.id:
            self._node = info.id
            self._subscribe(wire, self._inbox(info.id))
        await self.run_script("join", info.id, _microseconds(ttl), text_of(info))

    async def beat(self, node: NodeId) -> Beat | Gone:
        """Renew the lease, and drop those whose lease has ended."""
        answer = await self.run_script("beat", node)
        generation = answer[1].decode()
        if answer[0] == b"gone":
            return Gone(generation)
        infos = (info_of(data) for data in answer[3])
        members = tuple(info for info in infos if info is not None)
        ends = math.inf if answer[4] is None else int(answer[4]) / 1e6
        return Beat(generation, answer[2], members, ends, int(answer[5]))

    async def leave(self, node: NodeId) -> None:
        """Give the lease back."""
        await self.run_script("leave", node)

    async def claim(self, node: NodeId, name: Name) -> Claimed | Taken | Frozen | Gone:
        """Ask for a name."""
        answer = await self.run_script("claim", node, name, self._grace)
        if answer[0] == b"frozen":
            return Frozen(int(answer[1]) / 1e6)
        return _outcome(answer)

    async def keep(
        self, node: NodeId, name: Name, token: Token
    ) -> Claimed | Taken | Gone:
        """Assert that this node holds a name."""
        return _outcome(await self.run_script("keep", node, name, token))

    async def release(self, node: NodeId, name: Name, token: Token) -> bool:
        """Free a name."""
        return bool(await self.run_script("release", node, name, token))

    async def lookup(self, name: Name) -> Taken | None:
        """Ask who holds a name."""
        answer = await self.run_script("lookup", name)
        if answer is None:
            return None
        return Taken(NodeId(answer[0].decode()), Token(int(answer[1])))

    async def owned(self, node: NodeId) -> dict[Name, Token]:
        """Ask what the engine thinks a node holds."""
        found = await self.run_script("owned", node)
        pairs = zip(found[::2], found[1::2], strict=True)
        return {Name(name.decode()): Token(int(token)) for name, token in pairs}

    def send(self, to: NodeId, data: bytes) -> None:
        """Publish a message to the inbox of a node."""
        if len(data) > self.guarantees.max_frame:
            raise ValueError(f"a message of {len(data)} bytes is too long")
        if self._wire is None:
            raise LinkDown(str(self._why))

        def taken(receivers: Any) -> None:
            if receivers == 0:
                self._pushes.put(Undelivered(to, data))

        self._wire.publish(self._inbox(to), data, taken)

    async def deliver(self, take: Callable[[Push], None]) -> None:
        """Give a function what the engine sends unasked."""
        await self._pushes.deliver(take)


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


def _outcome(answer: Any) -> Claimed | Taken | Gone:
    if answer[0] == b"gone":
        return Gone(answer[1].decode())
    if answer[0] == b"taken":
        return Taken(NodeId(answer[1].decode()), Token(int(answer[2])))
    return Claimed(Token(int(answer[1])))


def _forget(answer: object) -> None:
    """Nobody asks for it."""
