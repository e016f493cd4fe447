"""The administration API of static supervisors, and its errors."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    AlreadyPresent,
    AlreadyRegistered,
    AlreadyStarted,
    ChildNotStopped,
    ChildSpecError,
    NoSuchChild,
    RestartLimitExceeded,
    StartFailed,
    WrongKind,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio


async def test_start_child_appends_and_returns_the_handle() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        handle = await sup.start_child(stage.spec("b"))
        assert handle == sup.child("b")
        assert handle.path == ("root", "b")
        assert [info.id for info in sup.which_children()] == ["a", "b"]


@pytest.mark.parametrize("again", [False, True])
async def test_who_starts_a_child_that_ends_its_supervisor_gets_it_sup_092(
    again: bool,
) -> None:
    stage = Stage(blinks={} if again else {"b": 1})
    started: list[str] = []
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a"), max_restarts=0) as sup:
            handle = await sup.start_child(stage.spec("b"))
            if again:
                await sup.terminate_child("b")
                stage.blinks["b"] = 1
                handle = await sup.restart_child("b")
            started.append(handle.path_text)
            await trio.sleep_forever()
    assert started == ["root/b"]


async def test_start_child_of_a_running_id_sup_090() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        with pytest.raises(AlreadyStarted) as info:
            await sup.start_child(stage.spec("a"))
        assert info.value.handle == sup.child("a")
        assert stage.lives == {"a": 1}


async def test_start_child_of_a_stopped_id_sup_091() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        await sup.terminate_child("a")
        with pytest.raises(AlreadyPresent):
            await sup.start_child(stage.spec("a"))


async def test_terminate_child_keeps_the_spec_and_is_idempotent_sup_095(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 2.0})
    async with open_supervisor(stage.specs("a")) as sup:
        await sup.terminate_child("a")
        assert trio.current_time() == 2
        await sup.terminate_child("a")
        counts = sup.count_children()
        assert (counts.specs, counts.active) == (1, 0)
        with pytest.raises(NoSuchChild):
            await sup.terminate_child("x")


async def test_terminate_child_drops_a_temporary_sup_095() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", restart="temporary")) as sup:
        await sup.terminate_child("a")
        assert sup.which_children() == []
        with pytest.raises(NoSuchChild):
            await sup.terminate_child("a")


async def test_restart_child_sup_097() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        with pytest.raises(ChildNotStopped):
            await sup.restart_child("a")
        with pytest.raises(NoSuchChild):
            await sup.restart_child("x")
        await sup.terminate_child("a")
        stage.failing_starts["a"] = [Boom("no")]
        with pytest.raises(StartFailed):
            await sup.restart_child("a")
        await quiet()
        assert sup.child("a").status == "stopped"  # not retried
        await sup.restart_child("a")
        assert stage.up == ["a"]
        assert sup.child("a").restarts == 0


async def test_delete_child_sup_098() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        handle = sup.child("a")
        with pytest.raises(ChildNotStopped):
            await sup.delete_child("a")
        with pytest.raises(NoSuchChild):
            await sup.delete_child("x")
        await sup.terminate_child("a")
        await sup.delete_child("a")
        assert handle.status == "gone"
        await sup.start_child(stage.spec("a"))
        assert sup.child("a") != handle


async def test_which_children_and_counts_sup_102_104() -> None:
    stage = Stage()
    tree = [
        stage.spec("a"),
        supervisor([], id="s"),
        dynamic_supervisor(id="d"),
        stage.spec("t", restart="transient"),
    ]
    async with open_supervisor(tree) as sup:
        await sup.terminate_child("a")
        counts = sup.count_children()
        assert (counts.specs, counts.active) == (4, 3)
        assert (counts.supervisors, counts.workers) == (2, 2)
        rows = [(i.id, i.status, i.kind, i.restart) for i in sup.which_children()]
        assert rows == [
            ("a", "stopped", "task", "permanent"),
            ("s", "running", "supervisor", "permanent"),
            ("d", "running", "dynamic", "permanent"),
            ("t", "running", "task", "transient"),
        ]


async def test_get_childspec_sup_105() -> None:
    stage = Stage()
    spec = stage.spec("a")
    async with open_supervisor([spec]) as sup:
        assert sup.get_childspec("a") is spec
        with pytest.raises(NoSuchChild):
            sup.get_childspec("x")


async def test_ways_down_know_the_kind() -> None:
    stage = Stage()
    tree = [
        stage.spec("a"),
        supervisor([stage.spec("deep")], id="s"),
        dynamic_supervisor(id="d"),
    ]
    async with open_supervisor(tree) as sup:
        assert sup.child("s", "deep").path_text == "root/s/deep"
        assert sup.supervisor("s").child("deep") == sup.child("s", "deep")
        with pytest.raises(NoSuchChild):
            sup.child("s", "x")
        with pytest.raises(NoSuchChild):
            sup.child("a", "x")
        with pytest.raises(WrongKind):
            sup.supervisor("a")
        with pytest.raises(WrongKind):
            sup.dynamic("s")
        with pytest.raises(TypeError):
            sup.child()


async def test_a_name_in_use_is_refused_bare_and_leaves_no_spec() -> None:
    stage = Stage()
    async with open_supervisor([stage.spec("a", name="n")]) as sup:
        with pytest.raises(AlreadyRegistered):
            await sup.start_child(stage.spec("b", name="n"))
        assert [info.id for info in sup.which_children()] == ["a"]


async def test_start_child_checks_the_spec_against_the_flags_sup_008_130() -> None:
    stage = Stage()
    async with open_supervisor([]) as sup:
        with pytest.raises(ChildSpecError) as info:
            await sup.start_child("nonsense")  # type: ignore[arg-type]
        assert info.value.field == "children"
        with pytest.raises(ChildSpecError) as info:
            await sup.start_child(
                stage.spec("a", significant=True, restart="transient")
            )
        assert info.value.field == "significant"


async def test_added_children_are_lost_with_their_supervisor_sup_064() -> None:
    stage = Stage()
    inner = supervisor(stage.specs("a"), id="s", max_restarts=0)
    async with open_supervisor([inner]) as sup:
        added = await sup.supervisor("s").start_child(stage.spec("b"))
        listed = sup.child("s", "a")
        stage.crash("a")
        await sup.supervisor("s").wait_running()
        await quiet()
        assert stage.up == ["a"]
        assert (added.status, listed.status) == ("gone", "running")
        assert listed.life == 2  # the same handle, over lives of its supervisor


async def test_a_deleted_listed_child_is_back_with_the_next_life_sup_064() -> None:
    stage = Stage()
    inner = supervisor(stage.specs("a b"), id="s", max_restarts=0)
    async with open_supervisor([inner]) as sup:
        await sup.supervisor("s").terminate_child("b")
        await sup.supervisor("s").delete_child("b")
        stage.crash("a")
        await quiet()
        assert stage.up == ["a", "b"]


async def test_trap_15_stop_right_after_the_start_and_start_right_after_the_stop(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 1.0})
    async with open_supervisor([]) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.start_child, stage.spec("a"))
            await quiet()
            nursery.start_soon(sup.terminate_child, "a")
            await quiet()
            nursery.start_soon(sup.restart_child, "a")
        assert stage.story == ["a up", "a down", "a up"]


async def test_a_spec_that_is_made_of_a_coroutine_says_what_to_write() -> None:
    async def work() -> None: ...

    with pytest.raises(ChildSpecError, match=r"child\(work, \.\.\.\)"):
        child(work())  # type: ignore[call-overload]
