"""Nodes for the tests, and a server to have on them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import attrs
import pytest
import trio

from trio_sup import (
    Caller,
    ChildSpec,
    GenServer,
    ServerRef,
    Supervisor,
    call,
    cast,
    child,
    open_supervisor,
)
from trio_sup.cluster import Backend, Cluster, LocalBackend, open_cluster

TTL = 3.0
KEY = ("board", 7)


class Full(Exception):
    pass


@attrs.define
class Unknown(Exception):
    """An error with fields of its own."""

    who: str
    tries: int


@attrs.frozen
class User:
    name: str
    age: int = 0


class Board(GenServer):
    def __init__(self, room: int = 3) -> None:
        self.room = room
        self.users: list[User] = []
        self.seen: list[int] = []
        self.waiting: list[Caller[str]] = []
        self.gate = trio.Event()

    @call(raises=(Full, Unknown))
    async def join(self, user: User) -> list[User]:
        if len(self.users) >= self.room:
            raise Full("no room", self.room)
        self.users.append(user)
        return self.users

    @call(raises=(Full, Unknown))
    async def leave(self, name: str, *, tries: int = 1) -> None:
        raise Unknown(name, tries)

    @call
    async def crash(self) -> None:
        raise RuntimeError("on purpose")

    @call
    async def wait(self) -> int:
        await self.gate.wait()
        return 1

    @call.deferred
    async def later(self, caller: Caller[str]) -> None:
        self.waiting.append(caller)

    @call
    async def answer_all(self, text: str) -> int:
        waiting, self.waiting = self.waiting, []
        for caller in waiting:
            caller.reply(text)
        return len(waiting)

    @cast
    async def see(self, number: int) -> None:
        self.seen.append(number)

    @call
    async def nothing(self) -> None:
        pass

    @call
    async def numbers(self) -> list[int]:
        return self.seen

    @call
    async def life_now(self) -> int:
        return self.life

    @call
    async def echo(self, thing: object) -> object:
        return thing


def board(cluster: Cluster, key: object = KEY) -> ChildSpec[ServerRef[Board]]:
    return child(Board, id=str(key), name=cluster.name(key), restart="permanent")


@asynccontextmanager
async def nodes(
    backend: Backend, *names: str, grace: float = 0.0, ttl: float = TTL
) -> AsyncGenerator[list[Cluster]]:
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(
                open_cluster(backend, node=name, ttl=ttl, grace=grace)
            )
            for name in names
        ]
        yield opened


@asynccontextmanager
async def board_on_a(
    backend: LocalBackend,
) -> AsyncGenerator[tuple[Cluster, Cluster, Supervisor]]:
    """Two nodes, and a board on the first."""
    async with nodes(backend, "a", "b") as (a, b):
        async with open_supervisor([board(a)]) as root:
            yield a, b, root


async def all_crosses(cluster: Cluster) -> None:
    """Cast, call and fail over the wire, with a board on the node ``a``."""
    ref = cluster.ref(KEY, Board)
    for number in range(100):
        ref.cast(Board.see, number)
    assert await ref.call(Board.numbers) == list(range(100))
    for name in "xyz":
        await ref.call(Board.join, User(name))
    with pytest.raises(Full):
        await ref.call(Board.join, User("w"))
    assert await cluster.whereis(KEY) == "a"
    big = "ä" * 100_000
    assert await ref.call(Board.echo, big) == big
