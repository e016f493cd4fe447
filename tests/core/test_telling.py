"""What decisions say: the events of ends and quarantines, with all their fields."""

from __future__ import annotations

import pytest

from tests.core.core_play import CRASH
from tests.core.rule_tree import child, running
from tests.core.sync_world import Record
from trio_sup import Budget, Exit, Ignore, Stop
from trio_sup._core import events
from trio_sup._core.exits import NORMAL
from trio_sup._core.plan.doing import Tell
from trio_sup._core.plan.telling import given_up, kind_of_end, quarantined, released

LATE = Exit("killed", "late")


def record_of(**fields: object) -> Record:
    return running(child("a", **fields))["a"]


@pytest.mark.parametrize("exit", [CRASH, NORMAL, LATE])
def test_who_was_asked_has_stopped_as_asked_however_it_ended(exit: Exit) -> None:
    record = record_of()
    record.asked = "stop"
    for ready in (True, False):
        record.ready = ready
        assert kind_of_end(record, exit) == (events.ChildStopped, (exit, True))


def test_an_end_before_it_was_ready_is_a_failed_start_or_none_at_all() -> None:
    record = record_of()
    record.ready = False
    ignored = Exit("normal", "ignore", Ignore())
    assert kind_of_end(record, ignored) == (events.ChildIgnored, ())
    for exit in (CRASH, NORMAL, Exit("crashed", None, Stop())):
        assert kind_of_end(record, exit) == (events.ChildStartFailed, (exit,))


def test_who_was_ready_has_crashed_or_stopped_by_itself() -> None:
    record = record_of(restart="transient")
    crash = (events.ChildCrashed, (CRASH, "transient"))
    assert kind_of_end(record, CRASH) == crash
    # Only before it was ready is it no failure.
    late_ignore = Exit("crashed", None, Ignore())
    assert kind_of_end(record, late_ignore) == (
        events.ChildCrashed,
        (late_ignore, "transient"),
    )
    for exit in (NORMAL, LATE, Exit("shutdown", "done")):
        assert kind_of_end(record, exit) == (events.ChildStopped, (exit, False))


def test_a_quarantine_tells_its_budget_or_that_people_said_so() -> None:
    record = record_of(budget=Budget(3, 7.0, then="quarantine", release_after=9.0))
    who = (5.0, "root/a", 1)
    told = quarantined(record, 5.0, by_hand=False)
    assert told == Tell(events.ChildQuarantined, (*who, 3, 7.0, 9.0, False))
    told = quarantined(record, 5.0, by_hand=True)
    assert told == Tell(events.ChildQuarantined, (*who, 0, 0.0, None, True))
    assert released(record, 5.0) == Tell(events.ChildReleased, who)
    assert given_up(record, 5.0) == Tell(events.ChildGivenUp, (*who, 3, 7.0))
