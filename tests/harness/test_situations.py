"""A check says which situations of the core it reached, and goes where it has not been."""

from types import SimpleNamespace
from typing import Any

import pytest
import trio
from hypothesis import settings
from hypothesis.database import InMemoryExampleDatabase

from trio_sup import Backoff, child, supervisor
from trio_sup._core.plan.line import Line
from trio_sup._core.state import ChildState
from trio_sup._core.status import NEXT
from trio_sup.testing import (
    EVERYTHING,
    Crash,
    Fault,
    SituationReport,
    World,
    check_supervision,
)
from trio_sup.testing.situations import STAND_INS, STEPS, Guide, Situation
from trio_sup.testing.world import present_world


def build() -> Any:
    return supervisor(
        [
            child(trio.sleep_forever, id="a", backoff=Backoff(jitter=0)),
            child(trio.sleep_forever, id="b"),
        ],
        strategy="one_for_all",
        id="app",
    )


def looked_at(world: World) -> None: ...


def reached(faults: list[type[Fault]], examples: int = 60) -> SituationReport:
    report = check_supervision(
        build,
        faults=faults,
        invariants=[looked_at],
        situations=True,
        max_examples=examples,
        duration=3.0,
        derandomize=True,
    ).situations
    assert report is not None
    return report


CRASHES = {("running", "returns")}
STARTS = {("starting", "begins"), ("starting", "ready"), ("running", "asked")}


def test_a_check_without_faults_never_reaches_what_crashes_lead_to() -> None:
    report = reached([])
    assert set(report.never) >= CRASHES
    assert not set(report.never) & STARTS
    text = str(report).partition("never:")
    assert "starting, ready" in text[0]
    assert "running, returns" not in text[0]
    assert "backing_off: begins" in text[2]


def test_a_check_with_crashes_reaches_it() -> None:
    report = reached([Crash])
    assert not set(report.never) & (CRASHES | STARTS)
    assert "running, returns" in str(report).partition("never:")[0]
    # Where and beside what is told as well.
    asked = [each for each in report.reached if each.step == ("running", "asked")]
    assert {each.mode for each in asked} >= {"running", "stopping"}
    assert {each.line for each in asked} >= {"busy"}
    assert len({each.group for each in report.reached}) > 1


def test_a_request_that_names_the_child_is_seen() -> None:
    plan = SimpleNamespace(line=Line[Any](), mode="running")
    above = SimpleNamespace(shell=SimpleNamespace(plan=plan))
    record: Any = SimpleNamespace(above=above, status="running", pending=1)
    world = World()
    token = present_world.set(world)
    try:
        [telling] = [each.telling for each in STAND_INS]
        telling(None, lambda *_: None, record, "asked")
    finally:
        present_world.reset(token)
    [met] = world.situations_
    assert met == Situation("running", "asked", "running", True, "idle", "")


def test_the_table_is_the_cores() -> None:
    assert set(STEPS) == {(one, event) for one in NEXT for event in NEXT[one]}
    report = reached([Crash])
    assert set(report.steps) == set(STEPS)
    assert set(report.never) < set(STEPS)


def test_the_report_fits_and_has_its_numbers() -> None:
    report = reached([*EVERYTHING])
    lines = str(report).splitlines()
    assert max(map(len, lines)) <= 80
    met = len(STEPS) - len(report.never)
    assert lines[-1] == (
        f"{met} of {len(STEPS)} steps, in {len(report.reached)} situations, "
        "by 60 examples"
    )


def test_nobody_pays_who_does_not_ask() -> None:
    own = ChildState.enter
    seen: list[object] = []

    def looks(world: World) -> None:
        seen.append((ChildState.enter is own, dict(world.situations_)))

    report = check_supervision(build, invariants=[looks], max_examples=5)
    assert report.situations is None
    assert seen[-1] == (True, {})
    check_supervision(build, invariants=[looks], max_examples=5, situations=True)
    assert seen[-1] != (True, {})
    assert ChildState.enter is own


def test_what_is_new_becomes_a_target() -> None:
    guide = Guide()
    first = Situation("starting", "ready", "starting", False, "busy", "")
    second = Situation("running", "returns", "running", False, "idle", "")
    assert list(guide.ran({first: 3})) == []
    assert list(guide.ran({first: 1, second: 1})) == [("running, returns", 2.0)]
    assert list(guide.ran({second: 1})) == [("running, returns", 1.0)]
    assert guide.report.reached == {first: 2, second: 2}


@pytest.mark.parametrize("asked", [True, False])
def test_targets_are_kept_in_hypothesis_database(asked: bool) -> None:
    database = InMemoryExampleDatabase()
    check_supervision(
        build,
        faults=[Crash],
        situations=asked,
        settings=settings(database=database, max_examples=30),
    )
    assert bool([kept for kept in database.data.values() if kept]) is asked
