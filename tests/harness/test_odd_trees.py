"""Odd but correct trees: the harness has nothing to say against them."""

import contextlib
from collections.abc import AsyncGenerator

import pytest
import trio

from trio_sup import (
    ChildSpec,
    GenServer,
    NoProcess,
    ServerExit,
    Supervisor,
    SupervisorStopping,
    TaskExit,
    TaskSupervisor,
    call,
    cast,
    child,
    open_supervisor,
    partition_supervisor,
    supervisor,
    task_supervisor,
)
from trio_sup._core.words import Strategy
from trio_sup._tree.supervisor import PartitionSupervisor
from trio_sup.testing import (
    EVERYTHING,
    Crash,
    Deaf,
    FailStart,
    Fault,
    Interrupt,
    Slow,
    StartAgain,
    Terminate,
    Vanish,
    World,
    check_supervision,
    replay,
)


class Idler(GenServer):
    """Does something whenever nothing comes."""

    def __init__(self) -> None:
        self.rounds = 0

    async def init(self) -> None:
        self.idle_after(0.25, Idler.idle)

    @cast
    async def idle(self) -> None:
        self.rounds += 1
        self.idle_after(0.25, Idler.idle)


def test_what_an_idle_server_does_is_counted_like_a_message() -> None:
    replay(lambda: [child(Idler, id="i")], duration=2.0)


def test_a_child_without_grace_may_outlive_its_cancellation() -> None:
    def build() -> ChildSpec[Supervisor]:
        inner = supervisor(
            [child(trio.sleep_forever, id="x", shutdown=0.25)],
            id="inner",
            shutdown=0.125,
        )
        return supervisor([inner, child(trio.sleep_forever, id="c", shutdown=0)])

    replay(build, [Deaf("supervisor/c", at=0.0, seconds=0.5)])
    replay(build, [Deaf("supervisor/inner/x", at=0.0, seconds=0.5)])


async def work(seconds: float) -> float:
    await trio.sleep(seconds)
    return seconds


async def employer(world: World) -> None:
    """Gets results from tasks, and leaves some alone in the midst of them."""
    [tasks] = [each.handle for each in world.root.which_children()]
    assert isinstance(tasks, TaskSupervisor)
    while True:
        with contextlib.suppress(SupervisorStopping, TaskExit, NoProcess):
            assert await tasks.async_nolink(work, 0.5).result() == 0.5
            await tasks.async_nolink(work, 9.0, shutdown="brutal_kill").shutdown(2.0)
            async with tasks.linked() as links:
                links.start(work, 9.0)
            async with tasks.stream(work, [0.25, 9.0, 9.0]) as stream:
                async for _ in stream:
                    break
        await trio.sleep(0.5)


def test_tasks_are_stopped_by_those_who_started_them() -> None:
    def build() -> ChildSpec[Supervisor]:
        return supervisor([task_supervisor(id="tasks")], id="root")

    check_supervision(build, client=employer, faults=EVERYTHING, max_examples=30)


@trio.as_safe_channel
async def numbers() -> AsyncGenerator[int, None]:
    while True:
        await trio.sleep(0.5)
        yield 1


async def reads() -> None:
    async with numbers() as channel:
        async for _ in channel:
            pass


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Crash("root/r", at=1.0), "stopped"),
        (Interrupt("root/r", at=1.0), "interrupted"),
    ],
    ids=["crash", "Ctrl-C"],
)
def test_what_trio_raises_anew_is_still_the_fault(fault: Fault, outcome: str) -> None:
    # It takes the single error out of its group, and makes another of its type.
    assert replay(lambda: [child(reads, id="r")], [fault]).outcome == outcome


async def lingers() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)


async def tree_within() -> None:
    async with open_supervisor([child(lingers, id="q")], id="hidden"):
        await trio.sleep_forever()


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ([Crash("root/a", checkpoint=0)], "stopped"),
        ([Crash("root/a", at=5.25), Interrupt("root/a", at=5.0)], "interrupted"),
        (
            [
                Slow("root/a", life=2, checkpoint=-1, seconds=0.5),
                Crash("root/a", at=1.0),
                Terminate("root/a", at=0.0),
                StartAgain("root/a", at=0.0),
            ],
            "stopped",
        ),
    ],
    ids=["as it starts", "twice", "before its first child"],
)
def test_a_tree_within_a_child_ends_in_order(script: list[Fault], outcome: str) -> None:
    assert replay(lambda: [child(tree_within, id="a")], script).outcome == outcome


class Part(GenServer):
    @call
    async def echo(self, number: int) -> int:
        await trio.sleep(0.1)
        return number


def parts(strategy: Strategy) -> ChildSpec[Supervisor]:
    inner = partition_supervisor(
        child(Part), partitions=3, id="parts", strategy=strategy
    )
    return supervisor([inner], id="root")


async def resizer(world: World) -> None:
    [handle] = [each.handle for each in world.root.which_children()]
    assert isinstance(handle, PartitionSupervisor)
    for count in [1, 3] * 4:
        await trio.sleep(0.9)
        with contextlib.suppress(NoProcess, ServerExit, SupervisorStopping):
            await handle.pick(count, Part).call(Part.echo, count)
            await handle.resize(count)


@pytest.mark.parametrize(
    "script",
    [
        [Crash("root/parts/0", at=1.0)],
        [Crash("root/parts/1", at=2.2), FailStart("root/parts/2", life=2)],
        [
            Vanish("root/parts/2", checkpoint=2),
            Slow("root/parts/1", life=2, checkpoint=-1, seconds=0.5),
            FailStart("root/parts/1", life=2),
        ],
        [Terminate("root/parts/2", at=0.0), Crash("root/parts/0", at=0.5)],
        [
            Slow("root/parts/1", life=2, checkpoint=-1, seconds=2.0),
            Interrupt("root/parts/1", at=2.5),
        ],
    ],
    ids=["at once", "fails to come back", "stalls", "by hand", "as all stops"],
)
def test_partitions_come_and_go_in_a_group(script: list[Fault]) -> None:
    replay(lambda: parts("one_for_all"), script, client=resizer)
