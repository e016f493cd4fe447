"""The harness tested by itself: what must hold is looked at, after the last fault too."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import trio

from trio_sup import child, dynamic_supervisor, supervisor
from trio_sup.testing import (
    Crash,
    CutTree,
    Deaf,
    Slow,
    SupervisionViolation,
    World,
    check_supervision,
    eventually,
    every_cancellation,
    every_checkpoint,
    invariant,
    replay,
    supervision_property,
)
from trio_sup.testing._run.draws import moves_of, script_of
from trio_sup.testing._run.ground import Ground, Target

WITHIN = 1.5


class Looks(list[float]):
    """When a demand was looked at."""


async def ticks() -> None:
    while True:
        await trio.sleep(1)


def build() -> Any:
    return supervisor([child(ticks, id="a"), child(ticks, id="b")], id="r"), Looks()


def looked_at(world: World) -> bool:
    world.app.append(trio.current_time())
    return True


async def asked(world: World) -> bool:
    await trio.sleep(0.1)
    return looked_at(world)


judged: list[float] = []


@invariant
def was_judged_after_the_last_fault(world: World) -> None:
    if world.outcome != "stopped":
        return
    hits = [hit for hit in world.hits if not isinstance(hit.fault, CutTree)]
    last = max((hit.at for hit in hits if not hit.missed), default=0.0)
    assert max(world.app, default=0.0) >= last + WITHIN - 1e-6
    judged.append(last)


def demands(check: Callable[[World], Any]) -> list[Any]:
    return [eventually(check, within=WITHIN), was_judged_after_the_last_fault]


def by_check(check: Any) -> None:
    check_supervision(
        build, invariants=demands(check), max_examples=40, derandomize=True
    )


def by_property(check: Any) -> None:
    @supervision_property(
        build, invariants=demands(check), max_examples=40, derandomize=True
    )
    async def test(world: World) -> None:
        await trio.sleep(3)

    test()


def by_replay(check: Any) -> None:
    for script in (
        [],
        [Crash("r/a", at=9.75)],
        [Crash("r/b", checkpoint=9)],
        [Crash("r/a", at=1.0), Slow("r/a", at=1.0, seconds=30.0)],
        [Deaf("r/b", at=1.0, seconds=7.0), Crash("r/a", at=9.0)],
    ):
        replay(build, script, invariants=demands(check))


def by_every_checkpoint(check: Any) -> None:
    modes: Any = ("crash", "vanish", "slow")
    every_checkpoint(build, modes=modes, invariants=demands(check), duration=4.0)


def by_every_cancellation(check: Any) -> None:
    # A tree that was cut is down: only the undisturbed run is asked for more.
    every_cancellation(build, invariants=demands(check), duration=2.0)


@pytest.mark.parametrize("check", [looked_at, asked])
@pytest.mark.parametrize(
    "entrance",
    [by_check, by_property, by_replay, by_every_checkpoint, by_every_cancellation],
)
def test_every_entrance_judges_each_demand_after_the_last_fault(
    entrance: Callable[[Any], None], check: Any
) -> None:
    judged.clear()
    entrance(check)
    assert judged
    if entrance is not by_every_cancellation:
        assert max(judged) > 2  # and faults hit late


# Demands that are not met, each in its own way.


class Tokens:
    def __init__(self) -> None:
        self.there = True


def loses(after: float, *, for_good: bool = True) -> Callable[[], Any]:
    """A tree that loses a token so long after a crash, in what is left of its life."""

    def build() -> Any:
        tokens = Tokens()

        async def owner() -> None:
            await trio.sleep(2)
            try:
                await trio.sleep_forever()
            except Exception:
                await trio.sleep(after)
                tokens.there = False
                if not for_good:
                    await trio.sleep(0.5)
                    tokens.there = True
                raise

        return supervisor([child(owner, id="o"), child(ticks)], id="r"), tokens

    return build


def is_there(world: World) -> bool:
    return bool(world.app.there)


DEMAND = [eventually(is_there, within=5)]


@pytest.mark.parametrize("after", [0.0, 0.1, 4.0])
def test_what_a_fault_at_a_late_checkpoint_breaks_is_found(after: float) -> None:
    # The place is two seconds into the run, and the loss is later still.
    report = every_checkpoint(
        loses(after), modes=("crash",), starts=False, invariants=DEMAND, check=False
    )
    assert [failure.script for failure in report.failures] == [
        [Crash("r/o", checkpoint=1)]
    ]
    with pytest.raises(SupervisionViolation, match="not within 5 s of the last fault"):
        report.check()


@pytest.mark.parametrize("for_good", [True, False])
def test_what_comes_true_must_stay_so(for_good: bool) -> None:
    script = [Crash("r/o", at=2.5)]
    with pytest.raises(SupervisionViolation, match="but did not stay so: it is false"):
        replay(loses(6.0, for_good=for_good), script, invariants=DEMAND)


def test_what_was_false_for_a_while_in_time_is_no_failure() -> None:
    script = [Crash("r/o", at=2.5)]
    replay(loses(1.0, for_good=False), script, invariants=DEMAND)


def test_a_demand_with_much_time_is_waited_for_and_makes_no_run_longer_than_it_must() -> (
    None
):
    world = replay(build, invariants=[eventually(looked_at, within=600)])
    assert world.end == 10
    late = [eventually(lambda world: trio.current_time() >= 77, within=600)]
    assert replay(build, invariants=late).end == 77


def test_a_check_that_never_answers_is_a_failure_and_no_hang() -> None:
    async def hangs(world: World) -> None:
        await trio.sleep_forever()

    with pytest.raises(SupervisionViolation, match="its check still waits"):
        replay(build, invariants=[eventually(hangs, within=5)])


def test_the_time_of_a_demand_begins_when_a_slow_child_is_slow_no_more() -> None:
    def both_tick(world: World) -> bool:
        return bool(trio.current_time() - world.app[-1] <= 1)

    def with_a_clock() -> Any:
        times = [0.0]

        async def tells() -> None:
            while True:
                times.append(trio.current_time())
                await trio.sleep(1)

        return supervisor([child(tells, id="t")], id="r"), times

    demand = [eventually(both_tick, within=2)]
    world = replay(with_a_clock, [Slow("r/t", at=0.5, seconds=30.0)], invariants=demand)
    assert world.end >= 33


# Quiet moments.


def test_a_quiet_invariant_is_looked_at_whenever_nothing_more_happens() -> None:
    looks: list[float] = []

    @invariant(when="quiet")
    def look(world: World) -> None:
        looks.append(trio.current_time())

    replay(build, invariants=[look], duration=3.5)
    assert sorted(set(looks)) == [0.0, 1.0, 2.0, 3.0, 3.5]


def test_what_is_wrong_for_a_moment_between_two_faults_is_found() -> None:
    state = {"fine": True}

    async def blinks() -> None:
        await trio.sleep(2)
        state["fine"] = False
        await trio.sleep(0.25)
        state["fine"] = True
        await trio.sleep_forever()

    @invariant(when="quiet")
    def fine(world: World) -> bool:
        return state["fine"]

    with pytest.raises(
        SupervisionViolation, match=r"\n  fine\n.*\n    t=2  it is false"
    ):
        replay(lambda: [child(blinks)], [Crash("root/x", at=9.0)], invariants=[fine])


# No place is left out in silence.


def walks(steps: int) -> Callable[[], Any]:
    async def walk() -> None:
        for _ in range(steps):
            await trio.sleep(0.001)
        await trio.sleep_forever()

    return lambda: supervisor([child(walk, id="w")], id="r")


def test_all_places_are_tried_and_where_not_the_report_says_so() -> None:
    report = every_checkpoint(walks(39), modes=("crash",), starts=False, duration=0.1)
    row = report.rows["r/w", "crash"]
    assert (row.hit, row.tried, row.places) == (40, 40, 40)
    assert "40/40" in str(report)
    few = every_checkpoint(
        walks(39), modes=("crash",), starts=False, most=4, duration=0.1
    )
    row = few.rows["r/w", "crash"]
    assert (row.tried, row.places) == (4, 40)
    assert "4 of 40 places were tried" in str(few)
    assert "4 of 40 places were tried" in few.details()
    cut = every_cancellation(walks(21), most=3)
    assert cut.rows["the tree", "cut"].tried == 3
    assert "places were tried" in str(cut)


@pytest.mark.parametrize("there", [1, 30, 322, 100_000])
def test_a_drawn_fault_reaches_the_last_places_of_a_long_life(there: int) -> None:
    target = Target("r/w", False, there, 1, 5.0, 5.0)
    ground = Ground((target,), (0.0, 1.0, 2.5), 100, 100)
    moves = moves_of([Crash])
    places: set[int] = set()
    for move, time, amount in product(range(len(moves)), range(3), range(256)):
        for fault in script_of(ground, moves, [Crash], [(move, 0, time, amount)]):
            assert isinstance(fault, Crash)
            if fault.checkpoint is not None:
                places.add(fault.checkpoint)
    assert min(places) == 0
    assert max(places) >= there * 0.98 - 1
    assert len(places) == there or len(places) == 3 * 256


def test_visitors_under_one_path_are_counted_as_its_lives() -> None:
    async def visitors(world: World) -> None:
        rooms = world.root.dynamic("rooms")
        for _ in range(3):
            spec = child(trio.sleep, 0.5, id="v", restart="temporary")
            await (await rooms.start_child(spec)).wait_stopped()

    report = every_checkpoint(
        lambda: [dynamic_supervisor(id="rooms")], client=visitors, modes=("crash",)
    )
    places = {place for place, _ in report.rows}
    assert places == {f"root/rooms/v{more}" for more in ("", " (life 2)", " (life 3)")}
