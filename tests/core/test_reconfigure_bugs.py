"""The laws of a change find the bugs that are planted in it."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.core.core_play import Op
from tests.core.reconfigure_bugs import BUGS
from tests.core.reconfigure_play import ops, pairs
from tests.core.test_reconfigure_laws import (
    Pair,
    failed_change,
    faulty_change,
    quiet_change,
)

DRAW = settings(
    max_examples=500,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

Example: TypeAlias = tuple[Pair, Pair, int, list[Op], list[Op]]


@cache
def examples() -> list[Example]:
    """Draw what all bugs are looked for with: once, as that is the dear part."""
    found: list[Example] = []

    @DRAW
    @given(st.tuples(pairs(quiet=True), pairs(), st.integers(0, 6), ops(3), ops(6)))
    def draw(drawn: Example) -> None:
        found.append(drawn)

    draw()
    return found


def play(example: Example) -> None:
    calm, wild, at, before, meanwhile = example
    quiet_change(*calm)
    failed_change(*calm, at)
    faulty_change(*wild, before, meanwhile)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = examples()
    BUGS[name](monkeypatch)
    with pytest.raises(Exception):  # noqa: PT011 - whatever it breaks
        for example in drawn:
            play(example)


def test_there_are_bugs_enough() -> None:
    assert len(BUGS) >= 12
