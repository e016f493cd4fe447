"""PostgreSQL as the engine: names as safe as its commits, messages light."""

from __future__ import annotations

import json
import math
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import trio
from attrs import field, frozen

from trio_sup._core.urls import without_secrets
from trio_sup._trio.beside import Beside
from trio_sup._trio.log import Log
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._backends.clock import lease_time
from trio_sup.cluster._backends.infos import info_of, text_of
from trio_sup.cluster._backends.link import Link, LinkDown
from trio_sup.cluster._backends.postgres_functions import SETUP, channel_of
from trio_sup.cluster._backends.postgres_parts import (
    PostgresRecords,
    PostgresStates,
    PostgresTopics,
    heard,
)
from trio_sup.cluster._backends.postgres_wire import PostgresWire, Rows, open_wire
from trio_sup.cluster._backends.pushes import MOST_UNREAD, Pushes
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
    Recorded,
    Reset,
    Taken,
    Token,
    Undelivered,
)

_log: Final = Log("trio_sup.cluster")
_GUARANTEES: Final = Guarantees("lease", "at-most-once", 8 * 1024 * 1024)
_SCHEMA: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}")


def _is_schema(_: object, __: object, schema: str) -> None:
    if not _SCHEMA.fullmatch(schema):
        raise ValueError(
            f"a schema is at most 41 letters, digits, _ and -, not {schema!r}"
        )


@frozen
class PostgresBackend:
    """A PostgreSQL as the engine: names by lease, messages by tables and notifications.

    Args:
        url: What libpq takes: ``postgresql://user:password@host/database``, with
            ``sslmode`` and whatever else it knows.
        schema: Where tables and functions go; made if it is not there. Clusters of
            different schemas know nothing of each other.
        patience: After how many seconds without an answer a connection counts as dead.

    Raises:
        ValueError: the schema is no name of a schema.
    """

    url: str = field(default="", repr=False)
    schema: str = field(default="trio_sup", kw_only=True, validator=_is_schema)
    patience: float = field(default=5.0, kw_only=True)

    @property
    def place(self) -> tuple[str, str, bool]:
        """The URL for people, which cluster of it, whether more is needed to be let in."""
        shown = without_secrets(self.url)
        # What is not said stands in the environment, or in files of this user.
        return shown or "postgresql://", self.schema, not shown or shown != self.url

    @asynccontextmanager
    async def connect(self, name: str, *, grace: float) -> AsyncGenerator[Link]:
        """Open a link for a node; see `Backend`."""
        del name
        link = PostgresLink(self, grace)
        async with Beside(link.run):
            yield link


