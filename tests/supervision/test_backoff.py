"""Backing off is a state: everything is defined in it (rule 10 of how it is built, trap 14)."""

from __future__ import annotations

import gc
import weakref

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, of_kind, quiet, record_events
from trio_sup import (
    AlreadyPresent,
    AlreadyRegistered,
    Backoff,
    ChildNotStopped,
    NoProcess,
    RestartLimitExceeded,
    StartFailed,
    child,
    current_node,
    open_supervisor,
)
from trio_sup._core.events import ChildStarted, RestartDecided
from trio_sup._core.words import Strategy

pytestmark = pytest.mark.trio

WAIT = Backoff(initial=4.0, factor=2.0, maximum=30.0, jitter=0, immediate_first=False)
SECOND = Backoff(initial=4.0, jitter=0)


async def test_the_first_restart_is_immediate_the_next_ones_wait(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    times: list[float] = []
    async with open_supervisor(
        stage.specs("a", backoff=SECOND), max_restarts=10
    ) as sup:
        for _ in range(4):
            stage.crash("a")
            await quiet()
            await sup.child("a").wait_running()
            times.append(trio.current_time())
    assert times == [0, 4, 12, 28]


async def test_failed_attempts_advance_the_backoff_and_count(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(
        stage.specs("a", backoff=SECOND), max_restarts=10, max_seconds=100
    ) as sup:
        stage.failing_starts["a"] = [Boom("1"), Boom("2")]
        stage.crash("a")
        await quiet()
        await sup.child("a").wait_running()
        assert trio.current_time() == 0 + 4 + 8
        assert sup.statistics().restarts == 3


async def test_a_healthy_life_starts_the_row_anew(autojump_clock: MockClock) -> None:
    stage = Stage()
    backoff = Backoff(initial=4.0, jitter=0, reset_after=60.0)
    async with open_supervisor(
        stage.specs("a", backoff=backoff), max_restarts=10
    ) as sup:
        for lasted, delay in ((0, 0), (59, 4), (60, 0), (1, 4)):
            await trio.sleep(lasted)
            began = trio.current_time()
            stage.crash("a")
            await quiet()
            await sup.child("a").wait_running()
            assert trio.current_time() - began == delay


async def test_the_decision_tells_the_delay(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", backoff=WAIT)) as sup:
        seen = record_events()
        stage.crash("a")
        await quiet()
        assert sup.child("a").status == "backing_off"
        assert [e.delay for e in of_kind(seen, RestartDecided)] == [4]
        await sup.child("a").wait_running()
        assert [e.at for e in of_kind(seen, ChildStarted)] == [4]


async def test_giving_up_is_decided_at_the_crash(autojump_clock: MockClock) -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a", backoff=WAIT), max_restarts=0):
            stage.crash("a")
            await trio.sleep_forever()
    assert trio.current_time() == 0


async def test_trap_14_stop_while_backing_off_is_prompt(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b", backoff=WAIT)) as sup:
        handle = sup.child("a")
        stage.crash("a")
        await quiet()
    assert trio.current_time() == 0
    with pytest.raises(NoProcess):
        await handle.wait_running()
    await trio.sleep(100)
    assert stage.lives["a"] == 1


async def test_trap_14_terminate_while_backing_off_cancels_the_restart(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", backoff=WAIT)) as sup:
        stage.crash("a")
        await quiet()
        await sup.terminate_child("a")
        assert trio.current_time() == 0
        assert sup.child("a").status == "stopped"
        await trio.sleep(100)
        assert stage.lives["a"] == 1
        await sup.restart_child("a")
        assert stage.up == ["a"]


async def test_trap_14_delete_and_start_while_backing_off_are_refused(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", backoff=WAIT)) as sup:
        stage.crash("a")
        await quiet()
        with pytest.raises(ChildNotStopped):
            await sup.delete_child("a")
        with pytest.raises(AlreadyPresent):
            await sup.start_child(stage.spec("a"))
        await sup.child("a").wait_running()
        assert trio.current_time() == 4


async def test_trap_14_restart_now_ends_the_wait(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", backoff=WAIT)) as sup:
        stage.crash("a")
        await quiet()
        handle = await sup.restart_child("a")
        assert trio.current_time() == 0
        assert (handle.life, handle.status) == (2, "running")
        await trio.sleep(100)
        assert stage.lives["a"] == 2  # the alarm is void


async def test_trap_14_restart_now_that_fails_tells_and_goes_on_backing_off(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(
        stage.specs("a b", backoff=WAIT), max_restarts=10
    ) as sup:
        stage.crash("a")
        await quiet()
        stage.failing_starts["a"] = [Boom("still")]
        stage.start_seconds["a"] = 1.0
        with trio.fail_after(3):
            async with trio.open_nursery() as nursery:

                async def restart() -> None:
                    with pytest.raises(StartFailed):
                        await sup.restart_child("a")

                nursery.start_soon(restart)
                await quiet()
                nursery.start_soon(sup.terminate_child, "b")  # waits in line
        assert sup.child("a").status == "backing_off"
        await sup.child("a").wait_running()
        assert trio.current_time() == 1 + 8 + 1


async def test_trap_14_a_siblings_crash_while_backing_off_is_its_own_business(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor([stage.spec("a", backoff=WAIT), stage.spec("b")]) as sup:
        stage.crash("a")
        await trio.sleep(1)
        stage.crash("b")
        await quiet()
        assert stage.up == ["b"]
        await sup.child("a").wait_running()
        assert trio.current_time() == 4


async def test_its_name_stays_reserved_meanwhile(autojump_clock: MockClock) -> None:
    stage = Stage()
    registry = current_node().registry
    async with open_supervisor([stage.spec("a", name="n", backoff=WAIT)]) as sup:
        stage.crash("a")
        await quiet()
        assert registry.get("n") is None
        with pytest.raises(AlreadyRegistered) as info:
            await sup.start_child(stage.spec("b", name="n"))
        assert info.value.handle == sup.child("a")
        await sup.child("a").wait_running()
        assert registry.get("n") == sup.child("a")


# In groups.


async def test_a_group_stops_at_once_waits_and_starts_together(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("b", backoff=WAIT), stage.spec("c")]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        stage.take()
        stage.crash("b")
        await quiet()
        assert stage.take() == ["b down", "c down", "a down"]
        await sup.child("c").wait_running()  # siblings count as on their way back
        assert trio.current_time() == 4
        assert stage.take() == ["a up", "b up", "c up"]
        assert sup.statistics().restarts == 1


async def test_a_later_pivot_widens_the_group_and_keeps_the_later_time(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    short = Backoff(initial=1.0, jitter=0, immediate_first=False)
    specs = [stage.spec("a", backoff=short), stage.spec("b", backoff=WAIT)]
    async with open_supervisor(specs, strategy="rest_for_one") as sup:
        stage.crash("b")
        await trio.sleep(2)
        stage.crash("a")
        await quiet()
        assert stage.up == []
        await sup.child("a").wait_running()
        await quiet()
        assert trio.current_time() == 4
        assert stage.up == ["a", "b"]
        assert sup.statistics().restarts == 2


async def test_restart_now_on_the_pivot_starts_the_group(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("b", backoff=WAIT)]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        stage.crash("b")
        await quiet()
        await sup.restart_child("b")
        assert trio.current_time() == 0
        assert stage.up == ["a", "b"]
        await trio.sleep(100)
        assert stage.lives == {"a": 2, "b": 2}


async def test_terminating_the_pivot_leaves_the_group_down(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    specs = [stage.spec("a", name="n"), stage.spec("b", backoff=WAIT)]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        stage.crash("b")
        await quiet()
        await sup.terminate_child("b")
        with pytest.raises(NoProcess):
            await sup.child("a").wait_running()
        await trio.sleep(100)
        assert stage.up == []
        assert current_node().registry.holder("n") is None


async def test_terminating_a_bystander_does_not_cancel_the_plan(
    autojump_clock: MockClock,
) -> None:
    """As in OTP a group restart starts what was stopped by hand (SUP-056)."""
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("b", backoff=WAIT)]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        stage.crash("b")
        await quiet()
        await sup.terminate_child("a")
        await sup.child("b").wait_running()
        assert stage.up == ["a", "b"]


async def test_stop_while_a_group_waits_is_prompt(autojump_clock: MockClock) -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("b", backoff=WAIT)]
    async with open_supervisor(specs, strategy="one_for_all"):
        stage.crash("b")
        await quiet()
    assert trio.current_time() == 0
    await trio.sleep(100)
    assert stage.lives == {"a": 1, "b": 1}


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all"])
async def test_a_backoff_that_is_void_keeps_nothing_until_its_time(
    strategy: Strategy,
) -> None:
    class Large:
        pass

    async def crashes(_large: Large) -> None:
        raise RuntimeError

    large = Large()
    kept = weakref.ref(large)
    slow = Backoff(initial=3600, maximum=3600, immediate_first=False)
    spec = child(crashes, large, id="a", backoff=slow)
    async with open_supervisor([spec], strategy=strategy) as root:
        await root.child("a").wait_exit(1)
        await trio.testing.wait_all_tasks_blocked()
        assert root.child("a").status == "backing_off"
    del root, spec, large
    gc.collect()
    assert kept() is None
