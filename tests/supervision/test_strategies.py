"""Who is restarted together with a child that failed."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, of_kind, quiet, record_events
from trio_sup import NoProcess, Stop, open_supervisor
from trio_sup._core.events import RestartDecided

pytestmark = pytest.mark.trio


async def test_one_for_one_replaces_only_the_failed_child_sup_050() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c")) as sup:
        stage.take()
        stage.crash("b")
        await quiet()
        assert stage.take() == ["b down", "b up"]
        assert [info.id for info in sup.which_children()] == ["a", "b", "c"]
        assert [sup.child(id).life for id in "abc"] == [1, 2, 1]


async def test_one_for_all_stops_in_reverse_then_starts_in_order_sup_051() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c"), strategy="one_for_all"):
        stage.take()
        stage.crash("b")
        await quiet()
        assert stage.take() == ["b down", "c down", "a down", "a up", "b up", "c up"]


async def test_rest_for_one_leaves_earlier_children_alone_sup_052() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c d"), strategy="rest_for_one") as sup:
        stage.take()
        stage.crash("b")
        await quiet()
        assert stage.take() == ["b down", "d down", "c down", "b up", "c up", "d up"]
        assert sup.child("a").life == 1


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_restart_waits_for_each_stop_sup_053(
    autojump_clock: MockClock, strategy: str
) -> None:
    stage = Stage(stop_seconds={"b": 1.0, "c": 2.0})
    async with open_supervisor(
        stage.specs("a b c"),
        strategy=strategy,  # type: ignore[arg-type]
    ):
        stage.take()
        stage.crash("a")
        await trio.sleep(3)
        await quiet()
        assert stage.take() == ["a down", "c down", "b down", "a up", "b up", "c up"]
        assert trio.current_time() == 3
        stage.stop_seconds.clear()


async def test_temporary_siblings_are_gone_for_good_sup_054() -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("t", restart="temporary"), stage.spec("c")]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        gone = sup.child("t")
        stage.crash("a")
        await quiet()
        assert stage.up == ["a", "c"]
        assert [info.id for info in sup.which_children()] == ["a", "c"]
        assert gone.status == "gone"


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_temporary_that_dies_in_the_same_step_stays_down_sup_042(
    strategy: str,
) -> None:
    for _ in range(8):  # Trio draws the order of the two ends
        stage = Stage()
        specs = [stage.spec("a"), stage.spec("t", restart="temporary")]
        async with open_supervisor(
            specs,
            strategy=strategy,  # type: ignore[arg-type]
        ):
            stage.crash("a")
            stage.crash("t")
            await quiet()
            assert stage.up == ["a"]
            assert stage.lives == {"a": 2, "t": 1}


async def test_transient_siblings_come_back_after_a_shutdown_sup_055() -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("t", restart="transient")]
    async with open_supervisor(specs, strategy="one_for_all"):
        stage.crash("a")
        await quiet()
        assert stage.up == ["a", "t"]


async def test_a_group_restart_revives_what_was_down_sup_056() -> None:
    stage = Stage()
    specs = [
        stage.spec("a"),
        stage.spec("t", restart="transient"),
        stage.spec("c"),
    ]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        stage.finish("t")
        await sup.terminate_child("c")
        await quiet()
        assert stage.up == ["a"]
        stage.crash("a")
        await quiet()
        assert stage.up == ["a", "t", "c"]


async def test_terminate_child_never_touches_siblings_sup_057() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c"), strategy="one_for_all") as sup:
        stage.take()
        await sup.terminate_child("b")
        assert stage.take() == ["b down"]


async def test_a_group_restart_counts_once_sup_058() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c"), strategy="one_for_all") as sup:
        stage.crash("b")
        await quiet()
        assert sup.statistics().restarts == 1


async def test_one_for_all_absorbs_simultaneous_deaths_sup_059() -> None:
    for _ in range(8):
        stage = Stage()
        async with open_supervisor(stage.specs("a b c"), strategy="one_for_all") as sup:
            seen = record_events()
            for id in "abc":
                stage.crash(id)
            await quiet()
            assert sup.statistics().restarts == 1
            assert len(of_kind(seen, RestartDecided)) == 1
            assert stage.lives == dict.fromkeys("abc", 2)


async def test_one_for_one_counts_simultaneous_deaths_apart_sup_060() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c")) as sup:
        for id in "abc":
            stage.crash(id)
        await quiet()
        assert sup.statistics().restarts == 3


async def test_rest_for_one_later_then_earlier_counts_twice_sup_061() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c"), strategy="rest_for_one") as sup:
        stage.crash("c")
        await quiet()
        stage.crash("a")
        await quiet()
        assert sup.statistics().restarts == 2
        assert stage.lives == {"a": 2, "b": 2, "c": 3}


async def test_a_transient_that_finished_with_the_crash_is_revived_sup_062() -> None:
    for _ in range(8):
        stage = Stage()
        specs = [stage.spec("a"), stage.spec("t", restart="transient")]
        async with open_supervisor(specs, strategy="one_for_all"):
            stage.finish("t")
            stage.crash("a")
            await quiet()
            assert stage.up == ["a", "t"]


async def test_added_children_depend_on_all_earlier_ones_sup_063() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b"), strategy="rest_for_one") as sup:
        await sup.start_child(stage.spec("z"))
        stage.take()
        stage.crash("b")
        await quiet()
        assert stage.take() == ["b down", "z down", "b up", "z up"]


async def test_a_sibling_that_ends_while_the_group_stops_is_absorbed(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"c": 5.0})
    async with open_supervisor(stage.specs("a b c"), strategy="one_for_all") as sup:
        stage.crash("a")
        await trio.sleep(1)  # c is being stopped
        stage.crash("b")
        await trio.sleep(10)
        assert sup.statistics().restarts == 0  # the window is 5 s
        assert stage.lives == dict.fromkeys("abc", 2)


async def test_a_crash_outside_of_the_group_waits_for_the_plan(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"c": 5.0})
    async with open_supervisor(stage.specs("a b c"), strategy="rest_for_one") as sup:
        a = sup.child("a")
        stage.crash("b")
        await trio.sleep(1)
        stage.crash("a")
        await quiet()
        assert a.status == "restarting"
        await a.wait_running()
        assert a.life == 2
        await quiet()
        assert stage.lives == {"a": 2, "b": 3, "c": 3}


async def test_stop_raised_by_a_permanent_child_restarts_the_group() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b"), strategy="one_for_all"):
        stage.crash("b", Stop("enough"))
        await quiet()
        assert stage.lives == {"a": 2, "b": 2}


# Failing restarts.


async def test_one_for_all_starts_over_when_a_restart_fails_sup_084() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c"), strategy="one_for_all") as sup:
        stage.take()
        stage.failing_starts["b"] = [Boom("once")]
        stage.crash("c")
        await quiet()
        assert stage.take() == [
            *("c down", "b down", "a down"),
            "a up",  # and b fails
            *("a down", "a up", "b up", "c up"),
        ]
        assert sup.statistics().restarts == 2


async def test_rest_for_one_turns_on_the_child_that_failed_sup_085() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b c"), strategy="rest_for_one") as sup:
        stage.take()
        stage.failing_starts["b"] = [Boom("once")]
        stage.crash("a")
        await quiet()
        assert stage.take() == [
            *("a down", "c down", "b down"),
            "a up",  # and b fails; a is left alone
            *("b up", "c up"),
        ]
        assert sup.statistics().restarts == 2


async def test_terminating_a_failing_pivot_leaves_the_rest_down_sup_087(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("b", name="bee")]
    async with open_supervisor(specs, strategy="rest_for_one") as sup:
        stage.failing_starts["a"] = [Boom("one"), Boom("two")]
        stage.start_seconds["a"] = 1.0
        stage.crash("a")
        await quiet()
        await sup.terminate_child("a")
        b = sup.child("b")
        assert (sup.child("a").status, b.status) == ("stopped", "stopped")
        with pytest.raises(NoProcess):
            await b.wait_running()
        # Its name is free.
        await sup.start_child(stage.spec("other", name="bee"))
        await sup.delete_child("a")
        await sup.terminate_child("other")
        await sup.restart_child("b")
        assert stage.up == ["b"]


async def test_one_that_came_up_and_died_is_not_left_down_with_the_plan_sup_087(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"b": 1.0})
    async with open_supervisor(stage.specs("a b"), strategy="one_for_all") as sup:
        stage.failing_starts["b"] = [Boom("once")]
        stage.crash("a")
        await quiet()
        stage.crash("a")  # in its second life, while b is starting
        await sup.terminate_child("b")  # the pivot then
        await sup.child("a").wait_running()
        assert stage.lives["a"] == 3


async def test_a_sibling_can_be_restarted_by_hand_meanwhile_sup_086(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 1.0})
    async with open_supervisor(stage.specs("a b"), strategy="rest_for_one") as sup:
        stage.failing_starts["a"] = [Boom("one")]
        stage.crash("a")
        await quiet()
        stage.take()
        await sup.restart_child("b")  # in line before the next attempt
        assert stage.take()[0] == "b up"
        await sup.child("a").wait_running()
        await sup.child("b").wait_running()
        assert stage.up == ["a", "b"]
        assert stage.lives["b"] == 3  # by hand, then with the group


async def test_who_is_down_after_a_failing_group_restart_is_not_active_sup_134(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"b": 1.0})
    flags = {"restart": "transient", "significant": True}
    specs = [stage.spec("a", **flags), stage.spec("b"), stage.spec("c", **flags)]
    async with open_supervisor(
        specs, strategy="rest_for_one", auto_shutdown="all_significant"
    ) as sup:
        stage.failing_starts["b"] = [Boom("once")]
        stage.crash("b")
        await quiet()
        stage.finish("a")  # while b fails to start, and c is down
        await sup.wait_stopped()
    assert stage.lives == {"a": 1, "b": 2, "c": 1}


@pytest.mark.parametrize("request_name", ["restart_child", "delete_child"])
async def test_one_that_died_before_a_failing_group_restart_is_down_sup_086_115(
    request_name: str, autojump_clock: MockClock
) -> None:
    stage = Stage(start_seconds={"c": 1.0})
    async with (
        open_supervisor(stage.specs("a b"), strategy="rest_for_one") as sup,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(sup.start_child, stage.spec("c"))
        await quiet()
        for id in "ab":  # both wait in line behind the start, and so does the request
            stage.crash(id)
            await quiet()
        stage.failing_starts["a"] = [Boom("once")]
        stage.start_seconds.clear()
        await getattr(sup, request_name)("b")
        await sup.child("a").wait_running()
        await quiet()
        assert stage.lives["a"] == 3
        assert stage.lives["b"] == (3 if request_name == "restart_child" else 1)


async def test_an_ignored_restart_stays_down_and_its_group_goes_on_sup_088() -> None:
    from trio_sup import Ignore

    stage = Stage()
    async with open_supervisor(stage.specs("a b c"), strategy="one_for_all") as sup:
        stage.failing_starts["b"] = [Ignore()]
        stage.crash("a")
        await quiet()
        assert stage.up == ["a", "c"]
        assert sup.child("b").status == "stopped"
        assert sup.statistics().restarts == 1
