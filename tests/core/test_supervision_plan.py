"""What all supervisors have in common, told by what comes back: whole, and in order."""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from tests.core.core_play import Broken
from tests.core.rule_tree import ABC, LATE, Tree, child, running
from tests.core.sync_shell import shell_of
from tests.core.sync_world import Record
from trio_sup import Budget
from trio_sup._core import events
from trio_sup._core.exits import NORMAL, Exit
from trio_sup._core.plan import doing, telling
from trio_sup._core.plan.doing import (
    NOTHING,
    Changed,
    OwnGrace,
    PassUp,
    Settle,
    Start,
    Stop,
    Tell,
    Wake,
    WindDown,
)
from trio_sup._core.plan.requests import start_child
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.strategy import AutoShutdown, GiveUp, Quarantine, Restart, Settled

CRASH = Exit("crashed", None, Broken())


def die(tree: Tree, id: str) -> Record:
    """A life is over, and nothing has been decided yet."""
    record = tree[id]
    record.up = False
    tree.plan.over(record, fatal=False)
    return record


def fresh(*children: Any, **flags: Any) -> tuple[Record, StaticPlan[Record]]:
    """A supervisor before its first life."""
    spec = trio_sup.supervisor(children, id="s", **flags)
    tree = running(spec)
    own = tree["s"]
    assert spec.flags is not None
    return own, StaticPlan(own, spec.flags, shell_of(own).make, lambda: 0.0)


# Its life.


def test_before_its_first_life_it_is_down_and_in_order() -> None:
    own, plan = fresh(child("a"))
    assert (plan.own, plan.mode, plan.stop_reason) == (own, "down", "stop")
    assert (plan.living, plan.hurried, plan.now) == (0, False, 0.0)
    assert plan.outcome is NORMAL
    assert (plan.core.records, plan.originals) == ({}, {})
    assert plan.line.idle
    assert (plan.groups.present, plan.groups._plan) == (None, plan)
    assert plan._stop_after_start is None
    assert plan.stop("why") == NOTHING
    assert plan.stop_itself(3.0) == NOTHING
    assert (plan.mode, plan.stop_reason, plan.outcome) == ("down", "stop", NORMAL)


def test_each_life_begins_with_a_clean_slate() -> None:
    tree = running(child("a"), max_restarts=1)
    plan = tree.plan
    tree.crash("a")
    tree.settle()
    assert plan.core.window.used(0) == 1
    plan.hasten()
    tree.root.perform(plan.stop_itself(5.0))
    tree.settle()
    assert plan.mode == "down"
    assert plan.outcome == Exit("shutdown", "stop()")
    former = plan.core, plan.line, plan.groups
    plan.begin()
    assert (plan.mode, plan.stop_reason) == ("starting", "stop")
    assert (plan.hurried, plan.outcome) == (False, NORMAL)
    assert plan.core.window.used(0) == 0
    assert not any(new is old for new, old in zip(
        (plan.core, plan.line, plan.groups), former, strict=True
    ))  # fmt: skip
    assert plan.core.draw is plan._draw


def test_it_is_ready_when_its_children_are() -> None:
    _, plan = fresh(child("a"))
    plan.begin()
    (start,) = plan.turn(3.0)
    assert plan.now == 3.0
    assert isinstance(start, Start)
    assert start == Start(start.record, supervised=True)
    plan.begins(start.record, 3.0, supervised=True)
    start.record.up = True
    assert plan.turn(4.0) == NOTHING
    assert plan.mode == "starting"
    start.record.started_life = 1
    assert plan.turn(5.0) == (doing.Ready(),)
    assert str(plan.mode) == "running"
    assert plan.turn(6.0) == NOTHING
    assert (plan.now, plan.mode) == (6.0, "running")


def test_only_to_stop_is_left_when_no_job_is_in_hand() -> None:
    tree = running(child("a"))
    plan = tree.plan
    assert not plan.only_stops
    tree.start("hold")
    tree.request(lambda plan: plan.line.start(tree["a"]))
    tree["a"].up = False
    tree["a"].enter("rests")
    tree.settle_now()
    assert plan.line.busy
    assert not plan.only_stops
    plan.stop("why")
    assert not plan.only_stops
    assert plan.turn(0.0)  # the answer, and the job is done
    assert plan.only_stops


def test_stopping_all_it_waits_for_each_again() -> None:
    tree = running(child("a"), child("b"))
    tree.hold()
    tree.root.request_stop("the end")
    tree.settle_now()
    assert (tree["a"].asked, tree["b"].asked) == (None, "supervisor root: the end")
    assert tree.plan.line.cut_short is False
    tree.let_go("b")
    assert tree.ended == ["b", "a", "root"]


def test_its_end_leaves_who_comes_back_with_it_and_forgets_the_others() -> None:
    tree = running(child("a"), child("t", restart="temporary"))
    tree.request(start_child, child("later"))
    tree.settle()
    a, t, later = (tree[id] for id in ("a", "t", "later"))
    for record in (a, t, later):
        record.up = False
        record.attempt = record.pending = 3
    tickets = a.ticket, later.ticket
    line, groups = tree.plan.line, tree.plan.groups
    assert list(tree.plan.end()) == [Settle(a), Settle(t), Settle(later)]
    assert tree.plan.mode == "down"
    assert tree.plan.line is not line
    assert tree.plan.line.idle
    assert tree.plan.groups is not groups
    assert tree.plan.groups._plan is tree.plan
    assert (a.status, a.rests_with_parent) == ("stopped", True)
    assert (a.attempt, a.pending, a.ticket) == (0, 0, tickets[0] + 1)
    assert (later.status, later.rests_with_parent) == ("gone", False)
    assert (later.attempt, later.pending) == (0, 0)
    assert later.ticket > tickets[1] + 1
    assert t.status == "gone"
    assert list(tree.plan.core.records) == ["a"]


