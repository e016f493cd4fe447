"""`stop()` of a supervisor that has not finished its start (SUP-121).

In OTP the request waits in the mailbox until `init` is done: the start succeeds, then
the supervisor ends with a shutdown, and its parent decides by the restart type.
"""

from __future__ import annotations

import pytest
import trio

from trio_sup import (
    ChildSpec,
    StartFailed,
    Supervisor,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)

from .schedules import under_all
from .stage import Boom, Stage, eventually, quiet


def slow(stage: Stage, restart: str, start: float = 1) -> ChildSpec[Supervisor]:
    """A supervisor `s` whose only child takes its time to start."""
    stage.start_seconds["x"] = start
    return supervisor([stage.spec("x")], id="s", restart=restart)  # type: ignore[arg-type]


@pytest.mark.trio
async def test_a_supervisor_that_comes_back_stays_down_and_its_parent_lives_sup_121(
    autojump_clock: None,
) -> None:
    stage = Stage()
    stage.start_seconds["x"] = 0
    specs = [slow(stage, "transient", 0), stage.spec("c")]
    async with open_supervisor(specs, strategy="one_for_all", max_restarts=1) as sup:
        s = sup.supervisor("s")
        stage.start_seconds["x"] = 1
        stage.crash("c")
        await quiet()
        assert (s.status, s.life) == ("restarting", 2)
        await s.stop()
        assert (s.status, s.life) == ("stopped", 2)
        assert s.last_exit is not None
        assert s.last_exit.kind == "shutdown"
        await trio.sleep(10)
        assert (s.status, s.life) == ("stopped", 2)
        assert sup.child("c").status == "running"
        # The stop was no failed start: one restart is all that counts.
        assert sup.statistics().restarts <= 1
        stage.start_seconds["x"] = 0
        assert await sup.restart_child("s") == s


@pytest.mark.parametrize(
    ("restart", "after"),
    [("permanent", ("running", 2)), ("transient", ("stopped", 1))],
)
@pytest.mark.trio
async def test_the_first_start_succeeds_for_whoever_asked_for_it_sup_121(
    restart: str, after: tuple[str, int], autojump_clock: None
) -> None:
    stage, started = Stage(), list[str]()

    async def start(sup: Supervisor) -> None:
        started.append((await sup.start_child(slow(stage, restart))).path_text)

    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        nursery.start_soon(start, sup)
        await quiet()
        s = sup.supervisor("s")
        await s.stop()
        await quiet()
        assert started == ["root/s"]
        await trio.sleep(5)
        assert (s.status, s.life) == after
        assert [info.id for info in sup.which_children()] == ["s"]


@pytest.mark.trio
async def test_a_nested_one_that_stops_after_its_start_does_not_fail_its_parents_start(
    autojump_clock: None,
) -> None:
    stage = Stage()
    middle = supervisor([slow(stage, "transient"), stage.spec("y")], id="m")
    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        nursery.start_soon(sup.start_child, middle)
        await quiet()
        s = sup.supervisor("m", "s")
        await s.stop()
        await sup.child("m").wait_running()
        assert (s.status, s.life) == ("stopped", 1)
        assert stage.up == ["y"]


@pytest.mark.trio
async def test_a_start_that_fails_is_a_failed_start_although_a_stop_waits(
    autojump_clock: None,
) -> None:
    stage, seen = Stage(), list[object]()
    stage.failing_starts["x"] = [Boom("x")]

    async def start(sup: Supervisor) -> None:
        with pytest.raises(StartFailed) as caught:
            await sup.start_child(slow(stage, "permanent"))
        assert isinstance(caught.value.__cause__, StartFailed)
        seen.append(type(caught.value.__cause__.__cause__))

    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        nursery.start_soon(start, sup)
        await quiet()
        await sup.supervisor("s").stop()
        await quiet()
        assert seen == [Boom]
        assert sup.which_children() == []


@pytest.mark.trio
async def test_a_stop_from_above_does_not_wait_for_the_start(
    autojump_clock: None,
) -> None:
    stage = Stage()
    began = trio.current_time()
    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        stage.start_seconds["x"] = 1000
        nursery.start_soon(sup.start_child, supervisor([stage.spec("y")], id="other"))
        await quiet()

        async def start() -> None:
            with pytest.raises(StartFailed):
                await dynamic.start_child(slow(stage, "transient", 1000))

        dynamic = await sup.start_child(dynamic_supervisor(id="d"))
        nursery.start_soon(start)
        await quiet()
        s = dynamic.which_children()[0].handle
        assert isinstance(s, Supervisor)
        nursery.start_soon(s.stop)
        await quiet()
        assert (s.status, s.life) == ("starting", 1)
        await dynamic.terminate_child(s)
        assert (s.status, s.life) == ("gone", 1)
    assert trio.current_time() - began < 100


@pytest.mark.trio
async def test_between_two_lives_the_next_one_is_stopped_sup_121(
    autojump_clock: None,
) -> None:
    stage = Stage()
    specs = [stage.spec("a"), slow(stage, "transient", 0), stage.spec("c")]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        s = sup.supervisor("s")
        stage.start_seconds["a"] = 1
        stage.crash("c")
        await eventually(lambda: sup.child("a").status == "restarting")
        await eventually(lambda: not s.record.alive)
        await s.stop()
        await trio.sleep(5)
        assert (s.status, s.life) == ("stopped", 2)
        assert sup.child("c").status == "running"
        await s.stop()  # down for good: nothing to wait for


def test_it_is_the_same_under_every_schedule() -> None:
    async def program() -> tuple[object, ...]:
        stage = Stage()
        specs = [slow(stage, "transient", 0), stage.spec("c")]
        flags = {"strategy": "one_for_all", "max_restarts": 1}
        async with open_supervisor(specs, **flags) as sup:  # type: ignore[arg-type]
            s = sup.supervisor("s")
            stage.start_seconds["x"] = 1
            stage.crash("c")
            await quiet()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(s.stop)
                nursery.start_soon(s.stop)
                nursery.start_soon(s.wait_stopped)
            await quiet()
            return s.status, s.life, str(s.last_exit), sup.child("c").life

    assert set(under_all(program)) == {("stopped", 2, "shutdown (stop())", 2)}
