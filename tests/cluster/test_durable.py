"""A state that survives its node: kept in the engine, written by who has the name."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import attrs
import pytest
import trio

from tests.cluster.nodes import TTL, User, nodes
from trio_sup import (
    ChildSpec,
    GenServer,
    ServerExit,
    StartFailed,
    call,
    cast,
    child,
    open_supervisor,
    supervisor,
)
from trio_sup.cluster import Cluster, LeaseLost, LocalBackend, save_state
from trio_sup.cluster._rules.keys import encode_key
from trio_sup.cluster._rules.words import Token

KEY = "room"


class Full(Exception):
    pass


class Room(GenServer):
    """Keeps its fields."""

    most: ClassVar[int] = 3
    users: list[User]
    seen: int = 0

    def __init__(self) -> None:
        self.users = []
        self.cache = object()  # not declared: not kept

    @call(raises=(Full,))
    async def join(self, user: User) -> int:
        self.seen += 1
        if len(self.users) == self.most:
            raise Full
        self.users.append(user)
        return len(self.users)

    @call
    async def all(self) -> list[User]:
        return self.users

    @call
    async def tries(self) -> int:
        return self.seen

    @cast
    async def empty(self) -> None:
        self.users = []

    @call
    async def crash(self) -> None:
        self.users = []
        raise ZeroDivisionError

    @call
    async def save(self) -> None:
        await save_state()

    @call
    async def spoil(self) -> None:
        self.users = [object()]  # type: ignore[list-item]

    async def handle_info(self, message: Any) -> None:
        self.users.append(User(message))


@attrs.frozen
class Saved:
    names: tuple[str, ...]


class Lobby(GenServer):
    """Says what to keep."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def dump(self) -> Saved:
        return Saved(tuple(sorted(self.names)))

    def load(self, saved: Saved) -> None:
        self.names = set(saved.names)

    @call
    async def enter(self, name: str) -> list[str]:
        self.names.add(name)
        return sorted(self.names)


def fails_over(
    durable: Any, kind: Callable[[], GenServer] = Room
) -> Callable[[Cluster], list[ChildSpec[Any]]]:
    return lambda own: [own.singleton(KEY, child(kind), durable=durable)]


@asynccontextmanager
async def two(
    backend: LocalBackend, specs: Callable[[Cluster], list[ChildSpec[Any]]]
) -> AsyncGenerator[tuple[Cluster, Cluster]]:
    """Two nodes that may have it; the first one has it."""
    async with nodes(backend, "a", "b") as (a, b):
        async with open_supervisor(specs(a)):
            while await a.whereis(KEY) is None:
                await trio.sleep(0.01)
            await trio.sleep(0.1)
            async with open_supervisor(specs(b)):
                await trio.sleep(TTL)
                yield a, b


async def moved(backend: LocalBackend, b: Cluster) -> None:
    """Let the first node be cut off, and the other one have it."""
    backend.cut("a")
    while b._membership.names.held(encode_key(KEY)) is None:
        await trio.sleep(0.1)
    await trio.sleep(0.1)


