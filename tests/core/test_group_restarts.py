"""Restarts that concern siblings, step by step: what is told, kept, and put off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.core_play import CRASH
from tests.core.rule_tree import ABC, LATE, Tree, child, running
from trio_sup import Budget
from trio_sup._core import events
from trio_sup._core.plan.doing import Changed, Tell, Wake
from trio_sup._core.plan.requests import (
    restart_child,
    terminate_child,
)


def late(id: str, **fields: Any) -> Any:
    return child(id, backoff=LATE, **fields)


def decided(tree: Tree) -> list[tuple[Any, ...]]:
    return [told[1:] for told in tree.world.told if told[0] is events.RestartDecided]


@pytest.mark.parametrize(
    ("strategy", "siblings"), [("one_for_all", 2), ("rest_for_one", 1)]
)
def test_a_restart_is_told_with_its_delay_and_its_siblings(
    strategy: str, siblings: int
) -> None:
    tree = running(child("a"), late("b"), child("c"), strategy=strategy)
    tree.world.now = 7.0
    tree.crash("b")
    tree.settle()
    assert decided(tree) == [(7.0, "root/b", 1, 10.0, strategy, siblings)]
    waiting = tree.plan.groups.waiting
    assert waiting is not None
    assert (waiting.pivot, waiting.at) == (tree["b"], 17.0)
    assert tree.world.alarms[-1][0] == 17.0


def test_a_group_is_under_way_from_its_stop_to_its_last_start() -> None:
    tree = running(*ABC, strategy="one_for_all")
    groups = tree.plan.groups
    assert groups.present is None
    tree.hold()
    tree.crash("b")
    tree.settle_now()
    assert groups.present is not None
    assert (groups.present.pivot, groups.present.phase) == (tree["b"], "stops")
    assert groups.present.at == 0.0
    assert [record.label for record in groups.present.todo] == ["a"]
    assert groups.waiting is None
    tree.world.over(tree["c"], 1, None)
    tree.start("hold")
    tree.settle_now()
    tree.world.over(tree["a"], 1, None)
    tree.settle_now()
    assert groups.present is not None
    assert (groups.present.pivot, groups.present.phase) == (tree["b"], "starts")
    assert [record.label for record in groups.present.todo] == ["b", "c"]
    assert [tree[id].status for id in "abc"] == ["restarting"] * 3
    assert groups.waiting is None
    assert not groups.unfinished
    tree.world.ready_now(tree["a"])
    tree.settle_now()
    assert groups.present is None
    assert groups.stalled is None


def test_all_are_in_the_plan_at_once_and_older_times_are_void() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tickets = [tree[id].ticket for id in "abc"]
    tree.hold()
    tree.crash("b")
    tree.settle_now()
    assert [tree[id].in_plan for id in "abc"] == [True] * 3
    # One more for the decision about the pivot.
    assert [tree[id].ticket for id in "abc"] == [
        tickets[0] + 1,
        tickets[1] + 2,
        tickets[2] + 1,
    ]
    assert tree["c"].asked == "supervisor root: one_for_all after 'b' ended"


def test_a_temporary_member_is_gone_and_rests() -> None:
    tree = running(child("a"), child("t", restart="temporary"), strategy="one_for_all")
    t = tree["t"]
    tree.crash("a")
    tree.settle()
    assert (t.status, t.settled, t.up) == ("gone", 1, False)
    assert tree.began == ["a"]


def test_a_temporary_member_that_died_before_it_was_stopped_is_gone_too() -> None:
    tree = running(
        child("a"),
        child("t", restart="temporary"),
        child("c"),
        strategy="one_for_all",
    )
    t = tree["t"]
    tree.crash("a", "t")
    tree.settle()
    assert (t.status, t.settled) == ("gone", 1)
    assert tree.began == ["a", "c"]
    assert tree["a"].undecided is False


def test_the_time_of_its_turn_counts() -> None:
    tree = running(*ABC, strategy="one_for_all", max_restarts=0)
    tree.world.now = 7.0
    tree.crash("b")
    tree.settle()
    (gave_up,) = tree.world.told
    assert gave_up[:3] == (events.SupervisorGaveUp, 7.0, "root")
    assert tree.plan.core.window.used(7.0) == 0
    again = running(*ABC, strategy="one_for_all", max_restarts=1, max_seconds=5.0)
    for now, used in ((3.0, 1), (9.0, 1)):
        again.world.now = now
        again.crash("b")
        again.settle()
        assert again.plan.core.window.used(now) == used
    assert again.plan.core.window.used(14.0) == 1
    assert again.plan.core.window.used(15.0) == 0


def test_a_child_that_settles_restarts_nobody_and_is_told_at_its_time() -> None:
    tree = running(
        child("a", restart="transient", significant=True),
        child("b"),
        strategy="one_for_all",
        auto_shutdown="any_significant",
    )
    tree.world.now = 7.0
    record = tree["a"]
    tree.world.over(record, 1, None)
    tree.settle()
    assert tree.world.told == [
        (events.SupervisorAutoShutdown, 7.0, "root", 1, "a"),
    ]
    assert tree.began == []


def test_who_starts_says_whether_another_one_of_the_group_follows() -> None:
    tree = running(*ABC, strategy="one_for_all")
    follows: list[tuple[str, bool]] = []
    line = tree.plan.line
    tree.world.on_begin = lambda record: follows.append((record.label, line.more))
    tree.crash("b")
    tree.settle()
    assert follows == [("a", True), ("b", True), ("c", False)]


def test_about_who_had_died_before_its_group_stopped_the_group_has_decided() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all")
    tree.crash("a", "b")
    tree.settle()
    assert tree.plan.groups.waiting is not None
    assert tree["b"].status == "stopped"
    assert tree["b"].undecided is False
    assert len(decided(tree)) == 1


# Ends that wait.


@pytest.mark.parametrize("why", ["", "ticket", "alive"])
def test_an_end_is_decided_in_its_turn_unless_it_is_of_an_old_life(why: str) -> None:
    tree = running(*ABC, strategy="one_for_all")
    record = tree["b"]
    ticket = record.ticket
    record.up = why == "alive"
    record.ticket += why == "ticket"
    steps = tree.plan.groups.late_exit(record, ticket, CRASH)
    assert bool(list(steps)) is not bool(why)
    assert tree.plan.core.window.used(0.0) == (0 if why else 1)


@pytest.mark.parametrize("why", ["", "alive", "undecided", "stopped"])
def test_a_failed_restart_is_decided_in_its_turn_by_its_status(why: str) -> None:
    tree = running(*ABC)
    record = tree["b"]
    tree.plan.now = 7.0
    record.up = why == "alive"
    record.undecided = why == "undecided"
    record.enter("rests" if why == "stopped" else "returns")
    dos = list(tree.plan.groups.late_retry(record))
    assert len(dos) == (0 if why else 1)
    assert tree.plan.core.window.used(12.0) == (0 if why else 1)
    assert tree.plan.core.window.used(13.0) == 0


def test_a_decision_about_one_is_followed_at_the_time_of_the_turn() -> None:
    tree = running(child("a", budget=Budget(0, 5.0, "quarantine")))
    record = tree["a"]
    record.up = False
    record.enter("returns")
    tree.plan.now = 7.0
    ((_, told),) = tree.plan.groups.late_retry(record)
    assert told == Tell(
        events.ChildQuarantined, (7.0, "root/a", 1, 0, 5.0, None, False)
    )


# Pivots.


def test_a_pivot_that_waits_stays_the_pivot_for_those_after_it() -> None:
    tree = running(
        child("z"), late("a"), child("b"), child("c"), strategy="rest_for_one"
    )
    tree.crash("a")
    tree.settle()
    reply = tree.request(restart_child, "c")
    tree.settle()
    assert reply.answers == [("ok", tree["c"])]
    tree.crash("c")
    tree.settle()
    assert decided(tree)[-1] == (0.0, "root/c", 2, 0.0, "rest_for_one", 2)
    waiting = tree.plan.groups.waiting
    assert waiting is not None
    assert (waiting.pivot, waiting.at) == (tree["a"], 10.0)
    assert [tree[id].status for id in "zabc"] == [
        "running",
        "backing_off",
        "stopped",
        "stopped",
    ]
    tree.world.now = 10.0
    tree.settle()
    assert tree.began == ["c", "a", "b", "c"]


def test_a_pivot_before_it_takes_over_and_keeps_the_later_time() -> None:
    tree = running(child("z"), child("a"), late("b"), strategy="rest_for_one")
    tree.crash("b")
    tree.settle()
    tree.crash("a")
    tree.settle()
    waiting = tree.plan.groups.waiting
    assert waiting is not None
    assert (waiting.pivot, waiting.at) == (tree["a"], 10.0)
    assert [tree[id].status for id in "ab"] == ["backing_off", "stopped"]
    assert decided(tree)[-1] == (0.0, "root/a", 1, 0.0, "rest_for_one", 1)


def test_the_later_time_is_that_of_the_later_pivot_if_that_is_later() -> None:
    tree = running(child("z"), late("a"), late("b"), strategy="rest_for_one")
    tree.crash("b")
    tree.settle()
    tree.world.now = 5.0
    tree.crash("a")
    tree.settle()
    waiting = tree.plan.groups.waiting
    assert waiting is not None
    assert waiting.at == 15.0


def test_a_restart_turns_on_its_pivot_while_it_waits_for_its_time_or_its_turn() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all")
    groups = tree.plan.groups
    assert [groups.turns_on(tree[id]) for id in "ab"] == [False, False]
    tree.crash("a")
    tree.settle()
    assert [groups.turns_on(tree[id]) for id in "ab"] == [True, False]
    groups.present, groups.stalled = None, tree["b"]
    assert [groups.turns_on(tree[id]) for id in "ab"] == [False, True]


def test_to_terminate_a_pivot_leaves_those_before_it_alone() -> None:
    tree = running(child("z"), late("a"), child("b"), strategy="rest_for_one")
    tree.request(terminate_child, "z", names="z")
    tree.crash("a")
    tree.settle()
    z = tree["z"]
    before = (z.settled, z.ticket)
    tree.request(terminate_child, "a", names="a")
    tree.settle()
    assert (z.settled, z.ticket) == before
    assert (tree["b"].status, tree["b"].settled) == ("stopped", 1)


def test_the_time_of_a_group_starts_it_once_and_an_old_one_does_not() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all")
    tree.crash("a")
    tree.settle()
    a = tree["a"]
    groups = tree.plan.groups
    assert list(groups.due(a, a.ticket - 1)) == []
    assert groups.waiting is not None
    tree.plan.now = 10.0
    steps = groups.due(a, a.ticket)
    (start,) = next(steps)
    assert start.record is a  # type: ignore[union-attr]
    assert groups.waiting is None
    assert list(groups.due(a, a.ticket)) == []


def test_to_wait_is_told_and_comes_back_with_its_ticket() -> None:
    tree = running(*ABC, strategy="one_for_all")
    record = tree["b"]
    record.up = False
    record.enter("rests")
    record.ticket = 5
    assert tree.plan.groups.wait(record, 9.0) == (
        Changed(record),
        Wake(9.0, record, 5),
    )
    waiting = tree.plan.groups.waiting
    assert waiting is not None
    assert (waiting.pivot, waiting.at, waiting.todo) == (record, 9.0, [])
    assert record.status == "backing_off"
