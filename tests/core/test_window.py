"""The restart window, to the last value."""

from __future__ import annotations

import math

from trio_sup._core.state import RestartWindow


def test_the_edge_of_the_window_counts_sup_072() -> None:
    window = RestartWindow(1, 5.0)
    assert window.admit(0)
    assert not window.admit(5.0)
    assert (window.used(5.0), window.used(5.001)) == (1, 0)
    assert window.admit(5.001)


def test_one_too_many_is_not_recorded() -> None:
    window = RestartWindow(2, 5.0)
    assert [window.admit(t) for t in (0, 1, 2)] == [True, True, False]
    assert window.used(2) == 2
    assert window.admit(5.5)  # only the first is too old
    assert not window.admit(5.75)


def test_a_limit_of_zero_admits_no_restart() -> None:
    window = RestartWindow(0, 5.0)
    assert not window.admit(0)
    assert not window.admit(100)
    assert window.used(100) == 0


def test_a_restart_counts_by_how_long_it_is_ago_however_late_it_is() -> None:
    window = RestartWindow(1, 5.0)
    assert window.admit(1000)
    assert (window.used(1005), window.used(1005.5)) == (1, 0)


def test_another_limit_counts_what_the_former_one_recorded_sup_150() -> None:
    window = RestartWindow(3, 5.0)
    assert [window.admit(time) for time in (0, 1)] == [True, True]
    window.resize(2, 1.5)
    assert (window.used(2), window.frees_at(2)) == (1, 2.5)
    assert [window.admit(2), window.admit(2)] == [True, False]


def test_it_frees_when_its_oldest_restarts_have_left_it() -> None:
    window = RestartWindow(3, 5.0)
    assert window.frees_at(0) == -math.inf
    window.admit(1)
    window.admit(2)
    assert window.frees_at(2) == 6
    assert window.frees_at(6) == 6
    assert window.frees_at(6.5) == 7
    assert window.frees_at(7.5) == -math.inf


def test_a_cleared_window_has_room_again() -> None:
    window = RestartWindow(1, 5.0)
    window.admit(0)
    window.clear()
    assert window.used(0) == 0
    assert window.frees_at(0) == -math.inf
    assert window.admit(0)
    assert not window.admit(0)


def test_only_what_may_count_is_remembered_sup_078() -> None:
    window = RestartWindow(3, 5.0)
    for time in range(1000):
        window.admit(time)
        assert window._times is not None
        assert len(window._times) <= 3
    few = RestartWindow(10**9, 5.0)
    for time in range(1000):
        few.admit(time)
    assert few._times is not None
    assert len(few._times) == 6
