"""What users of Hypothesis expect of the entrances."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from trio_sup import child, supervisor
from trio_sup.testing import (
    Crash,
    Deaf,
    Fault,
    SupervisionViolation,
    World,
    check_supervision,
    invariant,
    supervision_property,
)
from trio_sup.testing._run.decorations import put_away

from .trees import flat, tick

runs: list[World] = []


@invariant
def is_noted(world: World) -> None:
    runs.append(world)


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("in_pytest", [True, False])
def test_settings_and_examples_stand_above_or_below(
    above: bool, in_pytest: bool
) -> None:
    quiet = settings(max_examples=7, suppress_health_check=[HealthCheck.too_slow])
    kept = example(script=[Crash("flat/a", at=1.0)], codes=[0, 1])

    def both(function: Any) -> Any:
        return quiet(kept(function))

    def plain(world: World) -> None:
        runs.append(world)

    decorate = supervision_property(flat, derandomize=True)
    test = both(decorate(plain)) if above else decorate(both(plain))
    if in_pytest:
        put_away(test)
        assert not hasattr(test, "_hypothesis_internal_settings_applied")
    runs.clear()
    test()
    # One is undisturbed, then comes what was kept, then what is drawn.
    assert [list(world.script) for world in runs[:2]] == [[], [Crash("flat/a", at=1.0)]]
    assert len(runs) == 2 + 7


def test_an_example_with_other_arguments_is_told_what_is_taken() -> None:
    @supervision_property(flat)
    def test(world: World) -> None: ...

    with pytest.raises(TypeError, match="@example takes a script"):
        example(crash=3)(test)()


def test_a_corpus_is_tried_first() -> None:
    cases: list[Any] = [[Crash("flat/a", at=1.0)], ([Crash("flat/b", at=1.0)], [0, 2])]
    runs.clear()
    check_supervision(flat, corpus=cases, invariants=[is_noted], max_examples=1)
    assert [list(world.script) for world in runs[1:3]] == [
        [Crash("flat/a", at=1.0)],
        [Crash("flat/b", at=1.0)],
    ]
    with pytest.raises(TypeError, match="a case is a list of faults"):
        check_supervision(flat, corpus=[Crash("flat/a", at=1.0)])  # type: ignore[list-item]


def test_what_failed_is_kept_in_a_database_of_ones_own(tmp_path: Path) -> None:
    database = DirectoryBasedExampleDatabase(tmp_path / "kept")

    @invariant
    def nobody_crashed(world: World) -> None:
        assert not world.disturbed

    with pytest.raises(SupervisionViolation):
        check_supervision(
            flat, invariants=[nobody_crashed], settings=settings(database=database)
        )
    assert list((tmp_path / "kept").iterdir())


def test_the_search_ends_when_its_time_is_over() -> None:
    began = time.process_time()
    report = check_supervision(flat, max_seconds=0.2)
    assert report.examples > 0
    assert time.process_time() - began < 60
    with pytest.raises(ValueError, match="max_seconds must be a number"):
        check_supervision(flat, max_seconds=0)
    with pytest.raises(TypeError, match="max_seconds must be a number"):
        check_supervision(flat, max_seconds="1")  # type: ignore[arg-type]


def test_the_report_counts_what_was_drawn_hit_and_missed() -> None:
    def build() -> Any:
        return supervisor([child(tick, id="a", restart="temporary")], id="r")

    kinds: list[type[Fault]] = [Crash, Deaf]
    report = check_supervision(build, faults=kinds, max_examples=60, derandomize=True)
    assert set(report.faults) == {"Crash", "Deaf"}
    drawn, hit = report.faults["Crash"]
    assert 0 < hit < drawn
    head, *rows = report.statistics().splitlines()
    assert head.split() == ["fault", "drawn", "hit", "missed"]
    assert rows[0].split() == ["Crash", str(drawn), str(hit), str(drawn - hit)]
