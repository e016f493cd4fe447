"""Priorities order the tasks of examples with faults, too."""

import ast
from pathlib import Path
from typing import Any

import pytest
import trio
from hypothesis import example, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from trio_sup import child, supervisor
from trio_sup.testing import (
    Crash,
    SupervisionViolation,
    World,
    check_supervision,
    likely_schedules,
    replay,
    supervision_property,
)
from trio_sup.testing._orders.pct import LikelyOrders, Priorities

LOOK = trio.lowlevel.checkpoint


class Table:
    """What a writer leaves half done for some steps, and a reader looks at later."""

    def __init__(self) -> None:
        self.lives = 0
        self.half = False
        self.bell = trio.Event()

    async def write(self) -> None:
        self.lives += 1
        self.bell.set()
        await LOOK()
        self.half = self.lives > 1  # it mends what its former life left
        try:
            for _ in range(20):
                await LOOK()
        finally:
            self.half = False
        await trio.sleep_forever()

    async def read(self) -> None:
        while True:
            await self.bell.wait()
            self.bell, life = trio.Event(), self.lives
            for _ in range(26):  # in rounds that life has long been done
                await LOOK()
            assert not self.half or self.lives > life, "the reader saw half a table"


def mends() -> Any:
    table = Table()
    children = [child(table.read, id="reader"), child(table.write, id="writer")]
    return supervisor(children, id="app", max_restarts=10), table


SEARCH: Any = {"faults": [Crash], "spare": ["app/reader"], "duration": 1.5}
LIKELY: Any = {**SEARCH, "schedules": "likely", "depth": 2, "max_examples": 3000}


def test_a_race_of_depth_2_after_a_crash_is_found_by_priorities_alone() -> None:
    report = check_supervision(mends, **SEARCH, max_examples=300, derandomize=True)
    assert report.schedules is None
    with pytest.raises(SupervisionViolation, match="half a table") as failed:
        check_supervision(mends, **LIKELY, derandomize=True)
    found = failed.value
    assert {(type(each), each.path) for each in found.script} == {(Crash, "app/writer")}
    assert found.picks
    [picks] = [
        ast.unparse(node.value)
        for node in ast.walk(ast.parse(found.program))
        if isinstance(node, ast.keyword) and node.arg == "picks"
    ]
    assert eval(picks) == found.picks
    for _ in range(2):
        with pytest.raises(SupervisionViolation, match="half a table"):
            replay(mends, found.script, picks=found.picks, duration=1.5)
    replay(mends, found.script, picks=[], duration=1.5)
    # A fault and an order: neither alone is enough.
    replay(mends, picks=found.picks, duration=1.5)


@pytest.mark.slow
def test_what_priorities_found_is_kept_and_can_be_a_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trio_sup.testing._run.findings.MOST_RUNS", 5)
    monkeypatch.setattr("trio_sup.testing._run.smaller.MOST_RUNS", 5)
    chosen = settings(database=DirectoryBasedExampleDatabase(tmp_path / "kept"))
    with pytest.raises(SupervisionViolation) as first:
        check_supervision(mends, **LIKELY, settings=chosen)
    with pytest.raises(SupervisionViolation) as again:
        check_supervision(mends, **{**LIKELY, "max_examples": 1}, settings=chosen)
    assert (again.value.script, again.value.picks) == (
        first.value.script,
        first.value.picks,
    )
    case = (first.value.script, (), first.value.picks)
    with pytest.raises(SupervisionViolation, match="half a table"):
        check_supervision(mends, **SEARCH, corpus=[case], max_examples=1)

    @example(script=case[0], picks=case[2])
    @supervision_property(mends, **SEARCH, max_examples=1)
    def test(world: World) -> None: ...

    with pytest.raises(SupervisionViolation, match="half a table"):
        test()


# What the options do, measured.


def steppers() -> Any:
    done: list[str] = []

    async def steps(name: str) -> None:
        for _ in range(8):
            done.append(name)
            await LOOK()
        await trio.sleep_forever()

    children = [child(steps, name, id=name, restart="temporary") for name in "ab"]
    return supervisor(children, id="app"), done


def in_a_row(world: World) -> int:
    """How many steps of one child came one after the other, before its last."""
    names = "".join(world.app)
    return max(
        len(row) for row in names.replace("ab", "a b").replace("ba", "b a").split()
    )


@pytest.mark.parametrize(
    ("schedules", "overtakes"), [("likely", True), ("drawn", False), ("none", False)]
)
def test_only_likely_schedules_let_a_child_be_overtaken(
    schedules: Any, overtakes: bool
) -> None:
    worlds: list[World] = []
    report = check_supervision(
        steppers,
        invariants=[worlds.append],
        faults=[Crash],
        schedules=schedules,
        max_examples=30,
        derandomize=True,
    )
    drawn = worlds[-report.examples :]
    calm = [world for world in drawn if not world.disturbed]
    assert calm
    assert (max(map(in_a_row, calm)) > 3) is overtakes
    assert any(world.disturbed for world in drawn)
    if schedules == "none":
        assert len({tuple(world.app) for world in calm}) == 1


def test_the_depth_is_how_often_priorities_change() -> None:
    for depth in (1, 2, 5):
        orders = LikelyOrders(depth, calm=10_000, children=2)
        drawn = [orders.order(seed, faults=3) for seed in range(1, 40)]
        changes = [len(each.changes) for each in drawn if isinstance(each, Priorities)]
        assert max(changes) == depth - 1
        assert len(changes) == len(drawn)
        assert not isinstance(orders.order(0, faults=3), Priorities)


def test_the_report_says_depth_and_bound() -> None:
    report = check_supervision(
        steppers, schedules="likely", depth=2, max_examples=20, derandomize=True
    )
    orders = report.schedules
    assert orders is not None
    assert (orders.depth, orders.runs) == (2, 19)  # the first is the plain one
    once = 1 / (orders.tasks * orders.steps)
    assert orders.probability == pytest.approx(1 - (1 - once) ** 19)
    first, second = str(report).splitlines()
    assert first.startswith("20 examples in ")
    assert second == f"schedules {orders}"
    assert "a bug of depth 2 is found with 0." in second


def test_a_run_that_is_longer_than_was_thought_does_not_count() -> None:
    orders = LikelyOrders(depth=2, calm=10, children=1)
    order = orders.order(1, faults=1)
    assert isinstance(order, Priorities)
    order.steps = 25
    orders.ran(order, faults=1)
    order.steps = 26
    orders.ran(order, faults=1)
    assert (orders.runs, orders.steps) == (1, 25)


def test_who_looks_again_and_again_does_not_starve_those_it_waits_for() -> None:
    def build() -> Any:
        done: list[int] = []

        async def spins() -> None:
            while not done:
                await LOOK()
            await trio.sleep_forever()

        async def works() -> None:
            for _ in range(5):
                await LOOK()
            done.append(1)
            await trio.sleep_forever()

        return [child(spins, id="spins"), child(works, id="works")]

    likely_schedules(build, runs=20, depth=1)
    check_supervision(build, schedules="likely", max_examples=20, derandomize=True)


def test_options_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match=r"drawn, likely or none.*every_schedule"):
        check_supervision(mends, schedules="every")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='of schedules="likely" alone'):
        check_supervision(mends, depth=2)
    with pytest.raises(ValueError, match="depth must be a whole number above 0"):
        check_supervision(mends, schedules="likely", depth=0)
