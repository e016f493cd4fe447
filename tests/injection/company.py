"""A tree with the rest: state machines, partitions, tasks, attached tasks, topics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import trio
import trio.lowlevel

from tests.supervision.stage import quiet
from trio_sup import (
    Budget,
    GenServer,
    NoProcess,
    Registry,
    ServerExit,
    StateMachine,
    Supervisor,
    TaskExit,
    TaskSupervisor,
    attach,
    await_many,
    call,
    cast,
    child,
    current_node,
    monitor,
    multi_call,
    open_supervisor,
    partition_supervisor,
    supervisor,
    task_supervisor,
    yield_many,
)

from .laws import World


class Door(StateMachine[str]):
    """Opens for a moment; who knocks meanwhile is answered when it is closed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = "closed"

    async def init(self) -> None:
        self.world.records.add(self.ref.record)

    async def enter(self, old: str | None) -> None:
        await trio.lowlevel.checkpoint()

    @call
    async def open(self) -> str:
        if self.state == "open":
            self.postpone()
        self.state = "open"
        self.state_timeout(0.5, Door.close)
        return "opened"

    @cast
    async def close(self) -> None:
        await trio.lowlevel.checkpoint()
        self.state = "closed"


class Shard(GenServer):
    """One part of some state; ticks, and listens to a topic."""

    def __init__(self, world: World, topics: Registry) -> None:
        self.world = world
        self.topics = topics

    async def init(self) -> None:
        self.world.records.add(self.ref.record)
        self.topics.register("news", self.id)
        self.every(0.4, Shard.tick)
        self.send_after(0.3, Shard.tick)
        self.idle_after(0.2, Shard.tick)

    @cast
    async def tick(self) -> None:
        await trio.lowlevel.checkpoint()

    @call
    async def where(self) -> object:
        await trio.sleep(0.1)
        return self.id

    @call
    async def fail(self) -> None:
        raise ValueError("asked to")

    async def handle_info(self, message: object) -> None:
        await trio.lowlevel.checkpoint()


async def hot() -> None:
    """Crashes until it is taken out of service."""
    await trio.sleep(0.2)
    raise OSError("hot")


async def inner(world: World) -> None:
    """A child that has a tree of its own."""
    async with open_supervisor([child(Door, world, id="inner door")]):
        await trio.sleep_forever()


async def company(world: World) -> None:
    """Start all of it, use it from several tasks, resize, restart, stop."""
    world.order = {"root": ["door", "shards", "tasks", "quiet", "inner"]}
    topics = Registry("duplicate")
    once = Budget(1, 5.0, then="quarantine")
    tree = [
        child(Door, world, id="door", name="door"),
        partition_supervisor(child(Shard, world, topics), partitions=3, id="shards"),
        task_supervisor(id="tasks"),
        supervisor([child(hot, budget=once)], id="quiet"),
        child(inner, world, id="inner"),
    ]
    async with open_supervisor(tree, max_restarts=9) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_visit, world, sup)
            nursery.start_soon(_read, topics)
            nursery.start_soon(_split, sup, topics)
            nursery.start_soon(_delegate, sup.task_supervisor("tasks"))
        await sup.child("quiet", "hot").wait_stopped()


async def _try(request: Callable[[], Awaitable[object]]) -> None:
    try:
        await request()
    except (NoProcess, ServerExit, TaskExit, trio.TooSlowError):
        pass


async def _visit(world: World, sup: Supervisor) -> None:
    """A plain task that becomes a child for a while."""
    registry = current_node().registry
    door = registry.ref("door", Door)
    async with attach(name=("visitor", 1)) as me:
        me.monitor(door)
        registry.register("own")
        async with registry.lock("key"), trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(_try, lambda: door.call(Door.open))
            await quiet()
            me.send("hello")
            await me.receive()
        await _try(door.stop)
        await me.receive()
    await door.wait_running()


async def _read(topics: Registry) -> None:
    with topics.subscribe("news", str, capacity=1) as news:
        await trio.lowlevel.checkpoint()
        topics.publish("news", "one")
        topics.publish("news", "two")
        await anext(news)


async def _split(sup: Supervisor, topics: Registry) -> None:
    shards = sup.partition_supervisor("shards")
    refs = [shards.pick(number, Shard).with_timeout(1) for number in range(3)]
    await multi_call(refs, Shard.where)
    async with monitor(refs[0]) as exits:
        await _try(lambda: refs[0].call(Shard.fail))
        await anext(exits)
    await _try(lambda: refs[0].when_running().call(Shard.where))
    await shards.resize(1)
    await shards.resize(2)
    topics.publish("news", "three")


async def _delegate(tasks: TaskSupervisor) -> None:
    async with tasks.linked() as links:
        some = [links.start(_work, 0.1 * number) for number in range(3)]
        await await_many(some)
        links.start(_work, 9)
    many = [tasks.async_nolink(_work, seconds) for seconds in (0.1, 9)]
    await yield_many(many, 0.5, on_timeout="kill_task")
    async with tasks.stream_nolink(_work, _items(), ordered=False) as results:
        async for _ in results:
            break


async def _items() -> AsyncIterator[float]:
    for number in range(9):
        await trio.lowlevel.checkpoint()
        yield 0.1 * number


async def _work(seconds: float) -> float:
    await trio.sleep(seconds)
    return seconds
