"""Dynamic supervisors: children come and go, each on its own."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    AlreadyRegistered,
    AlreadyStarted,
    Backoff,
    ChildSpecError,
    DynamicSupervisor,
    Ignore,
    MaxChildren,
    NoSuchChild,
    RestartLimitExceeded,
    StartFailed,
    StartIgnored,
    SupervisorStopping,
    dynamic_supervisor,
    open_supervisor,
)

pytestmark = pytest.mark.trio


async def test_starts_do_not_wait_for_each_other_dyn_031(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds=dict.fromkeys("abc", 3.0))
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        async with trio.open_nursery() as nursery:
            for id in "abc":
                nursery.start_soon(dynamic.start_child, stage.spec(id))
        assert trio.current_time() == 3


async def test_stops_do_not_block_others_dyn_018(autojump_clock: MockClock) -> None:
    stage = Stage(stop_seconds={"a": 5.0})
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        await dynamic.start_child(stage.spec("a"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dynamic.terminate_child, "a")
            await quiet()
            await dynamic.start_child(stage.spec("b"))
            assert trio.current_time() == 0


async def test_all_stop_at_once_dyn_019(autojump_clock: MockClock) -> None:
    stage = Stage(stop_seconds={"a": 3.0, "b": 1.0, "c": 2.0})
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        for id in "abc":
            await sup.dynamic("d").start_child(stage.spec(id))
        stage.take()
    assert stage.story == ["b down", "c down", "a down"]
    assert trio.current_time() == 3


async def test_what_is_not_restarted_is_forgotten_dyn_013() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        handle = await dynamic.start_child(stage.spec("a", restart="transient"))
        stage.finish("a")
        await quiet()
        assert handle.status == "gone"
        assert dynamic.count_children().specs == 0
        with pytest.raises(NoSuchChild):
            await dynamic.terminate_child(handle)
        with pytest.raises(NoSuchChild):
            dynamic.get_childspec("a")


async def test_max_children_counts_what_is_on_its_way_dyn_009_010(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 2.0})
    async with open_supervisor([dynamic_supervisor(id="d", max_children=1)]) as sup:
        dynamic = sup.dynamic("d")
        wait = Backoff(initial=5, jitter=0, immediate_first=False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dynamic.start_child, stage.spec("a", backoff=wait))
            await quiet()
            with pytest.raises(MaxChildren):
                await dynamic.start_child(stage.spec("b"))
        stage.crash("a")
        await quiet()
        assert dynamic.count_children().active == 0
        with pytest.raises(MaxChildren):
            await dynamic.start_child(stage.spec("b"))
        await dynamic.terminate_child("a")  # forgotten at once: DYN-015
        await dynamic.start_child(stage.spec("b"))
        await trio.sleep(20)
        assert stage.up == ["b"]
    assert stage.lives == {"a": 1, "b": 1}


async def test_no_children_at_all_is_a_legal_limit() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d", max_children=0)]) as sup:
        with pytest.raises(MaxChildren):
            await sup.dynamic("d").start_child(stage.spec("a"))


async def test_equal_ids_are_refused_only_while_one_lives() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        first = await dynamic.start_child(stage.spec("a"))
        with pytest.raises(AlreadyStarted) as info:
            await dynamic.start_child(stage.spec("a"))
        assert info.value.handle == first
        await dynamic.terminate_child("a")
        again = await dynamic.start_child(stage.spec("a"))
        assert again != first


async def test_without_an_id_a_name_or_a_number_stands_in_the_path_dyn_006() -> None:
    stage = Stage()

    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        one = await dynamic.start_child(stage.spec("x").replace(id=None))
        named = await dynamic.start_child(stage.spec("y").replace(id=None, name=2))
        two = await dynamic.start_child(stage.spec("z").replace(id=None))
        assert [one.path_text, named.path_text, two.path_text] == [
            "root/d/1",
            "root/d/2",
            "root/d/3",
        ]


@pytest.mark.parametrize("error", [Boom("no"), Ignore()])
async def test_a_failing_start_leaves_nothing_dyn_007(error: Exception) -> None:
    stage = Stage()
    async with open_supervisor(
        [dynamic_supervisor(id="d", max_restarts=0, max_children=1)]
    ) as sup:
        dynamic = sup.dynamic("d")
        stage.failing_starts["a"] = [error]
        with pytest.raises(StartIgnored if isinstance(error, Ignore) else StartFailed):
            await dynamic.start_child(stage.spec("a", name="n"))
        assert dynamic.count_children().specs == 0
        await dynamic.start_child(stage.spec("a", name="n"))


async def test_a_failing_restart_is_retried_and_counts_dyn_016() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        handle = await dynamic.start_child(stage.spec("a"))
        stage.failing_starts["a"] = [Boom("one"), Boom("two")]
        stage.crash("a")
        await quiet()
        await handle.wait_running()
        assert handle.life == 4
        assert dynamic.statistics().restarts == 3


async def test_an_ignored_restart_removes_the_child_dyn_014() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        handle = await sup.dynamic("d").start_child(stage.spec("a"))
        stage.failing_starts["a"] = [Ignore()]
        stage.crash("a")
        await quiet()
        assert handle.status == "gone"


async def test_giving_up_stops_all_and_is_a_shutdown_to_the_parent() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d", max_restarts=0)]) as sup:
        dynamic = sup.dynamic("d")
        await dynamic.start_child(stage.spec("a"))
        await dynamic.start_child(stage.spec("b"))
        stage.crash("a")
        await quiet()
        assert stage.up == []
        assert dynamic.life == 2
        assert dynamic.last_exit is not None
        assert isinstance(dynamic.last_exit.error, RestartLimitExceeded)
        assert dynamic.count_children().specs == 0  # DYN-030


async def test_a_name_in_use_is_refused_bare() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        holder = await dynamic.start_child(stage.spec("a", name="n"))
        with pytest.raises(AlreadyRegistered) as info:
            await dynamic.start_child(stage.spec("b", name="n"))
        assert info.value.handle == holder
        assert dynamic.count_children().specs == 1


async def test_invalid_specs_are_refused_before_anything_waits_dyn_004_005() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        spec = stage.spec("a", significant=True, restart="transient")
        with pytest.raises(ChildSpecError):
            await dynamic.start_child(spec)
        with pytest.raises(ChildSpecError):
            await dynamic.start_child("a")  # type: ignore[arg-type]


async def test_requests_while_stopping_are_refused(autojump_clock: MockClock) -> None:
    stage = Stage(stop_seconds={"a": 5.0}, start_seconds={"slow": 50.0})
    outcomes: list[str] = []
    async with trio.open_nursery() as nursery:
        async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
            dynamic = sup.dynamic("d")
            await dynamic.start_child(stage.spec("a"))

            async def attempt(id: str, after: float) -> None:
                await trio.sleep(after)
                try:
                    await dynamic.start_child(stage.spec(id))
                except SupervisorStopping:
                    outcomes.append(f"{id} refused at {trio.current_time():g}")

            nursery.start_soon(attempt, "slow", 0)  # half started when it stops
            nursery.start_soon(attempt, "new", 2)
            await quiet()
    assert sorted(outcomes) == ["new refused at 2", "slow refused at 0"]


async def test_trap_19_a_cancelled_caller_does_not_undo_a_start_that_has_begun(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 5.0})
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        with trio.move_on_after(1):
            await dynamic.start_child(stage.spec("a"))
        assert trio.current_time() == 1  # the caller is not held up
        await trio.sleep(10)
        assert stage.up == ["a"]


async def test_the_handle_of_a_dynamic_supervisor_is_its_own_class() -> None:
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        assert isinstance(dynamic, DynamicSupervisor)
        assert not hasattr(dynamic, "delete_child")


async def test_a_child_may_terminate_its_sibling_and_start_others() -> None:
    stage = Stage()

    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")

        async def chief() -> None:
            await dynamic.start_child(stage.spec("x"))
            await dynamic.start_child(stage.spec("y"))
            await dynamic.terminate_child("x")
            await trio.sleep_forever()

        from trio_sup import child

        await dynamic.start_child(child(chief))
        await quiet()
        assert stage.up == ["y"]


async def test_two_terminations_at_a_time_both_return(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 2.0})
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        handle = await dynamic.start_child(stage.spec("a"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dynamic.terminate_child, handle)
            nursery.start_soon(dynamic.terminate_child, "a")
        assert trio.current_time() == 2


async def test_terminating_a_half_started_child_fails_its_start(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 50.0})
    failed: list[StartFailed] = []

    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")

        async def start() -> None:
            with pytest.raises(StartFailed) as info:
                await dynamic.start_child(stage.spec("a"))
            failed.append(info.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(start)
            await quiet()
            await dynamic.terminate_child("a")
    assert failed[0].exit.kind == "shutdown"
