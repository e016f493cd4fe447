"""Ordered start with readiness, and the rollback of a start that fails."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import (
    Boom,
    Stage,
    of_kind,
    quiet,
    record_events,
)
from trio_sup import (
    AlreadyRegistered,
    Ignore,
    NoProcess,
    RestartLimitExceeded,
    StartFailed,
    StartIgnored,
    Stop,
    child,
    current_node,
    open_supervisor,
    supervisor,
)
from trio_sup._core.events import (
    ChildCrashed,
    ChildStarted,
    ChildStarting,
)

pytestmark = pytest.mark.trio


async def test_each_child_waits_for_the_readiness_of_the_one_before_sup_024(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 2.0, "b": 3.0})
    seen = record_events()
    async with open_supervisor(stage.specs("a b c")):
        assert trio.current_time() == 5
    order = of_kind(seen, ChildStarting, ChildStarted)
    assert [(e.kind, e.path, e.at) for e in order] == [
        ("child_starting", "root/a", 0),
        ("child_started", "root/a", 2),
        ("child_starting", "root/b", 2),
        ("child_started", "root/b", 5),
        ("child_starting", "root/c", 5),
        ("child_started", "root/c", 5),
        ("child_started", "root", 5),
    ]


async def test_a_plain_function_is_ready_once_spawned() -> None:
    began: list[str] = []

    async def plain() -> None:
        began.append("plain")
        await trio.sleep_forever()

    async with open_supervisor([child(plain)]) as sup:
        assert sup.child("plain").status == "running"
    assert began == ["plain"]


async def test_the_value_of_started_is_the_handles_value_sup_028() -> None:
    async def listens(
        *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        task_status.started(8080)
        await trio.sleep_forever()

    async with open_supervisor([child(listens)]) as sup:
        assert sup.child("listens").value == 8080
        await sup.terminate_child("listens")
        with pytest.raises(NoProcess, match="has no value"):
            sup.child("listens").value  # noqa: B018 - a property
        assert (await sup.restart_child("listens")).value == 8080


async def test_rollback_stops_in_reverse_and_starts_nothing_more_sup_025(
    autojump_clock: MockClock,
) -> None:
    """Peer trap 9: otpylib left them running."""
    stage = Stage(stop_seconds={"a": 1.0, "b": 1.0})
    cause = Boom("no")
    stage.failing_starts["c"] = [cause]
    with pytest.raises(StartFailed) as info:
        async with open_supervisor(stage.specs("a b c d"), max_restarts=100):
            raise AssertionError("the block was entered")
    assert stage.story == ["a up", "b up", "b down", "a down"]
    assert stage.lives == {"a": 1, "b": 1, "c": 1}
    assert info.value.__cause__ is cause
    assert info.value.spec.id == "c"
    assert info.value.exit.kind == "crashed"
    assert trio.current_time() == 2


async def test_a_nested_start_failure_tells_the_whole_way_up_sup_034() -> None:
    stage = Stage()
    cause = Boom("deep")
    stage.failing_starts["x"] = [cause]
    inner = supervisor(stage.specs("a x"), id="inner")
    with pytest.raises(StartFailed) as info:
        async with open_supervisor([stage.spec("first"), inner]):
            pass
    outer = info.value
    assert outer.spec.id == "inner"
    assert isinstance(outer.__cause__, StartFailed)
    assert outer.__cause__.spec.id == "x"
    assert outer.__cause__.__cause__ is cause
    assert stage.story == ["first up", "a up", "a down", "first down"]


async def test_returning_without_started_is_a_failed_start_sup_026() -> None:
    async def forgetful(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        await trio.lowlevel.checkpoint()

    with pytest.raises(StartFailed) as info:
        async with open_supervisor([child(forgetful)]):
            pass
    assert isinstance(info.value.__cause__, RuntimeError)
    assert "without calling task_status.started()" in str(info.value.__cause__)


async def test_started_twice_is_a_crash() -> None:
    async def eager(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        task_status.started()
        task_status.started()

    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor([child(eager)], max_restarts=0):
            await trio.sleep_forever()
    assert isinstance(info.value.__cause__, RuntimeError)


async def test_ignore_keeps_the_specification_without_a_process_sup_027() -> None:
    stage = Stage()
    stage.failing_starts = {"b": [Ignore()], "t": [Ignore()]}
    specs = [
        stage.spec("a"),
        stage.spec("b"),
        stage.spec("t", restart="temporary"),
        stage.spec("z"),
    ]
    async with open_supervisor(specs) as sup:
        assert stage.up == ["a", "z"]
        assert [info.id for info in sup.which_children()] == ["a", "b", "z"]
        assert sup.child("b").status == "stopped"
        await sup.restart_child("b")
        assert stage.up == ["a", "z", "b"]
        with pytest.raises(StartIgnored):
            stage.failing_starts["c"] = [Ignore()]
            await sup.start_child(stage.spec("c"))
        assert sup.child("c").status == "stopped"


async def test_stop_before_ready_is_a_failed_start_without_an_error_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def unwilling(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        raise Stop("not today")

    caplog.set_level("DEBUG", "trio_sup")
    with pytest.raises(StartFailed) as info:
        async with open_supervisor([child(unwilling)]):
            pass
    assert info.value.exit.reason == "not today"
    assert [r for r in caplog.records if r.levelname == "ERROR"] == []
    assert any("failed to start" in r.getMessage() for r in caplog.records)


async def test_a_death_during_the_start_waits_for_its_end_sup_035(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"b": 4.0})

    async def meddle() -> None:
        await trio.sleep(1)
        stage.crash("a")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(meddle)
        async with open_supervisor(stage.specs("a b"), strategy="one_for_all"):
            assert trio.current_time() == 4
            stage.start_seconds.clear()
            await quiet()
            assert stage.take() == [
                *("a up", "a down", "b up"),
                *("b down", "a up", "b up"),
            ]


async def test_a_child_that_died_meanwhile_can_be_waited_for(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"b": 4.0})
    came_back: list[float] = []

    async def watch() -> None:
        await trio.sleep(1)
        stage.crash("a")
        await quiet()
        records = current_node().trees()[0].observed_children()
        handle = next(iter(records)).handle
        assert handle.status == "restarting"
        await handle.wait_running()
        came_back.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        async with open_supervisor(stage.specs("a b")):
            await quiet()
            assert came_back == [4]


async def test_a_death_before_a_failing_start_is_skipped_sup_036(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"c": 4.0})
    stage.failing_starts["c"] = [Boom("c")]

    async def meddle() -> None:
        await trio.sleep(1)
        stage.crash("a")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(meddle)
        with pytest.raises(StartFailed) as info:
            async with open_supervisor(stage.specs("a b c")):
                pass
    assert info.value.spec.id == "c"
    assert stage.story == ["a up", "b up", "a down", "b down"]


async def test_giving_up_comes_after_a_good_start_sup_037() -> None:
    async def brief() -> None:
        """Starts fine, and ends at once."""

    entered = False
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor([child(brief)], max_restarts=2) as sup:
            entered = True
            handle = sup.child("brief")
            await trio.sleep_forever()
    assert entered
    assert handle.life == 3


async def test_started_then_dead_in_the_same_step_was_a_good_start() -> None:
    async def blink(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        task_status.started()
        raise Boom

    async with open_supervisor([]) as sup:
        handle = await sup.start_child(child(blink, restart="temporary"))
        assert handle.status == "gone"
        assert (await handle.wait_exit(1)).kind == "crashed"


async def test_a_name_in_use_fails_the_start_of_a_listed_child() -> None:
    stage = Stage()
    async with open_supervisor([stage.spec("a", name="n")]):
        with pytest.raises(StartFailed) as info:
            async with open_supervisor([stage.spec("b", name="n")], id="other"):
                pass
        assert isinstance(info.value.__cause__, AlreadyRegistered)
        assert stage.up == ["a"]


async def test_a_roots_name_in_use_leaves_nothing_open() -> None:
    async with open_supervisor([], name="x", id="one"):
        with pytest.raises(AlreadyRegistered):
            async with open_supervisor([], name="x", id="two"):
                pass
        await trio.lowlevel.checkpoint()
    async with open_supervisor([], name="x", id="two") as again:
        assert again.path == ("two",)


async def test_an_empty_supervisor_lives_sup_124(autojump_clock: MockClock) -> None:
    async with open_supervisor([]) as sup:
        await trio.sleep(1000)
        assert sup.status == "running"


async def test_a_status_kept_from_an_old_life_does_nothing() -> None:
    kept: list[trio.TaskStatus[None]] = []

    async def keeper(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        kept.append(task_status)
        if len(kept) == 1:
            task_status.started()
            raise Boom
        kept[0].started()
        await trio.sleep_forever()

    async with open_supervisor([child(keeper)]) as sup:
        await quiet()
        assert len(kept) == 2
        assert sup.child("keeper").status == "restarting"


async def test_a_failing_start_child_leaves_no_trace_sup_092() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a"), max_restarts=0) as sup:
        seen = record_events()
        cause = Boom("no")
        stage.failing_starts["b"] = [cause]
        with pytest.raises(StartFailed) as info:
            await sup.start_child(stage.spec("b", name="bee"))
        assert info.value.__cause__ is cause
        assert [info.id for info in sup.which_children()] == ["a"]
        assert stage.lives == {"a": 1, "b": 1}
        assert of_kind(seen, ChildCrashed) == []
        await sup.start_child(stage.spec("b", name="bee"))
        assert stage.up == ["a", "b"]


async def test_started_dead_and_restarted_before_the_supervisor_looks() -> None:
    """Two lives in the time of one turn: the first start was good all the same."""
    for _ in range(20):  # Trio draws who runs first

        async def twice(lives: list[int]) -> None:
            lives.append(len(lives))
            if len(lives) == 1:
                raise Boom
            await trio.sleep_forever()

        async with open_supervisor([]) as sup:
            handle = await sup.start_child(child(twice, []))
            await quiet()
            assert (handle.status, handle.life) == ("running", 2)
