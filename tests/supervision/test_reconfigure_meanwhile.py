"""What comes between while a supervisor is given another specification."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Holder, Stage, quiet
from trio_sup import (
    Budget,
    ChildSpecError,
    PlanOutdated,
    SupervisorStopping,
    WouldDeadlock,
    child,
    dynamic_supervisor,
    open_supervisor,
    partition_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio


async def test_a_plan_that_is_outdated_is_refused() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        plan = sup.plan(stage.specs("a b"))
        await sup.start_child(stage.spec("c"))
        with pytest.raises(PlanOutdated) as info:
            await sup.reconfigure(plan)
        assert info.value.now.paths("stop") == ("root/c",)
        assert stage.up == ["a", "c"]


async def test_a_stop_wins_and_the_next_life_goes_by_the_former_list() -> None:
    stage = Stage(start_seconds={"new": 60})
    inner = supervisor(stage.specs("a"), id="inner")
    async with open_supervisor([inner]) as sup:
        below = sup.supervisor("inner")
        answers: list[str] = []

        async def change() -> None:
            with pytest.raises(SupervisorStopping):
                await below.reconfigure(stage.specs("new"))
            answers.append("stopping")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(change)
            await quiet()
            await below.stop()
        await below.wait_running()
        assert answers == ["stopping"]
        assert [info.id for info in below.which_children()] == ["a"]
        assert stage.up == ["a"]


async def test_requests_wait_behind_a_change_and_crashes_are_decided() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b")) as sup:
        starting = trio.Event()

        async def slow(*, task_status: trio.TaskStatus[None]) -> None:
            await starting.wait()
            task_status.started()
            await trio.sleep_forever()

        async with trio.open_nursery() as nursery:
            new = [*stage.specs("a b"), child(slow, id="slow")]
            nursery.start_soon(sup.reconfigure, new)
            await quiet()
            nursery.start_soon(sup.start_child, stage.spec("z"))
            stage.crash("a")
            await quiet()
            assert "z" not in stage.up
            starting.set()
        await quiet()
        assert sup.child("a").life == 2
        assert [info.id for info in sup.which_children()] == ["a", "b", "slow", "z"]


async def test_a_caller_that_is_cancelled_takes_back_only_what_has_not_begun(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"slow": 60})
    async with open_supervisor(stage.specs("a")) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.start_child, stage.spec("slow"))
            await quiet()
            with trio.move_on_after(1):
                await sup.reconfigure(stage.specs("a b"))
        await quiet()
        assert stage.up == ["a", "slow"]


async def test_who_would_be_ended_by_it_cannot_wait_for_it() -> None:
    caught: list[str] = []

    async def asks(argument: int) -> None:
        try:
            await sup.reconfigure([child(asks, argument + 1, id="asks")])
        except WouldDeadlock as error:
            caught.append(str(error))
        await trio.sleep_forever()

    async with open_supervisor([]) as sup:
        await sup.start_child(child(asks, 1, id="asks"))
        await quiet()
    assert caught[0].startswith("reconfigure would end 'root/asks'")


async def test_who_is_down_stays_down_unless_its_specification_changed() -> None:
    stage = Stage()
    once = partial(stage.spec, restart="transient")
    old = [
        once("done"),
        once("again"),
        stage.spec("jailed", budget=Budget(0, 5.0, "quarantine")),
        child(Holder, 1, id="by_hand"),
    ]
    async with open_supervisor(old) as sup:
        stage.finish("done")
        stage.finish("again")
        stage.crash("jailed")
        await sup.terminate_child("by_hand")
        await quiet()
        new = [
            once("done"),
            once("again", shutdown=1.0),
            stage.spec("jailed", budget=Budget(3, 5.0, "quarantine")),
            child(Holder, 1, id="by_hand"),
        ]
        plan = sup.plan(new)
        assert str(plan).splitlines()[1] == "  = done: it is stopped"
        await sup.reconfigure(plan)
        assert {info.id: info.status for info in sup.which_children()} == {
            "done": "stopped",
            "again": "running",
            "jailed": "running",
            "by_hand": "stopped",
        }


async def test_partitions_are_left_to_resize() -> None:
    pool = partition_supervisor(child(Holder, 1), partitions=2, id="pool")
    async with open_supervisor([pool]) as sup:
        handle = sup.partition_supervisor("pool")
        with pytest.raises(ChildSpecError, match="requests of their own"):
            handle.plan([])
        more = partition_supervisor(child(Holder, 1), partitions=3, id="pool")
        assert sup.plan([more]).paths("restart") == ("root/pool",)
        limit = partition_supervisor(
            child(Holder, 1), partitions=2, id="pool", max_restarts=7
        )
        await sup.reconfigure([limit])
        assert handle.life == 1
        assert handle.statistics().max_restarts == 7


@pytest.mark.parametrize("wrong", [dynamic_supervisor(), child(Holder, 1), 5])
async def test_what_is_no_specification_of_it_is_refused(wrong: Any) -> None:
    async with open_supervisor([]) as sup:
        with pytest.raises(ChildSpecError):
            sup.plan(wrong)


async def test_a_plan_of_another_supervisor_is_refused() -> None:
    async with open_supervisor([supervisor([], id="s")]) as sup:
        plan = sup.supervisor("s").plan([child(Holder, 1)])
        with pytest.raises(ChildSpecError, match="made by plan"):
            await sup.reconfigure(plan)
