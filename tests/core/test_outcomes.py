"""What is known of a task, and what `shutdown` makes of it."""

from __future__ import annotations

import pytest

from trio_sup import Exit, Ok, TaskExit
from trio_sup._core.outcomes import outcome_of, shutdown_outcome

VALUE = Ok(5)
SHUTDOWN = Exit("shutdown", "shutdown")
KILLED = Exit("killed")
NORMAL = Exit("normal")
CRASHED = Exit("crashed", None, ValueError("v"))
ENDED = [SHUTDOWN, KILLED, NORMAL, CRASHED]


def test_a_result_beats_an_exit_task_009() -> None:
    assert outcome_of(VALUE, None) is VALUE
    assert outcome_of(VALUE, CRASHED) is VALUE
    assert outcome_of(None, CRASHED) is CRASHED


def test_of_a_task_that_runs_nothing_is_known() -> None:
    assert outcome_of(None, None) is None


def test_a_result_that_is_none_is_a_result() -> None:
    nothing = Ok(None)
    assert outcome_of(nothing, CRASHED) is nothing


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("brutal", [True, False])
def test_shutdown_returns_a_value_however_it_was_asked_for_task_010(
    asked: bool, brutal: bool
) -> None:
    assert shutdown_outcome(VALUE, asked=asked, brutal=brutal) is VALUE


def test_an_end_as_asked_is_nothing_to_tell_task_010() -> None:
    assert shutdown_outcome(SHUTDOWN, asked=True, brutal=False) is None
    assert shutdown_outcome(KILLED, asked=True, brutal=True) is None


def test_an_end_in_another_way_than_asked_is_told_task_011() -> None:
    assert shutdown_outcome(KILLED, asked=True, brutal=False) is KILLED
    assert shutdown_outcome(SHUTDOWN, asked=True, brutal=True) is SHUTDOWN
    for brutal in (True, False):
        assert shutdown_outcome(NORMAL, asked=True, brutal=brutal) is NORMAL
        assert shutdown_outcome(CRASHED, asked=True, brutal=brutal) is CRASHED


@pytest.mark.parametrize("ended", ENDED, ids=lambda exit: exit.kind)
@pytest.mark.parametrize("brutal", [True, False])
def test_an_end_that_nobody_asked_for_is_told(ended: Exit, brutal: bool) -> None:
    assert shutdown_outcome(ended, asked=False, brutal=brutal) is ended


def test_an_error_during_the_end_that_was_asked_for_is_told() -> None:
    late = Exit("shutdown", "shutdown", ValueError("while cleaning up"))
    assert shutdown_outcome(late, asked=True, brutal=False) is late
    killed = Exit("killed", None, ValueError("while cleaning up"))
    assert shutdown_outcome(killed, asked=True, brutal=True) is killed


def test_a_task_exit_names_the_task_and_how_it_ended() -> None:
    error = TaskExit("fetch", CRASHED)
    assert (error.task, error.exit) == ("fetch", CRASHED)
    assert str(error) == ("task 'fetch' ended without a result: crashed: ValueError: v")
