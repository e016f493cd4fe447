"""What all supervisors have in common, told by what comes back: whole, and in order."""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from tests.core.core_play import Broken
from tests.core.rule_tree import ABC, child, running
from tests.core.sync_shell import shell_of
from tests.core.sync_world import Record
from trio_sup._core.exits import NORMAL, Exit
from trio_sup._core.plan import doing
from trio_sup._core.plan.doing import (
    NOTHING,
    Breathe,
    OwnGrace,
    Settle,
    Start,
    Stop,
    WindDown,
)
from trio_sup._core.plan.requests import start_child
from trio_sup._core.plan.static import StaticPlan


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
    assert (a.status, a.comes_back) == ("stopped", True)
    assert (a.attempt, a.pending, a.ticket) == (0, 0, tickets[0] + 1)
    assert (later.status, later.comes_back) == ("gone", False)
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


def test_a_job_goes_by_the_time_of_the_turn_that_it_goes_on_in() -> None:
    tree = running(*ABC)
    plan, times = tree.plan, list[float]()

    def job() -> Any:
        for _ in range(2):
            times.append(plan.now)
            yield NOTHING
            yield (Breathe(1),)

    plan.line.queue.append(job())
    assert plan.go_on(6.0) == NOTHING  # nothing new is begun
    plan.turn(7.0)
    plan.go_on(8.0)
    assert times == [7.0, 8.0]
