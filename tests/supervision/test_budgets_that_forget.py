"""Giving up on one child: forgotten with `then="stop"`, released after a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, paths, quiet, record_events
from trio_sup import (
    Budget,
    ChildQuarantined,
    ChildSpecError,
    GenServer,
    Mailbox,
    NoProcess,
    Supervisor,
    call,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    monitor,
    open_supervisor,
    supervisor,
)
from trio_sup._core import events
from trio_sup.testing import ConformanceMonitor

FORGET = Budget(2, 60.0, then="stop")
BREAK = Budget(1, 60.0, then="quarantine", release_after=30)


@asynccontextmanager
async def tree(children: Any, **flags: Any) -> AsyncGenerator[Supervisor]:
    """Run a tree, watched: whatever no rule allows is an error."""
    with ConformanceMonitor().watching() as watching:
        async with open_supervisor(children, **flags) as sup:
            yield sup
            await quiet()
            watching.settled(trio.current_time())
        watching.check()


async def heat(stage: Stage, times: int) -> None:
    for _ in range(times):
        stage.crash("hot")
        await quiet()


@pytest.mark.trio
async def test_quarantine_is_not_for_ever_a_child_can_be_given_up_and_forgotten() -> (
    None
):
    stage = Stage()
    specs = [stage.spec("hot", budget=FORGET, name="n"), stage.spec("cool")]
    async with tree(specs, max_restarts=4) as sup:
        seen = record_events()
        handle, registry = sup.child("hot"), current_node().registry
        await heat(stage, 3)
        assert handle.status == "gone"
        assert [info.id for info in sup.which_children()] == ["cool"]
        assert registry.holder("n") is None
        assert paths(seen, events.ChildGivenUp) == ["root/hot"]
        assert sup.statistics().restarts == 2
        with pytest.raises(NoProcess):
            await handle.wait_running()
        again = await sup.start_child(stage.spec("hot", budget=FORGET, name="n"))
        await heat(stage, 2)  # a fresh one, with a fresh budget
        assert again.status == "running"


@pytest.mark.trio
async def test_a_dynamic_child_that_is_given_up_can_be_asked_for_anew() -> None:
    stage = Stage()
    async with tree([dynamic_supervisor(id="pool", max_restarts=99)]) as sup:
        pool = sup.dynamic("pool")
        spec = stage.spec("hot", budget=FORGET, name="n")
        first = await pool.get_or_start(spec)
        async with monitor(first, until="stopped") as ends:
            await heat(stage, 3)
            assert [down.exit.kind async for down in ends] == ["crashed"]
        assert pool.which_children() == []
        second = await pool.get_or_start(spec)
        assert (second == first, second.life) == (False, 1)


@pytest.mark.trio
async def test_a_child_that_was_given_up_is_back_with_its_supervisor() -> None:
    stage = Stage()
    inner = supervisor([stage.spec("hot", budget=FORGET)], id="inner", max_restarts=99)
    async with tree([inner]) as sup:
        await heat(stage, 3)
        assert sup.supervisor("inner").which_children() == []
        await sup.terminate_child("inner")
        await sup.restart_child("inner")
        assert sup.child("inner", "hot").status == "running"


@pytest.mark.trio
@pytest.mark.parametrize("mode", ["any_significant", "all_significant"])
async def test_a_significant_child_that_is_given_up_has_ended_for_good(
    mode: Any,
) -> None:
    stage = Stage()
    one: Any = {"restart": "transient", "significant": True}
    specs = [stage.spec("hot", budget=FORGET, **one)]
    async with tree(specs, auto_shutdown=mode, max_restarts=99) as sup:
        await heat(stage, 3)
        await sup.wait_stopped()
        exit = sup.last_exit
        assert exit is not None
        assert exit.reason == "auto_shutdown"


@pytest.mark.trio
async def test_a_quarantine_with_release_after_ends_by_itself(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with tree(
        [stage.spec("hot", budget=BREAK, name="n")], max_restarts=99
    ) as sup:
        seen = record_events()
        handle, registry = sup.child("hot"), current_node().registry
        for _ in range(2):
            await heat(stage, 2)
            began = trio.current_time()
            assert handle.status == "quarantined"
            assert registry.holder("n") is handle.record  # its name stays its own
            await handle.wait_running()
            assert trio.current_time() == began + 30
        assert paths(seen, events.ChildReleased) == ["root/hot"] * 2
        assert (handle.life, handle.restarts) == (5, 4)
        assert sup.statistics().restarts == 0  # long ago: a release is none of its


@pytest.mark.trio
async def test_a_release_that_fails_to_start_is_a_failed_restart(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with tree([stage.spec("hot", budget=BREAK)], max_restarts=99) as sup:
        await heat(stage, 2)
        stage.failing_starts["hot"] = [Boom(), Boom()]
        began = trio.current_time()
        await sup.child("hot").wait_running()
        assert trio.current_time() == began + 60


@pytest.mark.trio
@pytest.mark.parametrize("dynamic", [False, True])
async def test_by_hand_a_quarantine_ends_before_its_time_and_only_once(
    autojump_clock: MockClock, dynamic: bool
) -> None:
    stage = Stage()
    async with tree(
        [dynamic_supervisor(id="pool", max_restarts=99)], max_restarts=99
    ) as sup:
        above: Any = sup.dynamic("pool") if dynamic else sup
        handle = await above.start_child(stage.spec("hot", budget=BREAK))
        await heat(stage, 2)
        await trio.sleep(29)
        await above.restart_child(handle if dynamic else "hot")
        assert handle.life == 3
        await heat(stage, 2)  # in quarantine again, for 30 seconds from now
        await trio.sleep(2)
        assert handle.status == "quarantined"
        await above.terminate_child(handle if dynamic else "hot")
        await trio.sleep(100)
        assert handle.status == ("gone" if dynamic else "stopped")


@pytest.mark.trio
async def test_who_waits_for_it_waits_for_the_release(
    autojump_clock: MockClock,
) -> None:
    async with tree([child(Fragile, id="hot")], max_restarts=99) as sup:
        ref = sup.server(Fragile, "hot")
        async with monitor(ref, until="stopped") as ends:
            ref.cast(Fragile.fall)
            await quiet()
            assert ref.status == "quarantined"
            began = trio.current_time()
            ref.cast(Fragile.note)  # kept for the life after the release
            assert await ref.when_running().call(Fragile.read) == 1
            assert trio.current_time() == began + 30
            await sup.terminate_child("hot")
            assert [down.exit.kind async for down in ends] == ["shutdown"]


@pytest.mark.trio
async def test_get_or_start_says_that_it_is_quarantined_for_now(
    autojump_clock: MockClock,
) -> None:
    async with tree([dynamic_supervisor(id="pool")]) as sup:
        pool = sup.dynamic("pool")
        ref = await pool.get_or_start(child(Fragile, name="f"))
        ref.cast(Fragile.fall)
        await quiet()
        with pytest.raises(ChildQuarantined):
            await pool.get_or_start(child(Fragile, name="f"))


@pytest.mark.trio
async def test_a_quarantine_for_a_time_does_not_hold_up_the_end(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    one: Any = {"restart": "transient", "significant": True}
    specs = [stage.spec("hot", budget=BREAK, **one), stage.spec("last", **one)]
    flags: Any = {"auto_shutdown": "all_significant", "max_restarts": 99}
    async with tree(specs, **flags) as sup:
        await heat(stage, 2)
        stage.finish("last")
        await quiet()
        assert sup.status == "running"  # one of them is still to come back
    assert trio.current_time() < 30


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
def test_under_a_group_strategy_nobody_is_given_up_alone(strategy: Any) -> None:
    with pytest.raises(ChildSpecError, match="without then='stop' under"):
        open_supervisor([Stage().spec("hot", budget=FORGET)], strategy=strategy)


@pytest.mark.parametrize("seconds", [0, -1, "5", True, float("nan")])
def test_release_after_is_a_number_of_seconds(seconds: Any) -> None:
    with pytest.raises(ChildSpecError, match="release_after"):
        Budget(1, 5, then="quarantine", release_after=seconds)


@pytest.mark.parametrize("then", ["stop", "escalate"])
def test_release_after_is_for_a_quarantine(then: Any) -> None:
    with pytest.raises(ChildSpecError, match="with then='quarantine' only"):
        Budget(1, 5, then=then, release_after=3)


class Fragile(
    GenServer,
    budget=Budget(0, 60, then="quarantine", release_after=30),
    mailbox=Mailbox(on_crash="keep"),
):
    def __init__(self) -> None:
        self.notes = 0

    @cast
    async def fall(self) -> None:
        raise Boom

    @cast
    async def note(self) -> None:
        self.notes += 1

    @call
    async def read(self) -> int:
        return self.notes
