"""Requests while something else is in progress: restarts, starts, ends, other requests."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, of_kind, quiet, record_events
from trio_sup import (
    AlreadyPresent,
    AlreadyStarted,
    ChildNotStopped,
    RestartLimitExceeded,
    SupervisorStopping,
    child,
    open_supervisor,
)
from trio_sup._core.events import ChildStarted, ChildStarting

pytestmark = pytest.mark.trio


async def test_requests_during_failing_restarts_sup_081(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 0.0})
    async with open_supervisor(stage.specs("a"), max_restarts=100) as sup:
        stage.start_seconds["a"] = 1.0
        stage.failing_starts["a"] = [Boom(str(n)) for n in range(50)]
        stage.crash("a")
        await trio.sleep(0.5)
        counts = sup.count_children()
        assert sup.child("a").status == "restarting"
        assert (counts.specs, counts.active) == (1, 1)  # its start is in progress
        with pytest.raises((AlreadyPresent, AlreadyStarted)):
            await sup.start_child(stage.spec("a"))
        with pytest.raises(ChildNotStopped):
            await sup.restart_child("a")
        with pytest.raises(ChildNotStopped):
            await sup.delete_child("a")
        await sup.terminate_child("a")  # cancels the retries for good: SUP-082
        began = stage.lives["a"]
        await trio.sleep(10)
        assert stage.lives["a"] == began
        stage.failing_starts.clear()
        await sup.restart_child("a")
        assert stage.up == ["a"]


async def test_a_restart_loop_does_not_starve_requests_sup_080() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b"), max_restarts=1_000_000) as sup:
        stage.failing_starts["a"] = [Boom(str(n)) for n in range(10_000)]
        stage.crash("a")
        with trio.fail_after(5):
            await sup.terminate_child("b")
            await sup.terminate_child("a")
        stage.failing_starts.clear()
        assert stage.lives["a"] < 1000


async def test_a_restart_loop_does_not_hold_up_the_stop_sup_083() -> None:
    stage = Stage()
    with trio.fail_after(5):
        async with open_supervisor(stage.specs("a"), max_restarts=1_000_000):
            stage.failing_starts["a"] = [Boom(str(n)) for n in range(10_000)]
            stage.crash("a")
            for _ in range(10):
                await trio.lowlevel.checkpoint()
    stage.failing_starts.clear()


async def test_requests_are_served_in_order(autojump_clock: MockClock) -> None:
    stage = Stage(start_seconds={"b": 3.0})
    async with open_supervisor(stage.specs("a")) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.start_child, stage.spec("b"))
            await quiet()
            nursery.start_soon(sup.terminate_child, "a")
            await trio.sleep(1)
            assert "a" in stage.up
    assert stage.story[:3] == ["a up", "b up", "a down"]


async def test_a_crash_during_a_request_for_that_child_waits_its_turn(
    autojump_clock: MockClock,
) -> None:
    """The exit in the same step as the request: it is not restarted in between."""
    for order in range(2):
        stage = Stage()
        async with open_supervisor(stage.specs("a")) as sup:
            async with trio.open_nursery() as nursery:
                if order:
                    stage.crash("a")
                nursery.start_soon(sup.terminate_child, "a")
                if not order:
                    await trio.lowlevel.checkpoint()
                    stage.crash("a")
            await quiet()
            assert stage.up == []
            assert sup.child("a").status == "stopped"


async def test_a_crash_of_another_child_during_a_slow_start_is_not_lost(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"b": 3.0})
    async with open_supervisor(stage.specs("a")) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.start_child, stage.spec("b"))
            await quiet()
            stage.crash("a")
            await quiet()
        await quiet()
        assert sorted(stage.up) == ["a", "b"]
        assert stage.lives["a"] == 2


async def test_restarts_that_wait_in_line_begin_one_after_the_other_sup_099(
    autojump_clock: MockClock,
) -> None:
    for _ in range(20):  # in whichever order the tasks of a batch run
        ends: dict[str, trio.Event] = {}

        async def work(id: str, ends: dict[str, trio.Event] = ends) -> None:
            ends[id] = trio.Event()
            await ends[id].wait()
            raise Boom

        stage = Stage(start_seconds={"c": 1.0})
        specs = [child(work, id, id=id) for id in "ab"]
        async with open_supervisor(specs) as sup, trio.open_nursery() as nursery:
            nursery.start_soon(sup.start_child, stage.spec("c"))
            await quiet()
            nursery.start_soon(sup.terminate_child, "c")  # waits behind the start
            for id in "ab":
                await quiet()
                ends[id].set()
            await quiet()
            seen = record_events()
            await trio.sleep(1)
            await quiet()
            begun = of_kind(seen, ChildStarting, ChildStarted)
            assert [(type(event), event.path) for event in begun] == [
                (ChildStarted, "root/c"),
                (ChildStarting, "root/a"),
                (ChildStarted, "root/a"),
                (ChildStarting, "root/b"),
                (ChildStarted, "root/b"),
            ]


async def test_trap_19_a_cancelled_caller_of_a_queued_start_withdraws_it(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 5.0})
    async with open_supervisor([]) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.start_child, stage.spec("a"))
            await quiet()
            with trio.move_on_after(1):
                await sup.start_child(stage.spec("b"))
        await quiet()
        assert stage.lives == {"a": 1}


async def test_trap_19_a_cancelled_caller_of_a_start_in_progress_does_not(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 5.0})
    async with open_supervisor([]) as sup:
        with trio.move_on_after(1):
            await sup.start_child(stage.spec("a"))
        assert trio.current_time() == 1
        await sup.child("a").wait_running()
        assert trio.current_time() == 5


async def test_trap_19_a_start_is_refused_when_the_supervisor_goes_down(
    autojump_clock: MockClock,
) -> None:
    """In progress, in line, and after: each is answered once."""
    stage = Stage(start_seconds={"slow": 50.0}, stop_seconds={"a": 5.0})
    refused: list[str] = []
    async with trio.open_nursery() as nursery:
        async with open_supervisor(stage.specs("a")) as sup:

            async def attempt(id: str, after: float) -> None:
                await trio.sleep(after)
                with pytest.raises(SupervisorStopping):
                    await sup.start_child(stage.spec(id))
                refused.append(id)

            nursery.start_soon(attempt, "slow", 0)
            nursery.start_soon(attempt, "queued", 0.5)
            nursery.start_soon(attempt, "later", 2)
            await trio.sleep(1)
    assert sorted(refused) == ["later", "queued", "slow"]
    with pytest.raises(SupervisorStopping):
        await sup.start_child(stage.spec("z"))
    with pytest.raises(SupervisorStopping):
        await sup.terminate_child("a")


async def test_trap_19_a_start_while_the_supervisor_gives_up(
    autojump_clock: MockClock,
) -> None:

    stage = Stage(start_seconds={"slow": 50.0})
    refused: list[float] = []
    with pytest.raises(RestartLimitExceeded):
        async with trio.open_nursery() as nursery:
            try:
                async with open_supervisor(stage.specs("a"), max_restarts=0) as sup:

                    async def attempt() -> None:
                        with pytest.raises(SupervisorStopping):
                            await sup.start_child(stage.spec("slow"))
                        refused.append(trio.current_time())

                    nursery.start_soon(attempt)
                    await trio.sleep(1)
                    stage.crash("a")
                    await trio.sleep_forever()
            except RestartLimitExceeded as error:
                gave_up = error
        raise gave_up
    # The exit waits behind the request in progress, as in OTP (SUP-099).
    assert refused in ([1], [50])
