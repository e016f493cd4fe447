"""Calls, casts and handles check end to end.

Read by mypy and pyright, never run. A line with a `type: ignore` must be an error
for both: an ignore that is not needed is one itself.
"""

from collections.abc import Hashable
from typing import Any, Generic, TypeVar, assert_type

import trio

from trio_sup import (
    Agent,
    Attached,
    Caller,
    Down,
    Exit,
    Exits,
    GenServer,
    Monitor,
    Replies,
    ServerRef,
    ServerStatus,
    Timer,
    TraceEvent,
    attach,
    call,
    cast,
    monitor,
    multi_call,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Refused(Exception):
    """An answer, not a crash."""


class Counter(GenServer):
    def __init__(self, start: int = 0) -> None:
        self.value = start

    @call
    async def add(self, n: int, *, twice: bool = False) -> int:
        self.value += n * (1 + twice)
        return self.value

    @call(raises=(Refused,))
    async def divide(self, by: int) -> float:
        if by == 0:
            raise Refused
        return self.value / by

    @call.deferred
    async def take(self, caller: Caller[str], n: int) -> None:
        caller.reply("x" * n)

    @call.deferred(raises=(Refused,))
    async def take_or(self, caller: Caller[str]) -> None:
        caller.fail(Refused())

    @cast
    async def reset(self, to: int = 0) -> None:
        self.value = to

    async def plain(self) -> int:
        # Inside, an operation is an ordinary method.
        assert_type(await self.add(1), int)
        await self.reset()
        own: ServerRef[Counter] = self.ref
        assert_type(self.send_after(1, Counter.reset, 3), Timer)
        assert_type(self.every(1, Counter.reset), Timer)
        self.idle_after(1, Counter.reset, 2)
        assert_type(self.monitor(own), Monitor)
        return 1


class Loud(Counter):
    @call
    async def add(self, n: int, *, twice: bool = False) -> int:
        return await super().add(n, twice=twice) + 1

    @call
    async def shout(self) -> str:
        return "!" * self.value


class Other(GenServer):
    @call
    async def ping(self) -> None: ...

    @cast
    async def poke(self) -> None: ...


class Cache(GenServer, Generic[K, V]):
    def __init__(self) -> None:
        self.items: dict[K, V] = {}

    @call
    async def get(self, key: K) -> V | None:
        return self.items.get(key)

    @cast
    async def put(self, key: K, value: V) -> None:
        self.items[key] = value


async def good_calls(ref: ServerRef[Counter], loud: ServerRef[Loud]) -> None:
    assert_type(await ref.call(Counter.add, 2), int)
    assert_type(await ref.call(Counter.add, 2, twice=True), int)
    assert_type(await ref.call(Counter.add, n=2), int)
    assert_type(await ref.call(Counter.divide, 2), float)
    assert_type(await ref.call(Counter.take, 3), str)
    assert_type(await ref.call(Counter.take_or), str)
    assert_type(await loud.call(Counter.add, 2), int)
    assert_type(await loud.call(Loud.add, 2), int)
    assert_type(await loud.call(Loud.shout), str)
    ref.cast(Counter.reset)
    ref.cast(Counter.reset, to=1)
    await ref.cast_wait(Counter.reset, 2)
    assert_type(ref.try_cast(Counter.reset), bool)
    ref.send({"any": "thing"})
    assert_type(await ref.stop(), Exit)
    assert_type(ref.with_timeout(1), ServerRef[Counter])
    assert_type(await ref.with_timeout(1).call(Counter.add, 1), int)
    assert_type(await ref.when_running().expiring(1).call(Counter.add, 1), int)


async def good_system(ref: ServerRef[Counter]) -> None:
    assert_type(await ref.get_state(), dict[str, object])
    assert_type(await ref.get_status(), ServerStatus)
    await ref.replace_state(lambda state: {**state, "value": 3})
    await ref.suspend()
    await ref.resume()
    events: list[TraceEvent] = []
    await ref.trace(events.append)
    await ref.trace(False)


async def bad_calls(ref: ServerRef[Counter], other: ServerRef[Other]) -> None:
    await ref.call(Counter.add, "x")  # type: ignore[arg-type]
    await ref.call(Counter.add)  # type: ignore[call-arg]
    await ref.call(Counter.add, 1, 2)  # type: ignore[call-arg, arg-type]
    await ref.call(Counter.add, 1, thrice=True)  # type: ignore[call-arg]
    await ref.call(Other.ping)  # type: ignore[arg-type]
    await other.call(Counter.add, 1)  # type: ignore[arg-type]
    await ref.call(Loud.shout)  # type: ignore[arg-type]
    await ref.call(Counter.reset)  # type: ignore[arg-type]
    await ref.call(Counter.plain)  # type: ignore[arg-type]
    await ref.call("add", 1)  # type: ignore[arg-type]
    ref.cast(Counter.add, 1)  # type: ignore[arg-type]
    ref.cast(Counter.reset, "x")  # type: ignore[arg-type]
    ref.cast(Other.poke)  # type: ignore[arg-type]
    text: str = await ref.call(Counter.add, 1)  # type: ignore[arg-type]
    del text


def bad_covariance(base: ServerRef[Counter], sub: ServerRef[Loud]) -> None:
    wide: ServerRef[Counter] = sub
    narrow: ServerRef[Loud] = base  # type: ignore[assignment]
    del wide, narrow


class BadServer(GenServer):
    @call.deferred
    async def wait(self, caller: Caller[int]) -> None:
        caller.reply("no")  # type: ignore[arg-type]

    @cast
    async def note(self, n: int) -> None:
        self.send_after(1, BadServer.note, "x")  # type: ignore[arg-type]
        self.send_after(1, BadServer.wait)  # type: ignore[arg-type]
        self.send_after(1, Other.poke)  # type: ignore[arg-type]
        self.monitor("counter")  # type: ignore[arg-type]


class BadOverride(Counter):
    @call
    async def add(self, n: str, *, twice: bool = False) -> int:  # type: ignore[override]
        return 1


async def generic_servers(
    cache: ServerRef[Cache[str, int]], wild: ServerRef[Cache[Any, Any]]
) -> None:
    assert_type(await cache.call(Cache[str, int].get, "a"), int | None)
    cache.cast(Cache[str, int].put, "a", 1)
    await cache.call(Cache[str, int].get, 1)  # type: ignore[arg-type]
    cache.cast(Cache[str, int].put, "a", "b")  # type: ignore[arg-type]
    await cache.call(Cache[int, int].get, 1)  # type: ignore[arg-type]
    await wild.call(Cache[str, int].get, "a")


async def good_multi_call(
    refs: list[ServerRef[Counter]], mixed: list[ServerRef[Loud]]
) -> None:
    replies = await multi_call(refs, Counter.add, 1)
    assert_type(replies, Replies[Counter, int])
    assert_type(replies.replies, dict[ServerRef[Counter], int])
    await multi_call(mixed, Counter.add, 1)
    await multi_call(refs, Counter.add, "x")  # type: ignore[arg-type]
    await multi_call(refs, Loud.shout)  # type: ignore[misc]


async def agents(agent: ServerRef[Agent[int]]) -> None:
    assert_type(await Agent.get(agent, str), str)
    assert_type(await Agent.get_and_update(agent, lambda n: (str(n), n + 1)), str)
    await Agent.update(agent, lambda n: n + 1)
    Agent.cast(agent, lambda n: n * 2)
    await Agent.update(agent, str)  # type: ignore[arg-type]
    Agent.cast(agent, lambda n: "x")  # type: ignore[arg-type, return-value]


async def monitors(ref: ServerRef[Counter]) -> None:
    async with monitor(ref) as exits:
        assert_type(exits, Exits)
        async for down in exits:
            assert_type(down, Down)
            assert_type(down.exit, Exit)
    async with monitor(ref, until="never"):  # type: ignore[arg-type]
        pass
    async with attach(name="me") as me:
        assert_type(me, Attached)
        me.send(1)
        with trio.move_on_after(1):
            async for message in me:
                print(message)