@protected
class PostgresLink:
    """The way from one node to PostgreSQL: one connection, made anew when it broke."""

    guarantees = _GUARANTEES

    def __init__(self, own: PostgresBackend, grace: float) -> None:
        self._own = own
        self._schema = f'"{own.schema}"'
        self._grace = _microseconds(grace)
        self._wire: PostgresWire | None = None
        self._why = LinkDown("not connected to PostgreSQL yet")
        self._tried = Waiters()
        self._tries = 0
        self._node: NodeId | None = None
        self._asked_to_take = False
        # What is to be sent as soon as the connection has a hand free.
        self._unsent: list[_Unsent] = []
        self._listening: set[str] = set()
        self._asked_to_listen = False
        self.records: PostgresRecords = PostgresRecords(self)
        self.states: PostgresStates = PostgresStates(self)
        self.topics: PostgresTopics = PostgresTopics(self)
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
                    self._own.url,
                    SETUP.format(S=self._schema),
                    self._notified,
                    self._own.patience,
                ) as wire:
                    await self._listen(wire, "")
                    if self._node is not None:
                        await self._listen(wire, self._node)
                    was_up, pause = True, 0.0
                    self._note(wire)
                    self._listen_on()
                    self._take()
                    await trio.sleep_forever()
            except LinkDown as down:
                self._why = down
            self._note(None)
            if was_up:
                self._pushes.put(Reset())  # what was on its way may be lost
            _log.debug("PostgreSQL: %s", self._why)
            pause = min(max(0.02, 2 * pause), 0.5)
            await trio.sleep(pause)

    def _note(self, wire: PostgresWire | None) -> None:
        self._wire = wire
        self._unsent = []
        self._asked_to_take = self._asked_to_listen = False
        self._tries += 1
        self._tried.wake()

    async def _listen(self, wire: PostgresWire, node: str) -> None:
        channel = channel_of(self._schema, node)
        await wire.ask(f"listen {channel}".encode())

    async def _connected(self) -> PostgresWire:
        """Return the connection; waits for the first try only."""
        while self._wire is None:
            if self._tries:
                raise LinkDown(str(self._why))
            await self._tried.wait()
        return self._wire

    def _notified(self, channel: str) -> None:
        if channel == channel_of(self._schema, ""):
            self._pushes.put(Freed())
        else:
            self._take()

    def _take(self) -> None:
        """Ask for the messages that wait, unless that is on its way."""
        wire, node = self._wire, self._node
        if wire is None or node is None or self._asked_to_take:
            return

        def taken(rows: Rows | LinkDown) -> None:
            if isinstance(rows, list):
                for what, data in rows:
                    push = _push_of(what, data or b"")
                    if push is not None and self._has_room_for(push):
                        self._pushes.put(push)

        def begins() -> None:
            self._asked_to_take = False  # what comes from now on is notified anew

        self._asked_to_take = True
        sql, params = self._call("take", node)
        wire.push(_select(sql), params, taken, begins)

    def _has_room_for(self, push: Push) -> bool:
        return isinstance(push, Recorded) or len(self._pushes) < MOST_UNREAD

    def listen_to(self, what: str, *, on: bool) -> None:
        """Be told of something, over all reconnects, or no more."""
        (self._listening.add if on else self._listening.discard)(what)
        self._listen_on()

    def _listen_on(self) -> None:
        """Say all that this node listens to, unless that is on its way."""
        wire, node = self._wire, self._node
        if wire is None or node is None or self._asked_to_listen:
            return

        def said() -> list[bytes]:
            self._asked_to_listen = False
            return [node.encode(), json.dumps(sorted(self._listening)).encode()]

        with suppress(LinkDown):  # the next connection says it
            wire.push(
                f"select {self._schema}.listen_to($1, $2)".encode(), said, _forget
            )
            self._asked_to_listen = True

    def _call(self, name: str, *args: str | int | bytes) -> tuple[str, list[bytes]]:
        places = ", ".join(f"${number + 1}" for number in range(len(args)))
        return f"{self._schema}.{name}({places})", [_packed(arg) for arg in args]

    async def run_function(self, name: str, *args: str | int | bytes) -> Any:
        """Call a function that returns JSON."""
        wire = await self._connected()
        sql, params = self._call(name, *args)
        [(answer,)] = await wire.ask(f"select {sql}".encode(), *params)
        return None if answer is None else json.loads(answer)

    async def select(self, name: str, *args: str | int | bytes) -> Rows:
        """Let PostgreSQL run a function of ours that returns rows."""
        wire = await self._connected()
        sql, params = self._call(name, *args)
        return await wire.ask(_select(sql), *params)

    # What a link does.

    async def join(self, info: NodeInfo, ttl: float) -> None:
        """See `Link`, as all that follows."""
        wire = await self._connected()
        if self._node != info.id:
            self._node = info.id
            await self._listen(wire, info.id)
        long = _microseconds(ttl)
        await self.run_function("join_node", info.id, text_of(info), long)
        self._listen_on()

    async def beat(self, node: NodeId) -> Beat | Gone:
        """Renew the lease, and drop those whose lease has ended."""
        answer = await self.run_function("beat", node)
        if answer[0] == "gone":
            return Gone(answer[1])
        infos = (info_of(data) for data in answer[3])
        members = tuple(info for info in infos if info is not None)
        ends = math.inf if answer[4] is None else answer[4] / 1e6
        return Beat(answer[1], answer[2], members, ends, answer[5])

    async def leave(self, node: NodeId) -> None:
        """Give the lease back."""
        await self.run_function("leave", node)

    async def claim(self, node: NodeId, name: Name) -> Claimed | Taken | Frozen | Gone:
        """Ask for a name."""
        answer = await self.run_function("claim", node, name, self._grace)
        if answer[0] == "frozen":
            return Frozen(answer[1] / 1e6)
        return _outcome(answer)

    async def keep(
        self, node: NodeId, name: Name, token: Token
    ) -> Claimed | Taken | Gone:
        """Assert that a node holds a name."""
        return _outcome(await self.run_function("keep", node, name, token))

    async def release(self, node: NodeId, name: Name, token: Token) -> bool:
        """Free a name."""
        return bool(await self.run_function("release", node, name, token))

    async def lookup(self, name: Name) -> Taken | None:
        """Ask who holds a name."""
        answer = await self.run_function("lookup", name)
        return None if answer is None else Taken(NodeId(answer[0]), Token(answer[1]))

    async def owned(self, node: NodeId) -> dict[Name, Token]:
        """Ask what the engine thinks a node holds."""
        found: dict[str, int] = await self.run_function("owned", node) or {}
        return {Name(name): Token(token) for name, token in found.items()}

    # Messages.

    def send(self, to: NodeId, data: bytes) -> None:
        """Put a message into the table, with all that are given before it gets there."""
        self._put(_Unsent(to, None, data))

    def post(self, what: str, data: bytes) -> None:
        """Tell all who listen to it."""
        self._put(_Unsent(None, what, data))

    def _put(self, message: _Unsent) -> None:
        if len(message.data) > self.guarantees.max_frame:
            raise ValueError(f"a message of {len(message.data)} bytes is too long")
        if self._wire is None:
            raise LinkDown(str(self._why))
        self._unsent.append(message)
        if len(self._unsent) > 1:
            return  # those before it wait, too
        batch: list[_Unsent] = []

        def packed() -> list[bytes]:
            batch[:], self._unsent = self._unsent, []
            return [json.dumps([each.packed() for each in batch]).encode()]

        def sent(rows: Rows | LinkDown) -> None:
            if isinstance(rows, list):
                places: list[int] = json.loads(rows[0][0] or b"[]")
                for place in places:
                    back = batch[place]
                    if back.to is not None:
                        self._pushes.put(Undelivered(back.to, back.data))

        sql = f"select {self._schema}.send($1)".encode()
        self._wire.push(sql, packed, sent)

    async def deliver(self, take: Callable[[Push], None]) -> None:
        """Give a function what the engine sends unasked."""
        await self._pushes.deliver(take)


@frozen
class _Unsent:
    """A message for a node, or for all who listen to something."""

    to: NodeId | None
    what: str | None
    data: bytes

    def packed(self) -> tuple[str | None, str | None, str]:
        return self.to, self.what, self.data.hex()


def _push_of(what: bytes | None, data: bytes) -> Push | None:
    return Frame(data) if what is None else heard(what.decode(), data)


def _forget(answer: object) -> None:
    """Nobody asks for it."""


def _select(function: str) -> bytes:
    # The schema is checked, all else comes as a parameter.
    return f"select * from {function}".encode()  # noqa: S608


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


def _packed(arg: str | int | bytes) -> bytes:
    if isinstance(arg, bytes):
        return arg
    if isinstance(arg, str):
        return arg.encode()
    return arg.to_bytes(8, signed=True)


def _outcome(answer: Any) -> Claimed | Taken | Gone:
    if answer[0] == "gone":
        return Gone(answer[1])
    if answer[0] == "taken":
        return Taken(NodeId(answer[1]), Token(answer[2]))
    return Claimed(Token(answer[1]))
