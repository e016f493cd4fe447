"""Very many lives that end in one step: others get a turn, and the order stays."""

from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock

from tests.growth.steps import LINEAR, Steps, grows
from trio_sup import (
    DynamicSupervisor,
    GenServer,
    Stop,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    graceful_stop,
    open_supervisor,
)
from trio_sup._children import life as _life
from trio_sup._core.events import ChildCrashed, ChildStopped, LifecycleEvent
from trio_sup._core.plan.dynamic import CHUNK
from trio_sup._trio import gate as _gate
from trio_sup._trio.gate import CROWD, TURN

MANY = 1500


async def start(
    dyn: DynamicSupervisor, n: int, fn: Callable[[int], Awaitable[object]]
) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(n):
            spec = child(fn, number, id=number, restart="temporary")
            nursery.start_soon(dyn.start_child, spec)


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.trio
async def test_ends_of_one_step_are_taken_in_turns_and_in_their_order(
    crash: bool,
) -> None:
    """Counted in passes of the loop: a task that only yields sees how many there are."""
    ended: list[object] = []
    told: list[object] = []
    marks: list[int] = []
    go = trio.Event()

    async def end(number: int) -> None:
        await go.wait()
        ended.append(number)
        if crash:
            raise ValueError

    def hook(event: LifecycleEvent) -> None:
        if isinstance(event, ChildStopped | ChildCrashed):
            told.append(int(event.path.rpartition("/")[2]))

    async def watch() -> None:
        while len(told) < MANY:
            marks.append(len(told))
            await trio.lowlevel.checkpoint()
        marks.append(len(told))

    async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
        dyn = sup.dynamic("dyn")
        await start(dyn, MANY, end)
        current_node().add_hook(hook)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            go.set()
        current_node().remove_hook(hook)
        assert dyn.count_children().specs == 0
    assert told == ended
    steps = [after - before for before, after in pairwise(marks)]
    assert max(steps) <= CROWD + TURN
    assert len([step for step in steps if step]) >= (MANY - CROWD) / TURN


@pytest.mark.trio
async def test_a_stop_while_ends_wait_in_turn_ends_them_all() -> None:
    go = trio.Event()

    async def end(_: int) -> None:
        await go.wait()

    async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
        dyn = sup.dynamic("dyn")
        await start(dyn, MANY, end)
        go.set()
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        assert 0 < dyn.count_children().active < MANY
        shell = dyn.record.shell
        await dyn.stop()
        assert shell is not None
        assert shell.living == 0


@pytest.mark.trio
async def test_leaving_the_block_while_ends_wait_in_turn_leaves_nothing() -> None:
    go = trio.Event()
    ended: list[int] = []

    async def end(number: int) -> None:
        try:
            await go.wait()
        finally:
            ended.append(number)

    with trio.CancelScope() as scope:
        async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
            await start(sup.dynamic("dyn"), MANY, end)
            go.set()
            scope.cancel()
    assert sorted(ended) == list(range(MANY))
    gate = current_node().gate
    assert not gate._line


@pytest.mark.trio
async def test_few_ends_of_one_step_do_not_wait() -> None:
    """What happens in one step goes on happening in one step."""
    go = trio.Event()

    async def end(_: int) -> None:
        await go.wait()

    async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
        dyn = sup.dynamic("dyn")
        await start(dyn, 100, end)
        go.set()
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        assert dyn.count_children().active == 0


async def lives_end_at_once(n: int, steps: Steps) -> None:
    go = trio.Event()

    async def end(_: int) -> None:
        await go.wait()

    async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
        dyn = sup.dynamic("dyn")
        await start(dyn, n, end)
        with steps:
            go.set()
            while dyn.record.shell is not None and dyn.record.shell.living:
                await trio.lowlevel.checkpoint()


@pytest.mark.trio
async def test_an_end_costs_the_same_however_many_come_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_life, "LOOK", 4)
    monkeypatch.setattr(_gate, "CROWD", 8)
    monkeypatch.setattr(_gate, "TURN", 4)
    # Trio's chance decides how often a turn is tried again.
    assert await grows(lives_end_at_once, small=60) < 2 * LINEAR


@pytest.mark.trio
async def test_the_graces_of_very_many_children_collapse_in_turns(
    autojump_clock: MockClock,
) -> None:
    n, stuck = 2 * CHUNK + 10, 0

    async def last(_: int) -> None:
        nonlocal stuck
        with graceful_stop() as stopping:
            await stopping.wait()
            stuck += 1
            await trio.sleep_forever()

    block = open_supervisor([dynamic_supervisor(id="dyn")])
    async with trio.open_nursery() as nursery:

        async def press() -> None:
            while stuck < n:
                await trio.sleep(0.1)
            block.hurry()

        nursery.start_soon(press)
        async with block as sup:
            shell = sup.dynamic("dyn").record.shell
            await start(sup.dynamic("dyn"), n, last)
    assert shell is not None
    assert shell.living == 0
    assert trio.current_time() < 1  # and not 5, their grace


class Clerk(GenServer):
    """Ends by itself: its `terminate` has the grace of its specification."""

    @cast
    async def leave(self) -> None:
        raise Stop


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.trio
async def test_who_waits_for_the_decision_about_its_end_is_not_called_stuck(
    autojump_clock: MockClock, asked: bool
) -> None:
    """A slow hook makes the queue of those who have ended longer than their graces."""
    kinds: Counter[str] = Counter()

    def slow(event: LifecycleEvent) -> None:
        kinds[event.kind] += 1
        if event.kind == "child_stopped":
            autojump_clock.jump(0.02)

    async with open_supervisor([dynamic_supervisor(id="dyn")]) as sup:
        dyn = sup.dynamic("dyn")
        specs = [child(Clerk, id=n, restart="transient") for n in range(MANY)]
        clerks = [await dyn.start_child(spec) for spec in specs]
        current_node().add_hook(slow)
        for clerk in clerks:
            clerk.cast(Clerk.leave)
        if asked:
            await trio.testing.wait_all_tasks_blocked()
            await dyn.stop()
        while kinds["child_stopped"] < MANY:
            await trio.sleep(0.1)
    assert kinds["child_stuck"] == 0
