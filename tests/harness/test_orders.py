"""All orders of tasks that can make a difference are tried: as many as there are."""

import gc
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from hypothesis import given, settings, strategies as st

from tests.harness import toy_orders
from trio_sup import GenServer, call, child
from trio_sup.testing import (
    ProgramReport,
    ProgramViolation,
    SupervisionViolation,
    World,
    check_program,
    every_schedule,
    likely_schedules,
    replay,
)
from trio_sup.testing._orders.dpor import Explorer, Footprint
from trio_sup.testing._orders.pct import probability

# The pure part, against toys of which all orders are run.

_STEP = st.tuples(*2 * [st.sampled_from(("", "", "a", "b", "ab"))])
_PROGRAM = st.lists(st.lists(_STEP, min_size=1, max_size=3), min_size=2, max_size=3)


def toys_of(program: list[list[tuple[str, str]]]) -> list[toy_orders.Toy]:
    return [iter(task) for task in program]


def explored(make: toy_orders.Make) -> Explorer:
    explorer, going_on = Explorer(), True
    while going_on:
        explorer.begin()
        order: list[int] = []
        while ready := toy_orders.run(make, order)[0]:
            chosen = explorer.choose(ready)
            assert isinstance(chosen, int)
            order.append(chosen)
            reads, writes = toy_orders.run(make, order)[1][-1][1]
            print_of = Footprint(frozenset(reads), frozenset(writes))
            explorer.stepped(order[-1], print_of, None, 0)
        going_on = explorer.finish()
    return explorer


@settings(max_examples=20, deadline=None)
@given(_PROGRAM)
def test_each_interleaving_is_run_once(program: Any) -> None:
    explorer = explored(lambda: toys_of(program))
    assert explorer.complete
    assert explorer.distinct == toy_orders.interleavings(lambda: toys_of(program))


# The same programs, for Trio.


async def check_then_act() -> None:
    there: set[str] = set()

    async def maker() -> None:
        if "d" not in there:
            await trio.lowlevel.checkpoint()
            there.add("d")

    await together(maker, maker)


async def three_counters() -> None:
    shared = {"n": 0}

    async def counter() -> None:
        n = shared["n"]
        await trio.lowlevel.checkpoint()
        shared["n"] = n + 1

    await together(counter, counter, counter)


async def a_lock() -> None:
    lock = trio.Lock()

    async def holder() -> None:
        async with lock:
            pass

    await together(holder, holder, holder)


async def lost_wake_up() -> None:
    ready: list[bool] = []
    woken = [trio.Event()]

    async def waiter() -> None:
        if not ready:
            await trio.lowlevel.checkpoint()
            await woken[0].wait()

    async def setter() -> None:
        ready.append(True)
        woken[0].set()
        woken[0] = trio.Event()

    await together(setter, waiter)


async def nothing_in_common() -> None:
    async def worker() -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()

    await together(worker, worker, worker)


async def together(*tasks: Callable[[], Awaitable[None]]) -> None:
    async with trio.open_nursery() as nursery:
        for task in tasks:
            nursery.start_soon(task)


def every(main: Callable[[], Awaitable[None]]) -> ProgramReport:
    return check_program(main, ways=(), schedules="every", check=False)


@pytest.mark.parametrize(
    ("program", "toys", "known"),
    [
        (check_then_act, toy_orders.check_then_act, 4),
        (three_counters, lambda: toy_orders.counters(3), 36),
        (a_lock, lambda: toy_orders.lock(3), 30),
    ],
)
def test_there_are_as_many_interleavings_as_brute_force_finds(
    program: Any, toys: toy_orders.Make, known: int
) -> None:
    schedules = every(program).schedules
    assert schedules is not None
    assert schedules.complete
    assert schedules.interleavings == known == toy_orders.interleavings(toys)


def test_garbage_of_others_is_not_collected_in_a_step() -> None:
    seen: list[bool] = []

    async def looks() -> None:
        seen.append(gc.isenabled())

    assert gc.isenabled()
    every(looks)
    undisturbed, *watched = seen
    assert undisturbed
    assert watched
    assert not any(watched)
    assert gc.isenabled()