def test_what_it_raises_in_the_end_stands_in_its_outcome() -> None:
    tree = running(child("a"), max_restarts=0)
    tree.crash("a")
    tree.settle()
    error = Broken()
    tree.plan.fails_with(error)
    assert tree.plan.outcome == Exit("shutdown", "gave up", error)


# Stopping.


def test_a_stop_is_told_once_and_why() -> None:
    tree = running(*ABC)
    assert tree.plan.stop("why") == (WindDown("why"),)
    assert (tree.plan.mode, tree.plan.stop_reason) == ("stopping", "why")
    assert tree.plan.stop("another") == NOTHING
    assert tree.plan.stop_reason == "why"
    assert tree.plan.outcome is NORMAL


@pytest.mark.parametrize("fatal", [False, True])
def test_a_stop_for_something_fatal_lets_no_job_count_as_done(fatal: bool) -> None:
    tree = running(child("a"))
    tree.hold()
    tree.request(lambda plan: plan.stop_child(tree["a"], "why"))
    tree.settle_now()
    tree["a"].up = False  # it is down already
    tree.plan.stop("why", fatal=fatal)
    assert tree.plan.line.cut_short
    assert tree.plan.line.overtaken is fatal


def test_a_stop_by_itself_is_a_shutdown_with_its_own_grace() -> None:
    tree = running(*ABC)
    assert tree.plan.stop_itself(3.0) == (WindDown("root: stop()"), OwnGrace(3.0))
    assert tree.plan.outcome == Exit("shutdown", "stop()")
    assert tree.plan.mode == "stopping"
    assert tree.plan.stop_itself(2.0) == NOTHING


def test_a_stop_by_itself_during_the_start_comes_after_it() -> None:
    _, plan = fresh(child("a"))
    plan.begin()
    plan.turn(0.0)
    assert plan.stop_itself(3.0) == NOTHING
    record = plan.originals[0]
    record.up, record.life, record.started_life = True, 1, 1
    assert plan.mode == "starting"
    assert plan.turn(0.0) == (doing.Ready(),)
    assert plan.turn(0.0) == (WindDown("root/s: stop()"), OwnGrace(3.0))
    assert str(plan.mode) == "stopping"
    record.up = False
    list(plan.end())
    plan.begin()  # and is asked for anew in the next life
    plan.turn(0.0)
    record.up, record.life, record.started_life = True, 2, 2
    assert plan.turn(0.0) == (doing.Ready(),)
    assert plan.turn(0.0) == NOTHING


def test_a_hurry_gives_those_who_have_a_grace_already_once() -> None:
    tree = running(*ABC)
    tree.hold()
    tree.root.request_stop("the end")
    tree.settle_now()
    assert tree.plan.hasten() == [tree["c"]]
    assert tree.plan.hurried is True
    assert tree.plan.hasten() == []


def test_another_grace_than_that_of_the_specification_can_be_given() -> None:
    tree = running(child("a", shutdown=3.0))
    a = tree["a"]
    stop = tree.plan.stopping_of
    assert stop(a, "why") == Stop(a, "supervisor root: why", 3.0, False)
    assert stop(a, "why", 1.0) == Stop(a, "supervisor root: why", 1.0, False)
    killed = stop(a, "why", "brutal_kill")
    assert killed == Stop(a, "supervisor root: why", 0.0, True)
    assert stop(a, "supervisor x: y") == Stop(a, "supervisor x: y", 3.0, False)
    tree.plan.hasten()
    assert stop(a, "why") == Stop(a, "supervisor root: why", 0.0, False)
    assert stop(a, "why", 1.0) == Stop(a, "supervisor root: why", 0.0, False)


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
    record.rests_with_parent = True
    record.restarts = 4
    ticket, living = record.ticket, tree.plan.living
    tree.plan.begins(record, 7.0, supervised=True)
    assert (record.life, record.status) == (2, status)
    assert record.restarts == 4 + restarts
    assert (record.ready, record.in_plan, record.undecided) == (False, False, False)
    assert record.rests_with_parent is False
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
    assert record.rests_with_parent is True


def test_an_end_that_was_asked_for_is_not_overtaken() -> None:
    tree = running(*ABC)
    record = tree["b"]
    record.asked = "somebody"
    record.up = False
    tree.plan.over(record, fatal=False)
    assert tree.plan.ended(record, CRASH, 0.0, ready=True) == NOTHING
    assert record.overtaken == 0
    assert record.rests_with_parent is False


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
    assert record.rests_with_parent is True
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
    assert record.rests_with_parent is True
    gone = die(tree, "t")
    tree.plan.follow(gone, AutoShutdown(True), 7.0)
    assert gone.rests_with_parent is False


def test_what_is_begun_before_it_runs_may_still_be_started() -> None:
    tree = running(child("a", backoff=LATE))
    for mode, lets in (("starting", True), ("running", True), ("stopping", False),
                       ("down", False)):  # fmt: skip
        tree.plan.mode = mode  # type: ignore[assignment]
        assert tree.plan.lets_start is lets
