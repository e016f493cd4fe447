"""A restart limit of one child: escalate or quarantine (rule 9 of how it is built)."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Stage, of_kind, paths, quiet, record_events
from trio_sup import (
    Budget,
    ChildSpecError,
    NoProcess,
    RestartLimitExceeded,
    current_node,
    open_supervisor,
)
from trio_sup._core.events import ChildQuarantined

pytestmark = pytest.mark.trio

HOT = Budget(2, 60.0, then="quarantine")


async def heat(stage: Stage, times: int) -> None:
    for _ in range(times):
        stage.crash("hot")
        await quiet()


async def test_trap_23_one_hot_child_cannot_take_its_siblings_down() -> None:
    stage = Stage()
    specs = [stage.spec("hot", budget=HOT), *(stage.spec(f"s{n}") for n in range(50))]
    async with open_supervisor(specs, max_restarts=2) as sup:
        seen = record_events()
        await heat(stage, 3)
        assert sup.child("hot").status == "quarantined"
        assert len(stage.up) == 50
        assert {stage.lives[f"s{n}"] for n in range(50)} == {1}
        assert paths(seen, ChildQuarantined) == ["root/hot"]
        # The crash that led to it does not count at the supervisor.
        assert sup.statistics().restarts == 2


async def test_a_quarantined_child_is_at_rest_and_keeps_its_name() -> None:
    stage = Stage()
    async with open_supervisor(
        [stage.spec("hot", budget=HOT, name="n")], max_restarts=100
    ) as sup:
        handle = sup.child("hot")
        await heat(stage, 3)
        await handle.wait_stopped()
        with pytest.raises(NoProcess):
            await handle.wait_running()
        assert current_node().registry.holder("n") is handle.record
        assert current_node().registry.get("n") is None
        await sup.terminate_child("hot")
        assert current_node().registry.holder("n") is None


async def test_restart_child_ends_the_quarantine_with_a_fresh_budget() -> None:
    stage = Stage()
    async with open_supervisor(
        [stage.spec("hot", budget=HOT)], max_restarts=100
    ) as sup:
        await heat(stage, 3)
        await sup.restart_child("hot")
        await heat(stage, 2)
        assert sup.child("hot").status == "running"
        await heat(stage, 1)
        assert sup.child("hot").status == "quarantined"


async def test_a_quarantined_child_can_be_deleted() -> None:
    stage = Stage()
    async with open_supervisor(
        [stage.spec("hot", budget=HOT)], max_restarts=100
    ) as sup:
        await heat(stage, 3)
        await sup.terminate_child("hot")
        await sup.delete_child("hot")
        assert sup.which_children() == []


async def test_escalate_gives_up_with_the_childs_own_limit() -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor(
            [stage.spec("hot", budget=Budget(1, 60.0)), stage.spec("b")],
            max_restarts=100,
        ):
            await heat(stage, 2)
            await trio.sleep_forever()
    error = info.value
    assert (error.child, error.max_restarts, error.max_seconds) == ("hot", 1, 60.0)
    assert "restarts of child 'hot' in 60 s" in str(error)


async def test_the_supervisors_limit_still_holds() -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor([stage.spec("hot", budget=HOT)], max_restarts=1):
            await heat(stage, 2)
            await trio.sleep_forever()
    assert info.value.child is None


async def test_the_budgets_window_is_inclusive(autojump_clock: MockClock) -> None:
    stage = Stage()
    budget = Budget(1, 10.0, then="quarantine")
    async with open_supervisor(
        [stage.spec("hot", budget=budget)], max_restarts=100
    ) as sup:
        for gap, status in ((0, "running"), (10.5, "running"), (10, "quarantined")):
            await trio.sleep(gap)
            await heat(stage, 1)
            assert sup.child("hot").status == status


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_quarantine_under_a_group_strategy_is_refused(strategy: str) -> None:
    stage = Stage()
    with pytest.raises(ChildSpecError) as info:
        open_supervisor(
            [stage.spec("hot", budget=HOT)],
            strategy=strategy,  # type: ignore[arg-type]
        )
    assert info.value.field == "budget"


async def test_a_quarantined_significant_child_triggers_nothing() -> None:
    stage = Stage()
    specs = [
        stage.spec("hot", budget=HOT, restart="transient", significant=True),
        stage.spec("other", restart="transient", significant=True),
    ]
    async with open_supervisor(
        specs, auto_shutdown="all_significant", max_restarts=100
    ) as sup:
        await heat(stage, 3)
        await quiet()
        assert sup.status == "running"
        stage.finish("other")  # the last active one
        await sup.wait_stopped()
        assert of_kind(list(current_node().recent_events()), ChildQuarantined)
