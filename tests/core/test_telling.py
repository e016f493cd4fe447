"""What decisions say: the events of ends and quarantines, with all their fields."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.core_play import CRASH
from tests.core.rule_tree import child, running
from tests.core.sync_world import Record
from trio_sup import Budget, Exit, Ignore, Stop
from trio_sup._core import events
from trio_sup._core.exits import NORMAL
from trio_sup._core.plan.doing import Refused, Request, Stop as Ask, StopAll, Tell
from trio_sup._core.plan.telling import (
    cause_of,
    gave_up,
    given_up,
    kind_of_end,
    quarantined,
    reconfigured,
    released,
    requested,
    restarts,
    shut_down,
    stop_of,
    stops_of,
)
from trio_sup._core.reconfigured import ReconfigurePlan

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


def test_what_is_decided_about_a_child_is_told_with_all_that_was_decided() -> None:
    record, who = record_of(), (5.0, "root/a", 1)
    assert requested(record, "do", 5.0) == Tell(events.Requested, (*who, "do"))
    alone = Tell(events.RestartDecided, (*who, 2.0, "one_for_one", 0))
    assert restarts(record, 2.0, "one_for_one", 5.0) == alone
    grouped = Tell(events.RestartDecided, (*who, 2.0, "one_for_all", 3))
    assert restarts(record, 2.0, "one_for_all", 5.0, 3) == grouped


def test_what_becomes_of_a_supervisor_is_told_with_the_child_that_led_to_it() -> None:
    tree = running(child("a"))
    own, who = tree.own, (5.0, "root", 1)
    ends = Tell(events.SupervisorAutoShutdown, (*who, "a"))
    assert shut_down(own, 5.0, tree["a"]) == ends
    one_too_many = Tell(events.SupervisorGaveUp, (*who, 3, 7.0, "a"))
    assert gave_up(own, 5.0, (3, 7.0), tree["a"]) == one_too_many
    made = ReconfigurePlan("root", (), (), (), tree.plan.flags)
    for why in ("", "it did not start"):
        fields = (*who, "done", made.summary, why)
        told = reconfigured(own, 5.0, "done", made, *[why] if why else [])
        assert told == Tell(events.SupervisorReconfigured, fields)


# Why and how a life is asked to end.


def test_a_cause_is_told_by_the_supervisor_where_it_arose() -> None:
    assert cause_of("why", "root/s") == "supervisor root/s: why"
    assert cause_of("supervisor root: why", "root/s") == "supervisor root: why"


def test_the_grace_of_a_life_is_its_own_unless_there_is_a_hurry() -> None:
    record = record_of()
    assert stop_of(record, "c", 3.0, hurried=False) == Ask(record, "c", 3.0, False)
    assert stop_of(record, "c", 3.0, hurried=True) == Ask(record, "c", 0.0, False)
    for hurried in (False, True):
        killed = stop_of(record, "c", "brutal_kill", hurried=hurried)
        assert killed == Ask(record, "c", 0.0, True)


@pytest.mark.parametrize("hurried", [False, True])
def test_of_many_those_who_live_are_asked_each_with_its_own_grace(
    hurried: bool,
) -> None:
    tree = running(child("a", shutdown=1.0), child("b"), child("c", shutdown=3.0))
    a, b, c = (tree[id] for id in "abc")
    b.up = False
    assert list(stops_of(StopAll([a, b, c], "why", hurried))) == [
        Ask(a, "why", 0.0 if hurried else 1.0, False),
        Ask(c, "why", 0.0 if hurried else 3.0, False),
    ]


def test_a_request_is_wanted_until_it_is_withdrawn() -> None:
    steps: Any = iter
    record = record_of()
    request: Request[Record] = Request(steps, record)
    assert (request.steps, request.record) == (steps, record)
    assert request.withdrawn is False


def test_a_refusal_says_why_and_what_it_is_about() -> None:
    plain = Refused("stopping")
    assert (str(plain), plain.why, plain.record) == ("stopping", "stopping", None)
    assert (plain.exit, plain.id, plain.limit) == (None, None, 0)
    record = record_of()
    full = Refused("not_started", record, exit=CRASH, id="a", limit=3)
    assert (full.why, full.record, full.exit) == ("not_started", record, CRASH)
    assert (full.id, full.limit) == ("a", 3)
