"""What a supervisor makes of the lives of its children: begun, over, decided."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.core_play import CRASH
from tests.core.rule_tree import ABC, LATE, child, die, running
from trio_sup import Budget
from trio_sup._core import events
from trio_sup._core.exits import Exit
from trio_sup._core.plan import doing, telling
from trio_sup._core.plan.doing import (
    NOTHING,
    Changed,
    PassUp,
    Settle,
    Start,
    Tell,
    Wake,
    WindDown,
)
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.strategy import AutoShutdown, GiveUp, Quarantine, Restart, Settled

# The lives of children.


@pytest.mark.parametrize(
    ("event", "restarts", "status"),
    [("rests", 0, "starting"), ("returns", 1, "restarting"),
     ("backs_off", 1, "restarting"), ("quarantined", 0, "starting")],
)  # fmt: skip
def test_a_life_that_begins_forgets_what_was_meant_with_the_last(
    event: Any, restarts: int, status: str
) -> None:
    tree = running(*ABC)
    record = die(tree, "b")
    record.enter(event)
    record.ready = record.in_plan = record.undecided = True
    record.comes_back = True
    record.restarts = 4
    ticket, living = record.ticket, tree.plan.living
    tree.plan.begins(record, 7.0, supervised=True)
    assert (record.life, record.status) == (2, status)
    assert record.restarts == 4 + restarts
    assert (record.ready, record.in_plan, record.undecided) == (False, False, False)
    assert record.comes_back is False
    assert record.supervised_start is True
    assert (record.life_began, record.ticket) == (7.0, ticket + 1)
    assert tree.plan.living == living + 1
    tree.plan.fell_through()
    assert tree.plan.living == living


def test_lives_are_counted() -> None:
    tree = running(*ABC)
    assert tree.plan.living == 3
    die(tree, "b")
    assert tree.plan.living == 2
    assert tree["b"].ready is False
    assert tree["b"].status == "running"  # until it has been decided


def test_what_cannot_begin_fails_behind_a_checkpoint() -> None:
    tree = running(*ABC)
    record = die(tree, "b")
    record.enter("rests")
    record.supervised_start = True
    plan = tree.plan
    wake = plan.not_started(record, CRASH, 7.0, supervised=False)
    assert wake == (Wake(7.0, record, record.ticket, CRASH),)
    assert record.status == "restarting"
    assert record.supervised_start is False
    assert plan.line.failed is None
    assert plan.not_started(record, CRASH, 7.0, supervised=True) == NOTHING
    assert plan.line.failed is CRASH


@pytest.mark.parametrize("mode", ["starting", "running", "stopping"])
@pytest.mark.parametrize("fatal", [False, True])
@pytest.mark.parametrize("why", ["", "asked", "in_plan"])
def test_an_end_that_needs_no_decision_is_noted_at_once(
    mode: Any, fatal: bool, why: str
) -> None:
    tree = running(*ABC)
    record = tree["b"]
    tree.plan.mode = mode
    record.asked = "somebody" if why == "asked" else None
    record.in_plan = why == "in_plan"
    record.up = False
    tree.plan.over(record, fatal=fatal)
    noted = fatal or bool(why) or mode == "stopping"
    assert record.status == ("stopped" if noted else "running")
    assert record.overtaken == (1 if fatal or mode == "stopping" else 0)


def test_a_stop_that_comes_while_an_end_is_told_overtakes_it() -> None:
    tree = running(*ABC)
    record = die(tree, "b")
    tree.plan.stop("why")
    assert tree.plan.ended(record, CRASH, 0.0, ready=True) == NOTHING
    assert (record.status, record.overtaken) == ("stopped", 1)
    assert record.comes_back is True


def test_an_end_that_was_asked_for_is_not_overtaken() -> None:
    tree = running(*ABC)
    record = tree["b"]
    record.asked = "somebody"
    record.up = False
    tree.plan.over(record, fatal=False)
    assert tree.plan.ended(record, CRASH, 0.0, ready=True) == NOTHING
    assert record.overtaken == 0
    assert record.comes_back is False


def test_what_could_not_be_worked_out_leaves_the_child_down() -> None:
    tree = running(*ABC)
    record = tree["b"]
    assert tree.plan.undecided(record) == NOTHING
    assert record.status == "running"
    die(tree, "b")
    assert tree.plan.undecided(record) == (Settle(record),)
    assert str(record.status) == "stopped"
    for event, status in (("quarantined", "quarantined"), ("forgotten", "gone")):
        record.enter(event)  # type: ignore[arg-type]
        assert tree.plan.undecided(record) == (Settle(record),)
        assert record.status == status


def test_a_time_that_has_come_means_something_only_if_nothing_happened_since() -> None:
    tree = running(*ABC)
    record = die(tree, "b")
    record.enter("backs_off")
    ticket = record.ticket
    wake = Wake(7.0, record, ticket)
    assert tree.plan.due(wake, 7.0) == (Start(record),)
    assert tree.plan.due(Wake(7.0, record, ticket - 1), 7.0) == NOTHING
    record.supervised_start = False
    told, start = tree.plan.due(Wake(7.0, record, ticket, CRASH), 7.0)
    assert isinstance(told, Tell)
    assert start == Start(record)
    assert tree.plan.core.window.used(7.0) == 1
    wake = Wake(7.0, record, record.ticket)
    tree.plan.mode = "starting"
    assert not tree.plan.is_due(wake)
    assert tree.plan.due(wake, 7.0) == NOTHING


def test_it_waits_for_one_child_at_a_time() -> None:
    tree = running(*ABC)
    tree.hold()
    tree.request(lambda plan: plan.stop_child(tree["b"], "why"))
    tree.settle_now()
    assert tree.plan.wakes(tree["b"])
    assert not tree.plan.wakes(tree["a"])


def test_a_child_that_is_down_is_not_stopped() -> None:
    tree = running(*ABC)
    record = die(tree, "b")
    assert list(tree.plan.stop_child(record, "why")) == []
    assert tree.plan.line.awaited is None
    (stop,) = next(tree.plan.stop_child(tree["a"], "why"))
    assert stop == tree.plan.stopping_of(tree["a"], "why")
    assert tree.plan.line.awaited is tree["a"]


def test_nobody_comes_back_with_a_supervisor_of_no_list() -> None:
    tree = running(*ABC)
    assert Plan.is_original(tree.plan, tree["a"]) is False
    assert tree.plan.is_original(tree["a"]) is True


class Fatal(BaseException):
    """What passes through every supervisor."""


class Key:
    """A key whose hash does what it is told."""

    raises = False

    def __hash__(self) -> int:
        if self.raises:
            raise Fatal
        return 1


def test_what_the_hash_of_an_id_raises_goes_up_once_all_are_down() -> None:
    key = Key()
    tree = running(child("a"))
    record = tree.root.make(child("x"), key)
    tree.plan.core.records[key] = record
    key.raises = True
    passed, settle = tree.plan.drop(record)
    assert isinstance(passed, PassUp)
    assert passed.record is record
    assert isinstance(passed.fatal, Fatal)
    assert settle == Settle(record)
    key.raises = False
    other = tree["a"]
    assert tree.plan.drop(other) == (Settle(other),)


# What decisions lead to.


def test_a_restart_at_once_is_told_and_begins() -> None:
    tree = running(*ABC, strategy="rest_for_one")
    record = die(tree, "b")
    told, start = tree.plan.follow(record, Restart(0.0), 7.0)
    assert start == Start(record)
    fields = (7.0, "root/b", 1, 0.0, "rest_for_one", 0)
    assert told == Tell(events.RestartDecided, fields)
    fields = (7.0, "root/b", 1, 2.0, "rest_for_one", 3)
    again = telling.restarts(record, 2.0, tree.plan.flags.strategy, 7.0, 3)
    assert again == Tell(events.RestartDecided, fields)


def test_a_restart_after_a_delay_waits_for_its_time() -> None:
    tree = running(*ABC)
    record = die(tree, "b")
    record.ticket = 5
    told, wake, changed = tree.plan.follow(record, Restart(2.0), 7.0)
    assert told == telling.restarts(record, 2.0, tree.plan.flags.strategy, 7.0)
    assert wake == Wake(9.0, record, 5)
    assert changed == Changed(record)


def test_a_child_that_stays_down_is_put_to_rest() -> None:
    tree = running(*ABC)
    record = die(tree, "b")
    assert tree.plan.follow(record, Settled(False), 7.0) == (Settle(record),)
    assert tree.plan.mode == "running"


def test_a_quarantine_is_told_with_its_limit() -> None:
    tree = running(child("a", budget=Budget(2, 5.0, "quarantine")))
    record = die(tree, "a")
    assert tree.plan.follow(record, Quarantine(), 7.0) == (
        Settle(record),
        Tell(events.ChildQuarantined, (7.0, "root/a", 1, 2, 5.0, None, False)),
    )


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("budget", [None, Budget(1, 9.0)])
def test_giving_up_is_told_with_the_limit_that_was_exceeded(
    own: bool, budget: Budget | None
) -> None:
    tree = running(child("a", budget=budget), max_restarts=2, max_seconds=6.0)
    record = die(tree, "a")
    limits = (1, 9.0) if own and budget else (2, 6.0)
    assert tree.plan.follow(record, GiveUp(own), 7.0) == (
        doing.GaveUp(record, own, *limits),
        Settle(record),
        Tell(events.SupervisorGaveUp, (7.0, "root", 1, *limits, "a")),
        WindDown("gave up after 'a' ended"),
    )
    assert tree.plan.outcome == Exit("shutdown", "gave up")
    assert record.comes_back is True
    assert tree.plan.mode == "stopping"


def test_an_auto_shutdown_is_told_with_who_ended() -> None:
    tree = running(child("a"), child("t", restart="temporary"))
    record = die(tree, "a")
    assert tree.plan.follow(record, AutoShutdown(False), 7.0) == (
        Settle(record),
        Tell(events.SupervisorAutoShutdown, (7.0, "root", 1, "a")),
        WindDown("auto_shutdown after 'a' ended"),
    )
    assert tree.plan.outcome == Exit("shutdown", "auto_shutdown")
    assert record.comes_back is True
    gone = die(tree, "t")
    tree.plan.follow(gone, AutoShutdown(True), 7.0)
    assert gone.comes_back is False


def test_what_is_begun_before_it_runs_may_still_be_started() -> None:
    tree = running(child("a", backoff=LATE))
    for mode, lets in (("starting", True), ("running", True), ("stopping", False),
                       ("down", False)):  # fmt: skip
        tree.plan.mode = mode  # type: ignore[assignment]
        assert tree.plan.lets_start is lets
