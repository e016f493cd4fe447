"""A change of a list, step by step: what is to be done, who is kept, and the way back."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

import trio_sup
from tests.core.core_play import Broken
from tests.core.rule_tree import (
    ABC,
    LATE,
    Tree,
    another,
    changed,
    child,
    flags_of,
    other,
    running,
    work,
)
from tests.core.sync_shell import Reply, shell_of
from tests.core.sync_world import Record
from trio_sup import Budget, ChildSpec
from trio_sup._core import events
from trio_sup._core.plan.doing import (
    Adopt,
    KeepState,
    MoveNames,
    Respecified,
    Settle,
    Start,
    Stop,
    Tell,
)
from trio_sup._core.plan.reconfigure import adopt, reconfigure
from trio_sup._core.plan.requests import quarantine_child, terminate_child
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.reconfigured import PlanOutdated, ReconfigureFailed
from trio_sup._core.state import RestartWindow

RUNS = attrs.evolve(child("x").runs, carries=lambda target: True)


def carries(spec: ChildSpec[Any]) -> ChildSpec[Any]:
    """A child whose state can be carried over."""
    return attrs.evolve(spec, runs=RUNS)


def failure(reply: Reply) -> ReconfigureFailed:
    (error,) = reply.errors
    assert isinstance(error, ReconfigureFailed)
    return error


def static(record: Record) -> StaticPlan[Record]:
    plan = shell_of(record).plan
    assert isinstance(plan, StaticPlan)
    return plan


# What is to be done.


def test_a_change_is_told_then_stops_then_is_in_force_then_starts() -> None:
    tree = running(child("a"), carries(child("b")), child("c"))
    plan, a, b, c = tree.plan, tree["a"], tree["b"], tree["c"]
    plan.now = 7.0
    steps = reconfigure(plan, flags_of(another("a"), carries(another("b"))))
    asked = (7.0, "root", 1, "reconfigure")
    assert next(steps) == (Tell(events.Requested, asked),)
    assert next(steps) == []  # no name is kept
    assert next(steps) == [KeepState(b)]
    why = "supervisor root: reconfigure"
    for record, reason in (
        (c, why),
        (b, f"{why}: its state is carried over"),
        (a, why),
    ):
        assert next(steps) == (Stop(record, reason, 5.0, brutal=False),)
        assert all(each.in_plan for each in (a, b, c))
        record.up = False
        plan.over(record)
    free = MoveNames(((c, None),), ())
    assert next(steps) == (free, Respecified(a), Respecified(b))
    assert (a.spec.target, b.spec.target) == (other, other)
    assert [a.status, b.status] == ["restarting"] * 2
    for record in (a, b):
        assert next(steps) == (Start(record, supervised=True),)
        plan.begins(record, 8.0, supervised=True)
        record.up, record.started_life = True, record.life
    with pytest.raises(StopIteration) as done:
        settle, told = next(steps)
        assert settle == Settle(c)
        made = next(steps)
    made = done.value.value
    assert told == Tell(
        events.SupervisorReconfigured, (7.0, "root", 1, "done", made.summary, "")
    )
    assert made.paths("restart") == ("root/a", "root/b")
    assert plan.change is None
    assert c.status == "gone"


def test_a_plan_that_was_shown_is_carried_out_only_as_it_was() -> None:
    tree = running(*ABC)
    flags = flags_of(child("a"))
    made = changed(tree, *ABC).answers[0][1]
    steps = reconfigure(tree.plan, flags, made)
    with pytest.raises(PlanOutdated) as caught:
        next(steps)
    assert caught.value.expected is made
    assert caught.value.now.paths("stop") == ("root/b", "root/c")
    assert tree.plan.change is None
    assert next(reconfigure(tree.plan, flags, caught.value.now))


# Who is kept.


def test_a_budget_in_force_counts_what_was_counted_before() -> None:
    def limited(most: int, seconds: float) -> ChildSpec[Any]:
        return child("a", budget=Budget(most, seconds))

    tree = running(limited(3, 50))
    record = tree["a"]
    for _ in range(2):
        tree.crash("a")
        tree.settle()
    window = record.budget_window
    assert window is not None
    for limits in ((3, 50), (2, 50), (2, 60)):
        changed(tree, limited(*limits))
        assert record.budget_window is window
        assert (window.max_restarts, window.max_seconds) == limits
    assert not window.admit(0)
    changed(tree, child("a"))
    assert record.budget_window is None
    changed(tree, limited(1, 5))
    assert record.budget_window is None
    assert record.life == 3


def test_who_begins_anew_has_its_budget_and_its_backoff_anew() -> None:
    tree = running(child("a", backoff=LATE))
    record = tree["a"]
    record.attempt, record.budget_window = 3, RestartWindow(1, 1.0)
    changed(tree, another("a", backoff=LATE))
    assert (record.status, record.life) == ("running", 2)
    assert (record.attempt, record.restarts) == (0, 1)
    assert record.budget_window is None


def test_a_temporary_child_that_has_ended_stays_forgotten_in_its_place() -> None:
    tree = running(child("t", restart="temporary"), child("a"))
    record = tree["t"]
    tree.world.over(record, 1, None)
    tree.settle()
    changed(tree, child("t", restart="temporary"), child("a"), child("b"))
    assert list(tree.plan.core.records) == ["a", "b"]
    assert tree.plan.originals == {0: record, 1: tree["a"], 2: tree["b"]}
    changed(tree, another("t", restart="temporary"), child("a"), child("b"))
    assert list(tree.plan.core.records) == ["t", "a", "b"]
    assert tree["t"] is not record


def test_another_kind_of_child_in_the_same_place_is_another_child() -> None:
    tree = running(child("a", name="n"))
    former = tree["a"]
    changed(tree, trio_sup.supervisor([], id="a", name="n"))
    assert tree["a"] is not former
    assert (former.status, former.settled) == ("gone", 1)
    assert tree.world.names == {"n": tree["a"]}
    assert tree["a"].status == "running"


# A group that waited.


def waiting(**flags: Any) -> Tree:
    tree = running(
        child("a", backoff=LATE), child("b"), strategy="one_for_all", **flags
    )
    tree.crash("a")
    tree.settle()
    assert tree.plan.groups.waiting is not None
    return tree


def test_who_waited_for_its_group_starts_with_what_is_new_in_order() -> None:
    tree = waiting()
    ticket = tree["a"].ticket
    changed(tree, child("c"), child("a", backoff=LATE), child("b"))
    assert tree.began == ["c", "a", "b"]
    assert tree.plan.groups.waiting is None
    assert tree["a"].ticket > ticket
    tree.world.now += 100
    tree.settle()
    assert tree.began == ["c", "a", "b"]  # its former time is void


def test_who_waited_and_fails_with_what_is_new_has_failed_as_in_its_group() -> None:
    tree = waiting()
    tree.start("ok", "fail")
    reply = changed(tree, child("c"), child("a", backoff=LATE), child("b"))
    assert [what for what, _ in reply.answers] == ["ok"]
    assert [tree[id].status for id in "cab"] == ["stopped", "backing_off", "stopped"]
    assert tree.plan.core.window.used(0.0) == 2
    tree.world.now += 100
    tree.settle()
    assert [tree[id].status for id in "cab"] == ["running"] * 3


# Supervisors below.


def below(*children: ChildSpec[Any], **flags: Any) -> ChildSpec[Any]:
    return trio_sup.supervisor(children, id="s", max_restarts=10, **flags)


def test_a_supervisor_below_changes_itself_and_lives_on() -> None:
    tree = running(below(child("x"), child("y")), child("a"))
    plan = static(tree["s"])
    x = plan.core.records["x"]
    changed(tree, below(child("x"), child("z"), strategy="rest_for_one"), child("a"))
    assert (tree["s"].life, tree["a"].life) == (1, 1)
    assert list(plan.core.records) == ["x", "z"]
    assert (plan.core.records["x"], x.life) == (x, 1)
    assert plan.flags.strategy == "rest_for_one"
    assert tree["s"].spec.flags is plan.flags


def test_what_fails_below_is_undone_everywhere_and_told_by_its_path() -> None:
    tree = running(below(child("x")), below_two(), child("a"))
    tree.start("fail", "ok")
    reply = changed(
        tree, below(child("x"), child("y")), below_two(child("w")), child("a")
    )
    failed = failure(reply)
    assert (failed.path, failed.child) == ("root", "root/s/y")
    assert isinstance(failed.exit.error, Broken)
    assert isinstance(failed.__cause__, ReconfigureFailed)
    assert (failed.returned, failed.lost) == ((), ())
    assert list(static(tree["s"]).core.records) == ["x"]
    assert list(static(tree["s2"]).core.records) == []
    assert tree.plan.change is None


def below_two(*children: ChildSpec[Any]) -> ChildSpec[Any]:
    return trio_sup.supervisor(children, id="s2", max_restarts=10)


def test_who_has_changed_below_changes_back_if_another_one_fails() -> None:
    tree = running(below(child("x")), child("a"))
    tree.start("ok", "fail")
    reply = changed(tree, below(child("x"), child("y")), child("a"), child("c"))
    failed = failure(reply)
    assert failed.child == "root/c"
    assert failed.__cause__ is failed.exit.error
    assert list(static(tree["s"]).core.records) == ["x"]
    assert (tree["s"].life, static(tree["s"]).core.records["x"].life) == (1, 1)


def test_a_supervisor_that_is_down_takes_its_list_for_its_next_life() -> None:
    tree = running(below(child("x"), child("y"), child("w", name="w")), child("a"))
    plan = static(tree["s"])
    x, y, w = (plan.core.records[id] for id in "xyw")
    tree.request(terminate_child, "s", names="s")
    tree.settle()
    flags = below(child("z"), child("x", shutdown=9.0), below_two()).flags
    assert flags is not None
    assert list(adopt(plan, flags)) == [Respecified(x), Settle(y), Settle(w)]
    assert (y.status, w.status) == ("gone", "gone")
    assert (list(plan.core.records), x.spec.shutdown) == (["x"], 9.0)
    assert plan.originals == {1: x}
    assert plan.flags is flags
    again = below(child("x"), child("z")).flags
    assert again is not None
    tree.plan.mode = "running"
    assert adopt(tree.plan, again) == ()  # one that runs does it by a job


def test_the_flags_of_one_below_that_is_down_are_adopted_with_its_list() -> None:
    inner = trio_sup.supervisor([child("x")], id="i")
    tree = running(below(inner))
    plan = static(tree["s"])
    tree.request(terminate_child, "s", names="s")
    tree.settle()
    wider = trio_sup.supervisor([child("x"), child("y")], id="i")
    flags = below(wider).flags
    assert flags is not None
    assert wider.flags is not None
    i = plan.core.records["i"]
    assert list(adopt(plan, flags)) == [Respecified(i), Adopt(i, wider.flags)]


# The way back.


def test_the_way_back_tells_who_lives_again_and_who_does_not_yet() -> None:
    tree = running(child("a"), child("b"), child("c"))
    tree.request(terminate_child, "c", names="c")
    tree.start("ok", "fail", "ok", "fail")
    tree.settle()
    reply = changed(tree, another("a"), another("b"), child("c"))
    failed = failure(reply)
    assert failed.child == "root/b"
    assert (failed.returned, failed.lost) == (("root/a",), ("root/b",))
    told = [
        each for each in tree.world.told if each[0] is events.SupervisorReconfigured
    ]
    assert [(each[4], each[6]) for each in told] == [("rolled_back", str(failed))]
    assert [tree[id].spec.target for id in "abc"] == [work] * 3
    assert [tree[id].status for id in "abc"] == ["running", "running", "stopped"]


def test_who_was_shut_away_before_is_shut_away_again() -> None:
    tree = running(child("a"), child("b"))
    tree.request(quarantine_child, "a", names="a")
    tree.settle()
    tree["a"].held = False  # else people keep it down
    tree.start("ok", "fail")
    reply = changed(tree, another("a"), child("b"), child("c"))
    assert failure(reply).child == "root/c"
    assert tree["a"].status == "quarantined"
    assert tree["b"].life == 1


def test_on_the_way_back_each_has_the_name_that_it_had() -> None:
    tree = running(child("a", name="n"), child("b"))
    tree.start("ok", "fail")
    a = tree["a"]
    reply = changed(tree, child("a", name="m"), child("b"), child("c", name="n"))
    assert failure(reply).child == "root/c"
    assert tree.world.names == {"n": a}
    assert (a.spec.name, a.status) == ("n", "running")