def test_what_has_nothing_in_common_has_one_interleaving() -> None:
    schedules = every(nothing_in_common).schedules
    assert schedules is not None
    assert (schedules.complete, schedules.interleavings) == (True, 1)
    assert str(schedules).startswith("1 interleavings, all of them (1 runs, ")


def test_a_lost_wake_up_is_found() -> None:
    assert toy_orders.interleavings(toy_orders.lost_wake_up) == 3
    report = every(lost_wake_up)
    [found] = report.failures
    assert isinstance(found, ProgramViolation)
    assert found.problems == [
        "it does not end within 10 s in this order of its tasks, in others it does"
    ]


def test_outcomes_of_all_orders_are_seen() -> None:
    seen: set[int] = set()

    async def counted() -> None:
        shared: dict[str, int] = {"n": 0}

        async def counter() -> None:
            n = shared["n"]
            await trio.lowlevel.checkpoint()
            shared["n"] = n + 1

        await together(counter, counter, counter)
        seen.add(shared["n"])

    every(counted)
    assert seen == {1, 2, 3}


def test_what_depends_on_more_than_the_order_is_refused() -> None:
    runs: list[int] = []

    async def odd() -> None:
        runs.append(1)
        shared: list[int] = []

        async def task() -> None:
            shared.append(1)
            if len(runs) % 2:
                await trio.sleep_forever()
            await trio.lowlevel.checkpoint()
            shared.append(1)

        with trio.move_on_after(1):
            await together(task, task)

    with pytest.raises(ValueError, match="depends on more than that"):
        every(odd)


# Trees.


def registers_twice() -> Any:
    made: list[str] = []

    async def opens(name: str) -> None:
        if not made:
            await trio.lowlevel.checkpoint()
            made.append(name)

    children = [child(opens, name, id=name, restart="temporary") for name in "ab"]
    return children, made


def opened_once(world: World) -> None:
    assert len(world.app) == 1


def test_a_check_then_act_of_two_children_is_found_and_repeated() -> None:
    report = every_schedule(registers_twice, invariants=[opened_once], check=False)
    found = report.failure
    assert isinstance(found, SupervisionViolation)
    assert re.search(r"picks=\[[\d, ]*1\],", found.program)
    with pytest.raises(SupervisionViolation):
        replay(registers_twice, picks=found.picks, invariants=[opened_once])
    replay(registers_twice, picks=[], invariants=[opened_once])


def test_priorities_find_it_too() -> None:
    with pytest.raises(SupervisionViolation, match="opened_once"):
        likely_schedules(registers_twice, invariants=[opened_once], depth=2)


class Counter(GenServer):
    def __init__(self) -> None:
        self.number = 0

    @call
    async def put(self, number: int) -> None:
        self.number = number


async def two_clients(world: World) -> None:
    ref = world.root.server(Counter, "c")

    async def client() -> None:
        await ref.call(Counter.put, 7)

    await together(client, trio.lowlevel.checkpoint)


def test_a_sound_tree_is_run_in_all_orders() -> None:
    report = every_schedule(lambda: [child(Counter, id="c")], client=two_clients)
    assert report.complete
    assert report.interleavings is not None
    assert report.interleavings > 1
    assert report.probability == 1


def test_there_may_be_more_than_are_tried() -> None:
    report = every_schedule(
        lambda: [child(Counter, id="c")], client=two_clients, most=3
    )
    assert (report.interleavings, report.complete, report.probability) == (3, False, 0)
    assert "3 interleavings, there are more" in str(report)


def test_the_bound_of_priorities_is_reported() -> None:
    report = likely_schedules(
        lambda: [child(Counter, id="c")], client=two_clients, depth=2, runs=20
    )
    once = 1 / (report.tasks * report.steps)
    assert report.probability == pytest.approx(1 - (1 - once) ** 20)
    assert probability(4, 10, 3) == pytest.approx(1 / 400)
    assert "a bug of depth 2 is found with 0." in str(report)


def test_codes_and_picks_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        replay(registers_twice, codes=[1], picks=[1])


def test_a_search_that_cannot_fail_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to try"):
        every_schedule(list)