@pytest.mark.trio
async def test_the_next_life_on_another_node_begins_with_the_state(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with two(backend, fails_over("handled")) as (a, b):
        assert await b.ref(KEY, Room).call(Room.join, User("x", 1)) == 1
        assert await a.ref(KEY, Room).call(Room.join, User("y")) == 2
        await moved(backend, b)
        assert await b.ref(KEY, Room).call(Room.all) == [User("x", 1), User("y")]
        b.ref(KEY, Room).cast(Room.empty)
        assert await b.ref(KEY, Room).call(Room.join, User("z")) == 1


@pytest.mark.trio
async def test_a_crash_loses_what_was_not_handled_and_no_more(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with two(LocalBackend(), fails_over("handled")) as (a, b):
        for node in (a, b):
            await node.ref(KEY, Room).call(Room.join, User("x"))
            with pytest.raises(ServerExit):
                await node.ref(KEY, Room).call(Room.crash)
            await trio.sleep(0.1)
        assert await b.ref(KEY, Room).call(Room.all) == [User("x"), User("x")]


@pytest.mark.trio
async def test_what_a_refused_request_changed_is_kept_as_well(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with two(backend, fails_over("handled")) as (_, b):
        for _ in range(3):
            await b.ref(KEY, Room).call(Room.join, User("x"))
        with pytest.raises(Full):
            await b.ref(KEY, Room).call(Room.join, User("x"))
        await moved(backend, b)
        assert await b.ref(KEY, Room).call(Room.tries) == 4


@pytest.mark.trio
async def test_dump_and_load_say_what_is_kept(autojump_clock: trio.abc.Clock) -> None:
    backend = LocalBackend()
    async with two(backend, fails_over("handled", Lobby)) as (_, b):
        await b.ref(KEY, Lobby).call(Lobby.enter, "x")
        await moved(backend, b)
        assert await b.ref(KEY, Lobby).call(Lobby.enter, "y") == ["x", "y"]


@pytest.mark.trio
async def test_at_an_interval_and_at_an_end_in_order(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with two(backend, fails_over(5.0)) as (a, b):
        ref = b.ref(KEY, Room)
        await ref.call(Room.join, User("x"))
        await trio.sleep(5)
        await ref.call(Room.join, User("lost"))
        await moved(backend, b)
        assert await ref.call(Room.all) == [User("x")]
        backend.heal("a")
        await trio.sleep(TTL)
        await ref.call(Room.join, User("y"))
        await b.drain()
        await trio.sleep(TTL)
        assert await a.ref(KEY, Room).call(Room.all) == [User("x"), User("y")]


@pytest.mark.trio
async def test_on_request_only(autojump_clock: trio.abc.Clock) -> None:
    backend = LocalBackend()
    async with two(backend, fails_over("request")) as (_, b):
        ref = b.ref(KEY, Room)
        await ref.call(Room.join, User("x"))
        await ref.call(Room.save)
        await ref.call(Room.join, User("lost"))
        await moved(backend, b)
        assert await ref.call(Room.all) == [User("x")]


@pytest.mark.trio
async def test_an_answer_waits_until_the_state_is_written(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with two(backend, fails_over("handled")) as (a, b):
        ref = a.ref(KEY, Room)
        async with trio.open_nursery() as nursery:
            answers: list[int] = []

            async def ask() -> None:
                answers.append(await ref.call(Room.join, User("x")))

            backend.pause("a")
            nursery.start_soon(ask)
            await trio.sleep(TTL / 4)
            assert answers == []
            backend.heal("a")
        assert answers == [1]
        assert b.statistics().incarnations == 1


@pytest.mark.trio
async def test_an_engine_that_forgot_is_told_the_state_with_the_next_message(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with two(backend, fails_over("handled")) as (_, b):
        await b.ref(KEY, Room).call(Room.join, User("x"))
        backend.forget()
        await trio.sleep(TTL)
        await b.ref(KEY, Room).call(Room.all)
        await moved(backend, b)
        assert await b.ref(KEY, Room).call(Room.all) == [User("x")]


@pytest.mark.trio
async def test_who_is_told_that_a_later_one_writes_ends_and_begins_anew(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with two(backend, fails_over("handled")) as (a, b):
        await b.ref(KEY, Room).call(Room.join, User("x"))
        name = encode_key(KEY)
        held = a._membership.names.held(name)
        assert held is not None
        # As if somebody later had taken over, and this one had not heard of it.
        backend.engine.write_state(name, Token(held.token + 1), b'[1,{"users":[]}]')
        with pytest.raises((ServerExit, LeaseLost, Exception)):
            await b.ref(KEY, Room).with_timeout(1).call(Room.join, User("y"))
        await trio.sleep(TTL)
        assert await b.ref(KEY, Room).call(Room.all) == []


@pytest.mark.trio
async def test_a_state_can_be_forgotten(autojump_clock: trio.abc.Clock) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        spec = child(Room, name=a.name(KEY, durable="handled"))
        for _ in range(2):
            async with open_supervisor([spec]):
                assert await a.ref(KEY, Room).call(Room.join, User("x")) == 1
            assert await a.forget_state(KEY)
            assert not await a.forget_state(KEY)


@pytest.mark.trio
async def test_messages_without_an_operation_are_handled_messages(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        spec = child(Room, name=a.name(KEY, durable="handled"))
        async with open_supervisor([spec]) as root:
            room: Any = root.which_children()[0].handle
            room.send("x")
            await a.ref(KEY, Room).call(Room.tries)
        async with open_supervisor([spec]):
            assert await a.ref(KEY, Room).call(Room.all) == [User("x")]


@pytest.mark.trio
async def test_a_state_that_cannot_be_kept_is_a_crash_that_says_so(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        spec = child(Room, name=a.name(KEY, durable="handled"))
        async with open_supervisor([spec]):
            with pytest.raises(ServerExit, match="the state of Room"):
                await a.ref(KEY, Room).call(Room.spoil)


class Bare(GenServer):
    pass


class Half(GenServer):
    def dump(self) -> int:
        return 1


async def work() -> None:
    await trio.sleep_forever()


@pytest.mark.trio
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda name: child(Bare, name=name), "does not say what to keep"),
        (lambda name: child(Half, name=name), "both dump and load"),
        (lambda name: child(work, name=name), "only a server has a state"),
        (lambda name: supervisor([], id="s", name=name), "only a server has a state"),
    ],
)
async def test_what_has_no_state_to_keep_does_not_start(
    make: Callable[[object], ChildSpec[Any]], why: str, autojump_clock: trio.abc.Clock
) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        with pytest.raises(StartFailed, match=why):
            async with open_supervisor([make(a.name(KEY, durable="handled"))]):
                pass


@pytest.mark.trio
@pytest.mark.parametrize("when", [0, -1.0, True, "often", float("inf"), float("nan")])
async def test_another_time_to_write_is_refused(
    when: Any, autojump_clock: trio.abc.Clock
) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        with pytest.raises(ValueError, match="durable is"):
            a.name(KEY, durable=when)


@pytest.mark.trio
async def test_to_save_is_for_servers_that_are_durable(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        async with open_supervisor([child(Room, name=a.name(KEY))]):
            with pytest.raises(ServerExit, match="servers that are durable"):
                await a.ref(KEY, Room).call(Room.save)
    with pytest.raises(RuntimeError, match="servers that are durable"):
        await save_state()
