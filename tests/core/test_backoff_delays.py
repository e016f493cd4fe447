"""Backoff.delay: the n-th restart of a row."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from trio_sup import Backoff, Budget, ChildSpecError, Mailbox


def test_the_documented_row() -> None:
    backoff = Backoff(initial=0.5, factor=2.0, maximum=3.0, jitter=0)
    assert [backoff.delay(n) for n in range(1, 7)] == [0, 0.5, 1, 2, 3, 3]


def test_without_an_immediate_first_the_row_is_shifted() -> None:
    backoff = Backoff(initial=0.5, maximum=3.0, jitter=0, immediate_first=False)
    assert [backoff.delay(n) for n in range(1, 5)] == [0.5, 1, 2, 3]


backoffs = st.builds(
    Backoff,
    initial=st.floats(0, 100),
    factor=st.floats(1, 10),
    maximum=st.floats(0, 1000),
    jitter=st.floats(0, 1),
    immediate_first=st.booleans(),
)


@given(backoff=backoffs, attempt=st.integers(1, 10_000), draw=st.floats(0, 1))
def test_a_delay_is_bounded_and_jitter_only_adds(
    backoff: Backoff, attempt: int, draw: float
) -> None:
    plain, drawn = backoff.delay(attempt), backoff.delay(attempt, draw)
    assert 0 <= plain <= drawn <= backoff.maximum
    assert drawn <= plain * (1 + backoff.jitter) * (1 + 1e-9)


@given(backoff=backoffs, attempt=st.integers(1, 2_000))
def test_delays_never_shrink(backoff: Backoff, attempt: int) -> None:
    assert backoff.delay(attempt) <= backoff.delay(attempt + 1)


@given(backoff=backoffs)
def test_the_first_is_immediate_unless_told_otherwise(backoff: Backoff) -> None:
    if backoff.immediate_first:
        assert backoff.delay(1) == 0
    else:
        assert backoff.delay(1) == min(backoff.initial, backoff.maximum)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("initial", -1),
        ("initial", math.nan),
        ("initial", "1"),
        ("initial", True),
        ("maximum", -0.1),
        ("reset_after", None),
        ("factor", 0.5),
        ("factor", math.nan),
        ("factor", math.inf),
        ("factor", "2"),
        ("jitter", -0.1),
        ("jitter", 1.1),
        ("jitter", math.nan),
        ("jitter", None),
        ("immediate_first", "yes"),
    ],
)
def test_an_invalid_backoff_names_the_field(field: str, value: object) -> None:
    with pytest.raises(ChildSpecError) as info:
        Backoff(**{field: value})  # type: ignore[arg-type]
    assert info.value.field == f"backoff.{field}"
    assert info.value.value is value


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ((-1, 5.0), "budget.max_restarts"),
        ((1.5, 5.0), "budget.max_restarts"),
        ((True, 5.0), "budget.max_restarts"),
        ((1, 0), "budget.max_seconds"),
        ((1, math.nan), "budget.max_seconds"),
        ((1, "5"), "budget.max_seconds"),
        ((1, 5.0, "explode"), "budget.then"),
    ],
)
def test_an_invalid_budget_names_the_field(
    args: tuple[object, ...], field: str
) -> None:
    with pytest.raises(ChildSpecError) as info:
        Budget(*args)  # type: ignore[arg-type]
    assert info.value.field == field


@pytest.mark.parametrize("size", [0, -1, 1.5, math.nan, True, "8", None])
def test_an_invalid_mailbox_capacity_is_refused(size: object) -> None:
    with pytest.raises(ChildSpecError) as info:
        Mailbox(size)  # type: ignore[arg-type]
    assert info.value.field == "mailbox.capacity"
