"""A supervisor is given another specification while it runs."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import (
    Boom,
    Holder,
    Other,
    Stage,
    of_kind,
    quiet,
    record_events,
)
from trio_sup import (
    Backoff,
    ChildSpecError,
    MaxChildren,
    ReconfigureFailed,
    RestartLimitExceeded,
    child,
    dynamic_supervisor,
    events,
    open_supervisor,
    supervisor,
    whereis,
)

pytestmark = pytest.mark.trio


async def test_a_plan_is_a_diff_and_changes_nothing_sup_150() -> None:
    stage = Stage()
    old = [*stage.specs("a b"), child(Holder, 1, id="c")]
    async with open_supervisor(old) as sup:
        new = supervisor(
            [
                stage.spec("b", shutdown=2.0),
                child(Holder, 2, id="c"),
                stage.spec("d"),
            ],
            max_restarts=9,
        )
        plan = sup.plan(new)
        assert str(plan).splitlines() == [
            "root",
            "  ~ max_restarts 3 -> 9",
            "  ~ b: update (shutdown 5.0 -> 2.0)",
            "  ! c: restart (args (1,) -> (2,), loses its state)",
            "  + d: start",
            "  - a: stop (loses its state)",
        ]
        assert plan.loses_state == ("root/c", "root/a")
        assert plan.paths("start") == ("root/d",)
        assert not plan.empty
        assert stage.take() == ["a up", "b up"]
        assert str(sup.plan(old)) == "root: nothing changes"


async def test_flags_and_treatment_change_under_living_children_sup_150() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b"), max_restarts=1) as sup:
        stage.crash("a")
        await quiet()
        new = supervisor(stage.specs("a b", shutdown=1.0), max_restarts=2)
        made = await sup.reconfigure(new)
        assert made.paths("update") == ("root/a", "root/b")
        assert sup.child("a").life == 2
        assert sup.child("b").life == 1
        assert sup.get_childspec("a").shutdown == 1.0
        statistics = sup.statistics()
        assert (statistics.restarts, statistics.max_restarts) == (1, 2)
        stage.crash("a")
        await quiet()
        assert sup.child("a").life == 3


async def test_restarts_that_count_go_on_counting_against_the_new_limit() -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a"), max_restarts=3) as sup:
            for _ in range(2):
                stage.crash("a")
                await quiet()
            await sup.reconfigure(supervisor(stage.specs("a"), max_restarts=2))
            stage.crash("a")
            await trio.sleep_forever()


async def test_auto_shutdown_and_significance_hold_for_the_ends_that_follow_sup_141() -> (
    None
):
    stage = Stage()
    async with open_supervisor(stage.specs("a b", restart="transient")) as sup:
        stage.finish("b")
        await quiet()
        new = supervisor(
            [
                stage.spec("a", restart="transient", significant=True),
                stage.spec("b", restart="transient"),
            ],
            auto_shutdown="any_significant",
        )
        await sup.reconfigure(new)
        assert sup.child("a").life == 1
        stage.finish("a")
        await sup.wait_stopped()
        assert stage.up == []


async def test_the_strategy_changes_without_a_restart() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c")) as sup:
        await sup.reconfigure(supervisor(stage.specs("a b c"), strategy="one_for_all"))
        stage.take()
        stage.crash("b")
        await quiet()
        assert stage.take() == [
            *("b down", "c down", "a down"),
            *("a up", "b up", "c up"),
        ]


async def test_who_ends_ends_first_and_who_is_new_starts_in_the_new_order() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c")) as sup:
        stage.take()
        new = [stage.spec("d"), stage.spec("c"), stage.spec("e")]
        await sup.reconfigure(new)
        assert stage.take() == ["b down", "a down", "d up", "e up"]
        assert [info.id for info in sup.which_children()] == ["d", "c", "e"]
        assert sup.child("c").life == 1
    assert stage.take() == ["e down", "c down", "d down"]


async def test_those_who_depend_on_a_restart_are_restarted_too() -> None:
    stage = Stage()
    old = [stage.spec("a"), child(Holder, 1, id="b"), stage.spec("c")]
    async with open_supervisor(old, strategy="rest_for_one") as sup:
        stage.take()
        new = [stage.spec("a"), child(Holder, 2, id="b"), stage.spec("c")]
        plan = sup.plan(new)
        assert "! c: restart (with 'b' (rest_for_one), loses its state)" in str(plan)
        await sup.reconfigure(plan)
        assert stage.take() == ["c down", "c up"]
        assert sup.child("a").life == 1


async def test_a_handle_is_of_the_next_life_and_its_class() -> None:
    async with open_supervisor([child(Holder, 1, id="h", name="here")]) as sup:
        ref = sup.server(Holder, "h")
        await sup.reconfigure([child(Other, 5, id="h", name="here")])
        assert await ref.call(Holder.get) == -5
        assert sup.server(Other, "h") == ref
        assert whereis("here", Other) == ref


async def test_another_kind_is_another_child() -> None:
    stage = Stage()
    async with open_supervisor([child(Holder, 1, id="x", name="n")]) as sup:
        former = sup.child("x")
        await sup.reconfigure([stage.spec("x", name="n")])
        assert former.status == "gone"
        assert sup.child("x") != former
        assert sup.child("x").status == "running"


async def test_a_name_that_moves_is_never_free() -> None:
    seen: list[object] = []
    old = [child(Holder, 1, id="a", name="n"), child(Holder, 2, id="b")]
    new = [child(Holder, 1, id="a"), child(Holder, 2, id="b", name="n")]
    async with open_supervisor(old) as sup:

        async def thief() -> None:
            await trio.sleep_forever()

        async with open_supervisor([], id="other") as other:

            async def steal(task_status: trio.TaskStatus[None]) -> None:
                task_status.started()
                while True:
                    try:
                        await other.start_child(child(thief, name="n"))
                    except Exception as error:  # noqa: BLE001 - looked at below
                        seen.append(type(error).__name__)
                    await trio.lowlevel.checkpoint()

            async with trio.open_nursery() as nursery:
                await nursery.start(steal)
                while not seen:
                    await trio.lowlevel.checkpoint()
                await sup.reconfigure(new)
                nursery.cancel_scope.cancel()
        assert set(seen) == {"AlreadyRegistered"}
        assert whereis("n", Holder) == sup.server(Holder, "b")


async def test_a_name_cannot_move_to_another_supervisor() -> None:
    old = [child(Holder, 1, id="a", name="n"), supervisor([], id="s")]
    new = [supervisor([child(Holder, 1, id="a", name="n")], id="s")]
    async with open_supervisor(old) as sup:
        with pytest.raises(ChildSpecError, match="it would be free for others"):
            sup.plan(new)


async def test_a_start_that_fails_brings_everything_back() -> None:
    stage = Stage(failing_starts={"new": [Boom("no")]})
    old = [stage.spec("a"), child(Holder, 1, id="h", name="n"), stage.spec("z")]
    async with open_supervisor(old, max_restarts=5) as sup:
        heard = record_events()
        ref = sup.server(Holder, "h")
        new = supervisor(
            [child(Holder, 2, id="h", name="m"), stage.spec("a"), stage.spec("new")],
            strategy="one_for_all",
        )
        with pytest.raises(ReconfigureFailed) as info:
            await sup.reconfigure(new)
        failed = info.value
        assert failed.child == "root/new"
        assert isinstance(failed.__cause__, Boom)
        assert failed.plan.paths("start") == ("root/new",)
        assert failed.returned == ("root/a", "root/h", "root/z")
        assert failed.lost == ()
        assert "child 'root/new' did not start" in str(failed)
        assert [info.id for info in sup.which_children()] == ["a", "h", "z"]
        assert await ref.call(Holder.get) == 1
        assert whereis("n", Holder) == ref
        assert whereis("m", Holder) is None
        assert sup.statistics().max_restarts == 5
        assert sup.plan(old).empty
        told = of_kind(heard, events.SupervisorReconfigured)
        assert [event.outcome for event in told] == ["rolled_back"]


async def test_who_cannot_come_back_is_restarted_as_after_any_failed_restart(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(failing_starts={"new": [Boom("no")], "a": []})
    slow = Backoff(initial=1.0, jitter=0.0, immediate_first=False)
    async with open_supervisor(stage.specs("a", backoff=slow)) as sup:
        stage.failing_starts["a"] = [Boom("again")]
        with pytest.raises(ReconfigureFailed) as info:
            await sup.reconfigure([stage.spec("new")])
        assert info.value.lost == ("root/a",)
        await sup.child("a").wait_running()
        assert trio.current_time() == 1.0


async def test_supervisors_below_change_in_place_and_come_back_with_all() -> None:
    stage = Stage(failing_starts={"bad": [Boom("no")]})

    def tree(below: str, *more: str, limit: int) -> list[Any]:
        inner = supervisor(stage.specs(below), id="inner", max_restarts=limit)
        outer = supervisor([inner, stage.spec("o")], id="outer")
        return [outer, *stage.specs(" ".join(more))]

    async with open_supervisor(tree("a b", limit=1)) as sup:
        stage.take()
        await sup.reconfigure(tree("b c", limit=2))
        assert stage.take() == ["a down", "c up"]
        inner = sup.supervisor("outer", "inner")
        assert inner.life == 1
        assert inner.statistics().max_restarts == 2
        with pytest.raises(ReconfigureFailed):
            await sup.reconfigure(tree("c", "bad", limit=3))
        assert stage.take() == ["b down", "b up"]
        assert [info.id for info in inner.which_children()] == ["b", "c"]
        assert inner.statistics().max_restarts == 2


async def test_children_that_no_list_names_are_in_no_plan() -> None:
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        await sup.dynamic("d").start_child(child(trio.sleep_forever, id="one"))
        plan = sup.plan([dynamic_supervisor(id="d")])
        assert plan.empty
        plan = sup.plan([dynamic_supervisor(id="d", max_children=2)])
        assert plan.ends_lives == plan.loses_state == plan.paths("stop") == ()


async def test_fewer_dynamic_children_keeps_those_that_are_there_dyn_028() -> None:
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        pool = sup.dynamic("d")
        for number in range(3):
            await pool.start_child(child(Holder, number))
        await sup.reconfigure([dynamic_supervisor(id="d", max_children=2)])
        assert pool.count_children().active == 3
        with pytest.raises(MaxChildren):
            await pool.start_child(child(Holder, 9))
