"""Tasks, streams, partitions, names and state machines know their types.

Read by mypy and pyright, never run. A line with a `type: ignore` must be an error
for both: an ignore that is not needed is one itself.
"""

from enum import Enum
from typing import assert_type

from trio_sup import (
    Child,
    ChildSpec,
    DynamicSupervisor,
    Exit,
    Failed,
    GenServer,
    NamedRef,
    Ok,
    PartitionSupervisor,
    Registry,
    ServerRef,
    StateMachine,
    Supervisor,
    Task,
    TaskSupervisor,
    await_many,
    call,
    cast,
    child,
    dynamic_supervisor,
    partition_supervisor,
    task_supervisor,
    whereis,
    yield_many,
)


async def fetch(url: str, retries: int = 0) -> bytes:
    return url.encode() * retries


async def length(text: str) -> int:
    return len(text)


class Board(GenServer):
    @call
    async def size(self) -> int:
        return 1


class Other(GenServer):
    pass


async def tasks_know_their_results(tasks: TaskSupervisor) -> None:
    task = tasks.async_nolink(fetch, "a")
    assert_type(task, Task[bytes])
    assert_type(await task.result(), bytes)
    assert_type(task.outcome, Ok[bytes] | Exit | None)
    assert_type(await task.yield_(1), Ok[bytes] | Exit | None)
    assert_type(await task.shutdown("brutal_kill"), Ok[bytes] | Exit | None)
    assert_type(Task.completed(3), Task[int])
    async with tasks.linked() as links:
        assert_type(links.start(fetch, "a", 2), Task[bytes])
        links.start(fetch, 1)  # type: ignore[arg-type]
    assert_type(await await_many([task, task]), list[bytes])
    found = await yield_many([task], 1, limit=1)
    assert_type(found, list[tuple[Task[bytes], Ok[bytes] | Exit | None]])
    tasks.async_nolink(fetch, "a", "b")  # type: ignore[arg-type]
    tasks.async_nolink(len, "a")  # type: ignore[arg-type]
    assert_type(await tasks.start_child(fetch, "a", restart="transient"), Child)
    await tasks.start_child(fetch)  # type: ignore[arg-type]
    await task.shutdown("kill")  # type: ignore[arg-type]


async def streams_know_their_elements(tasks: TaskSupervisor) -> None:
    async with tasks.stream(length, ["a", "b"]) as lengths:
        async for one in lengths:
            assert_type(one, int)
        async with tasks.stream_nolink(fetch, ["a"], on_timeout="kill_task") as pages:
            async for page in pages:
                assert_type(page, Ok[bytes] | Failed[str])
    tasks.stream(length, [1, 2])  # type: ignore[arg-type]
    tasks.stream(length, ["a"], on_timeout="exit")  # type: ignore[call-arg]


async def partitions_know_what_they_run(sup: Supervisor) -> None:
    spec = partition_supervisor(child(Board), partitions=3)
    assert_type(spec, ChildSpec[PartitionSupervisor[ServerRef[Board]]])
    parts = await sup.start_child(spec)
    assert_type(parts.pick("key"), ServerRef[Board])
    assert_type(parts.handles(), list[ServerRef[Board]])
    await parts.pick("key").call(Board.size, 1)  # type: ignore[call-arg]
    pools = await sup.start_child(partition_supervisor(lambda _: dynamic_supervisor()))
    assert_type(pools.pick(1), DynamicSupervisor)
    assert_type(sup.partition_supervisor("p").pick(1), Child)
    assert_type(sup.partition_supervisor("p").pick(1, Board), ServerRef[Board])
    assert_type(await sup.start_child(task_supervisor()), TaskSupervisor)
    assert_type(sup.task_supervisor("t"), TaskSupervisor)


async def names_know_their_holders(registry: Registry) -> None:
    assert_type(registry.get("k", Board), ServerRef[Board] | None)
    assert_type(registry.lookup("k", DynamicSupervisor), DynamicSupervisor)
    assert_type(await registry.wait_for("k"), Child)
    assert_type(whereis("k", Board), ServerRef[Board] | None)
    assert_type(whereis("k", TaskSupervisor), TaskSupervisor | None)
    ref = registry.ref("k", Board)
    assert_type(ref, NamedRef[Board])
    assert_type(await ref.with_timeout(1).call(Board.size), int)
    plain: ServerRef[Board] = ref
    wrong: ServerRef[Other] = ref  # type: ignore[assignment]
    del plain, wrong
    for entry in registry.entries("k"):
        assert_type(entry.server(Board), ServerRef[Board])
    with registry.subscribe("t", int) as numbers:
        assert_type(await anext(numbers), int)
    with registry.subscribe("t") as anything:
        assert_type(await anext(anything), object)
    Registry("bag")  # type: ignore[arg-type]


class Light(Enum):
    RED = 1
    GREEN = 2


class Crossing(StateMachine[Light]):
    state = Light.RED

    @call
    async def cross(self) -> str:
        assert_type(self.state, Light)
        if self.state is Light.RED:
            self.postpone()
        self.state_timeout(3, Crossing.switch, Light.RED)
        self.next_event(Crossing.switch, "red")  # type: ignore[arg-type]
        return "crossed"

    @cast
    async def switch(self, to: Light) -> None:
        self.state = to
        self.state = "green"  # type: ignore[assignment]


async def machines_are_servers(ref: ServerRef[Crossing]) -> None:
    assert_type(await ref.call(Crossing.cross), str)
    ref.cast(Crossing.switch, Light.GREEN)
