"""What an operation costs among n others: 10, 100 and so on, up to 100,000.

One tree for each n: a dynamic supervisor with n idle children, a server that holds n
names, watches n children, has n timers, and one whose mailbox is full with n messages.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeAlias

import trio
import trio.testing

from bench.report import Point, Say
from trio_sup import (
    DynamicSupervisor,
    GenServer,
    Mailbox,
    Monitor,
    Registry,
    ServerRef,
    Supervisor,
    Timer,
    call,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
)

SIZES = (10, 100, 1_000, 10_000, 100_000)
TIMES = 100
"""How often an operation is done in one round."""
ROUNDS = 5

Operation: TypeAlias = Callable[[], Awaitable[None]]


async def stay() -> None:
    await trio.sleep_forever()


class Worker(GenServer):
    """Has many of everything."""

    def __init__(self, registry: Registry, dynamic: str, n: int) -> None:
        self.registry, self.n = registry, n
        self.monitors: list[Monitor] = []
        self.timers: list[Timer] = []

    @call
    async def ping(self) -> int:
        return 1

    @cast
    async def note(self) -> None: ...

    @call
    async def fill(self, children: list[object]) -> None:
        for number in range(self.n):
            self.registry.register(("many", number), number)
            self.timers.append(self.send_after(1e6 + number, Worker.note))
            if number % 1000 == 999:
                await trio.lowlevel.checkpoint()

    @call
    async def names(self, times: int) -> None:
        for number in range(times):
            self.registry.register(("one", number), number)
            self.registry.unregister(("one", number))

    @call
    async def values(self, times: int) -> None:
        for number in range(times):
            self.registry.update_value(("many", number % self.n), lambda value: value)

    @call
    async def alarms(self, times: int) -> None:
        for number in range(times):
            self.send_after(1e5 + number, Worker.note).cancel()

    @call
    async def block(self) -> None:
        await trio.sleep_forever()

    @call
    async def watch(self, target: ServerRef[Worker], times: int) -> None:
        for _ in range(times):
            self.monitor(target).cancel()


class World:
    """A tree with n of everything, and what is done in it."""

    def __init__(self, sup: Supervisor, registry: Registry, n: int) -> None:
        self.n, self.registry = n, registry
        self.dynamic: DynamicSupervisor = sup.dynamic("crowd")
        self.worker = sup.server(Worker, "worker")
        self.full = sup.server(Worker, "full")
        self.crash = trio.Event()
        self.lives = 0
        self.alive = trio.Event()

    async def fill(self, nursery: trio.Nursery) -> None:
        """Make n of everything."""
        spec = child(stay)
        for _ in range(self.n):
            await self.dynamic.start_child(spec)
        await self.worker.call(Worker.fill, [])
        nursery.start_soon(self.full.call, Worker.block)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(self.n):
            self.full.cast(Worker.note)
        await self.dynamic.start_child(child(self.crashing, id="crashing"))

    async def crashing(self) -> None:
        """Crash when told to."""
        self.lives += 1
        self.alive.set()
        await self.crash.wait()
        raise ValueError

    async def calls(self) -> None:
        for _ in range(TIMES):
            await self.worker.call(Worker.ping)

    async def casts(self) -> None:
        for _ in range(TIMES):
            self.worker.cast(Worker.note)
        await self.worker.call(Worker.ping)

    async def full_casts(self) -> None:
        for _ in range(TIMES):
            self.full.cast(Worker.note)

    async def lookups(self) -> None:
        for number in range(TIMES):
            self.registry.get(("many", number % self.n))

    async def names(self) -> None:
        await self.worker.call(Worker.names, TIMES)

    async def values(self) -> None:
        await self.worker.call(Worker.values, TIMES)

    async def alarms(self) -> None:
        await self.worker.call(Worker.alarms, TIMES)

    async def monitors(self) -> None:
        await self.worker.call(Worker.watch, self.full, TIMES)

    async def come_and_go(self) -> None:
        spec = child(stay)
        for _ in range(TIMES):
            handle = await self.dynamic.start_child(spec)
            await self.dynamic.terminate_child(handle)

    async def crashes(self) -> None:
        for _ in range(TIMES):
            crash, self.crash, self.alive = self.crash, trio.Event(), trio.Event()
            crash.set()
            await self.alive.wait()

    def operations(self) -> dict[str, Operation]:
        """What is measured, by the name that a reader sees."""
        return {
            "call": self.calls,
            "cast": self.casts,
            "cast that drops the oldest of n": self.full_casts,
            "registry.get": self.lookups,
            "register and unregister": self.names,
            "update_value": self.values,
            "set and cancel a timer": self.alarms,
            "monitor and cancel": self.monitors,
            "start_child and terminate_child": self.come_and_go,
            "crash and restart": self.crashes,
        }


async def points(n: int, say: Say) -> AsyncIterator[Point]:
    """Measure each operation among n others."""
    registry = Registry(name="curves")
    specs = [
        child(Worker, registry, "crowd", n, id="worker"),
        child(
            Worker,
            registry,
            "crowd",
            n,
            id="full",
            mailbox=Mailbox(n, when_full="drop_oldest"),
        ),
        dynamic_supervisor(id="crowd", max_restarts=10**9),
    ]
    async with open_supervisor(specs) as sup, trio.open_nursery() as nursery:
        world = World(sup, registry, n)
        say(f"curves: {n} of everything")
        await world.fill(nursery)
        gc.collect()
        gc.freeze()  # else each collection walks what stands around
        try:
            for name, run in world.operations().items():
                yield await _point(name, n, run)
        finally:
            gc.unfreeze()
            nursery.cancel_scope.cancel()


async def _point(name: str, n: int, run: Operation) -> Point:
    found: list[float] = []
    for turn in range(ROUNDS + 1):
        began = time.process_time()
        await run()
        took = (time.process_time() - began) / TIMES * 1e6
        if turn:
            found.append(took)
    return Point(name, n, statistics.median(found), min(found), max(found))


def measure(scale: float, say: Say) -> Iterator[Point]:
    """Measure all sizes; of a smaller bench only the smaller ones."""
    for n in SIZES:
        if n <= max(100, SIZES[-1] * scale):
            yield from trio.run(_collect, n, say)
    say("")


async def _collect(n: int, say: Say) -> list[Point]:
    return [point async for point in points(n, say)]
