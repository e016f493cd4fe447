"""What people do to trees by hand, and is right: the harness has nothing to say of it."""

import pytest
import trio

from trio_sup import (
    AlreadyRegistered,
    Backoff,
    Budget,
    ChildSpec,
    GenServer,
    MaxChildren,
    Supervisor,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)
from trio_sup._core.words import Strategy
from trio_sup.testing import (
    ConformanceMonitor,
    Crash,
    CtrlC,
    CutTree,
    Deaf,
    FailStart,
    Fault,
    StartAgain,
    Terminate,
    World,
    check_supervision,
    replay,
    run_virtual,
)
from trio_sup.testing._run.options import Client

from .mutants.work_ground import picks, shards


class Idle(GenServer):
    """A server that nobody asks."""


def test_a_start_is_refused_as_its_name_is_in_use() -> None:
    async def starts(world: World) -> None:
        for number in range(3):
            with pytest.raises(AlreadyRegistered):
                await world.root.start_child(child(Idle, name="n", id=f"b{number}"))

    def build() -> ChildSpec[Supervisor]:
        return supervisor([child(Idle, name="n", id="a")], id="r")

    replay(build, [Crash("r/a", at=1.0)], client=starts)


def test_who_was_refused_for_a_name_takes_no_place() -> None:
    async def starts(world: World) -> None:
        rooms = world.root.dynamic("rooms")
        await rooms.start_child(child(Idle, name="n"))
        for _ in range(100):
            with pytest.raises(AlreadyRegistered):
                await rooms.start_child(child(Idle, name="n", id="other"))
        await rooms.start_child(child(Idle))
        with pytest.raises(MaxChildren):
            await rooms.start_child(child(Idle))

    replay(lambda: [dynamic_supervisor(id="rooms", max_children=2)], client=starts)


def nested() -> ChildSpec[Supervisor]:
    budget = Budget(1, 100, "quarantine")
    inner = supervisor(
        [child(trio.sleep_forever, id="x", budget=budget)], id="in", max_restarts=9
    )
    return supervisor(
        [child(trio.sleep_forever, id="a"), inner],
        strategy="one_for_all",
        max_restarts=9,
        id="r",
    )


def test_a_budget_is_unused_in_a_new_life_of_its_supervisor() -> None:
    script = [
        Crash("r/in/x", at=1.0),
        Crash("r/a", at=2.0),
        Crash("r/in/x", at=3.0),
        Crash("r/in/x", at=4.0),
    ]
    world = replay(nested, script)
    assert world.lives("r/in/x") == 4  # once by itself in each life of `in`
    assert world.child("r/in/x").last_exit is not None
    check_supervision(nested, max_examples=60, derandomize=True)


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_siblings_are_started_by_hand_while_a_group_waits(strategy: Strategy) -> None:
    later = Backoff(initial=3, jitter=0, immediate_first=False)

    def build() -> ChildSpec[Supervisor]:
        return supervisor(
            [
                child(trio.sleep_forever, id="a", backoff=later),
                child(trio.sleep_forever, id="b", backoff=later),
                child(trio.sleep_forever, id="c"),
            ],
            strategy=strategy,
            id="r",
        )

    async def helps(world: World) -> None:
        await trio.sleep(2)
        await world.root.restart_child("b")
        await world.root.start_child(child(trio.sleep_forever, id="z"))

    script = [Terminate("r/b", at=0.5), Crash("r/a", at=1.0)]
    world = replay(build, script, client=helps)
    assert world.lives("r/z") == 2
    replay(build, [*script, Crash("r/z", at=2.5)], client=helps)


def test_on_a_live_node_children_whose_paths_are_alike_are_two() -> None:
    monitor = ConformanceMonitor()

    async def main() -> None:
        with monitor.watching():
            inner = supervisor([child(trio.sleep_forever, id="b")], id="a")
            children = [
                child(trio.sleep_forever, id=22),
                child(trio.sleep_forever, id="22"),
                child(trio.sleep_forever, id="a/b"),
                inner,
            ]
            async with open_supervisor(
                children, id="r", strategy="one_for_all"
            ) as root:
                await root.terminate_child("22")
                await root.restart_child("22")
                await root.terminate_child(22)

    run_virtual(main)
    monitor.check()


async def cleans_up_under_a_shield() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(2)


async def takes_its_time(world: World) -> None:
    await cleans_up_under_a_shield()


@pytest.mark.parametrize(
    "script",
    [
        [CtrlC(at=1.0)],
        [CtrlC(at=1.0), CtrlC(at=1.0)],
        [CtrlC(at=1.0), CtrlC(at=1.5), CtrlC(at=2.0)],
        [Deaf("r/a", at=0.5, seconds=3.0), CtrlC(at=1.0), CtrlC(at=1.25)],
        [CutTree(at=1.0), CtrlC(at=1.25)],
        [Terminate("r/a", at=1.0), CtrlC(at=1.5), StartAgain("r/b", at=1.5)],
        [CtrlC(at=0.0), Crash("r/b", at=0.0)],
    ],
    ids=str,
)
@pytest.mark.parametrize("client", [None, takes_its_time])
def test_ctrl_c_comes_at_any_moment_and_as_often_as_it_likes(
    script: list[Fault], client: Client | None
) -> None:
    def build() -> ChildSpec[Supervisor]:
        return supervisor(
            [child(cleans_up_under_a_shield, id=id) for id in "ab"], id="r"
        )

    world = replay(build, script, client=client)
    assert world.outcome == "interrupted"


def test_a_second_ctrl_c_ends_the_graces_of_a_start_that_is_undone() -> None:
    async def lingers() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.25)

    def build() -> ChildSpec[Supervisor]:
        slow = [child(lingers, id=id, shutdown=0.125) for id in "abc"]
        return supervisor([*slow, child(trio.sleep_forever, id="last")], id="r")

    replay(build, [FailStart("r/last"), CtrlC(at=0.0625), CtrlC(at=0.09375)])


def test_a_partition_that_failed_to_start_is_disabled_with_those_after_it() -> None:
    # Two wait for the next attempt of their group, and are two too many by then: those
    # before them are up, and stay so.
    script = [
        Crash("app/shards/0", checkpoint=0),
        FailStart("app/shards/2", life=2),
    ]
    world = replay(shards, script, client=picks)
    assert world.lives("app/shards/0") == 2
