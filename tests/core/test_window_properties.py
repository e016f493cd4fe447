"""RestartWindow against the plainest model: a list of times."""

from __future__ import annotations

import math

from hypothesis import given, strategies as st

from trio_sup._core.state import RestartWindow


class ListWindow:
    """All restarts there ever were."""

    def __init__(self, limit: int, period: float) -> None:
        self.limit, self.period = limit, period
        self.times: list[float] = []

    def admit(self, now: float) -> bool:
        if self.used(now) >= self.limit:
            return False
        self.times.append(now)
        return True

    def used(self, now: float) -> int:
        return sum(now - then <= self.period for then in self.times)


# Dyadic steps, so that sums are exact and the edge itself is hit often.
steps = st.lists(
    st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.75, 2.0, 2.25, 5.0]), max_size=40
)


@given(limit=st.integers(0, 6), period=st.sampled_from([0.25, 1.0, 2.0]), steps=steps)
def test_the_ring_agrees_with_the_list(
    limit: int, period: float, steps: list[float]
) -> None:
    window, model, now = RestartWindow(limit, period), ListWindow(limit, period), 0.0
    for step in steps:
        now += step
        assert window.admit(now) == model.admit(now)
        assert window.used(now) == model.used(now)
        live = [t for t in model.times if now - t <= period]
        assert window.frees_at(now) == (min(live) + period if live else -math.inf)


@given(limit=st.integers(1, 5), steps=steps)
def test_a_refused_restart_is_not_recorded(limit: int, steps: list[float]) -> None:
    window, now = RestartWindow(limit, 1.0), 0.0
    for step in steps:
        now += step
        before = window.used(now)
        if not window.admit(now):
            assert window.used(now) == before == limit


def test_clear_forgets_everything() -> None:
    window = RestartWindow(2, 10.0)
    assert [window.admit(t) for t in (0, 1, 2)] == [True, True, False]
    window.clear()
    assert window.used(2) == 0
    assert [window.admit(t) for t in (2, 3, 4)] == [True, True, False]


def test_a_huge_limit_costs_nothing_until_used() -> None:
    window = RestartWindow(10**12, 5.0)
    assert window.admit(0.0)
    assert window.used(0.0) == 1
