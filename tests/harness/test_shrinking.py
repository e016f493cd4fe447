"""What a failure is reduced to before it is printed."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from trio_sup.testing import (
    Crash,
    CutTree,
    Deaf,
    Fault,
    SupervisionViolation,
    Vanish,
    World,
    check_supervision,
)
from trio_sup.testing._run.smaller import MOST_RUNS, smallest
from trio_sup.testing.strategies import fault_scripts

from .trees import flat

A, B, C = (Crash(path, at=0.0) for path in "abc")


def test_a_case_is_left_with_what_it_needs() -> None:
    def fails(script: Sequence[Fault], codes: Sequence[int]) -> bool:
        return B in script and script.count(A) > 1 and len(codes) > 2 and codes[2] == 5

    script, codes = smallest([A, B, C, A, B, A], [1, 0, 5, 7, 0], fails)
    assert sorted(fault.path for fault in script) == ["a", "a", "b"]
    assert codes == [0, 0, 5]


def test_a_vanish_becomes_the_crash_that_shows_the_same() -> None:
    script: list[Fault] = [Vanish("a", at=0.0), Vanish("b", at=1.0)]

    def fails(script: Sequence[Fault], codes: Sequence[int]) -> bool:
        return [f.path for f in script] == ["a", "b"] and isinstance(script[1], Vanish)

    assert smallest(script, [], fails)[0] == [A, Vanish("b", at=1.0)]


@given(st.lists(st.sampled_from([A, B, C]), max_size=15), st.lists(st.integers(0, 23)))
@settings(max_examples=50)
def test_a_case_that_fails_whatever_is_left_out_becomes_empty(
    script: list[Fault], codes: list[int]
) -> None:
    def fails(script: Sequence[Fault], codes: Sequence[int]) -> bool:
        return True

    assert smallest(script, codes, fails) == ([], [])


def test_a_case_from_which_nothing_can_be_left_out_stays_as_it_is() -> None:
    asked: list[object] = []

    def fails(script: Sequence[Fault], codes: Sequence[int]) -> bool:
        asked.append((script, codes))
        return False

    codes = list(range(1, 400))
    assert smallest([A, B], codes, fails) == ([A, B], codes)
    assert len(asked) == MOST_RUNS


@pytest.mark.parametrize("path", ["flat/a", "flat/b", "flat/d"])
def test_what_one_crash_breaks_is_shown_with_one_crash(path: str) -> None:
    def nobody_crashes(world: World) -> None:
        assert world.crashes(path) == 0

    with pytest.raises(SupervisionViolation) as failed:
        check_supervision(flat, invariants=[nobody_crashes], faults=[Crash])
    [fault] = failed.value.script
    assert fault.path == path
    assert not any(failed.value.codes)
    assert failed.value.comes_again


def test_a_failure_that_does_not_come_again_is_told_as_such() -> None:
    failures = iter([False] * 20 + [True])

    def fails_once(world: World) -> None:
        assert not next(failures, False), "only once"

    with pytest.raises(SupervisionViolation, match="the same run again was fine") as it:
        check_supervision(flat, invariants=[fails_once], max_examples=50)
    assert not it.value.comes_again
    assert "This was run:" in str(it.value)


DEAF_SCRIPTS: Any = fault_scripts(flat, faults=[Deaf, CutTree])


@given(DEAF_SCRIPTS)
@settings(max_examples=100)
def test_stories_are_told_without_the_kinds_that_are_not_allowed(
    script: list[Fault],
) -> None:
    assert {type(fault) for fault in script} <= {Deaf, CutTree}
