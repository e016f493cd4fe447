"""The rules that decide the hard cases, each on the core alone: ends and restarts.

They are those of the page on how it is built; the number is the rule's.
"""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from tests.core.core_play import CRASH, Broken
from tests.core.rule_tree import ABC, LATE, child, running
from tests.core.sync_shell import shell_of
from tests.core.sync_world import GaveUp
from trio_sup import Budget, ChildSpec
from trio_sup._core import events
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.plan import doing
from trio_sup._core.plan.doing import Request
from trio_sup._core.plan.requests import (
    restart_child,
    terminate_child,
)

STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")


# 1. One decision maker.


def test_rule_1_an_end_that_nothing_else_concerns_is_decided_at_once() -> None:
    tree = running(*ABC)
    record = tree["b"]
    record.up = False
    tree.plan.over(record, fatal=False)
    dos = tree.plan.ended(record, CRASH, 0.0, ready=True)
    told, start = dos
    assert isinstance(told, doing.Tell)
    assert told.make is events.RestartDecided
    assert start == doing.Start(record)
    assert not tree.plan.line.queue


@pytest.mark.parametrize("why", ["starting", "grouped", "pending", "in line"])
def test_rule_1_all_other_ends_wait_their_turn(why: str) -> None:
    tree = running(*ABC, strategy="one_for_all" if why == "grouped" else "one_for_one")
    record = tree["b"]
    if why == "starting":
        tree.plan.mode = "starting"
    if why == "pending":
        record.pending = 1
    if why == "in line":
        tree.plan.line.queue.append(Request(lambda: iter(()), None))  # type: ignore[arg-type,return-value]
    record.up = False
    tree.plan.over(record, fatal=False)
    assert tree.plan.ended(record, CRASH, 0.0, ready=True) == doing.RING
    assert record.status == "restarting"  # as who waits for it is to know
    assert record.undecided


def test_rule_1_a_delay_is_waited_for() -> None:
    tree = running(child("a", backoff=LATE))
    tree.crash("a")
    tree.settle()
    assert (tree["a"].status, tree.began) == ("backing_off", [])
    tree.world.now += 10
    tree.settle()
    assert (tree["a"].status, tree.began) == ("running", ["a"])


# 2. Groups.


def test_rule_2_exits_are_decided_in_the_order_in_which_they_came() -> None:
    tree = running(*ABC, strategy="rest_for_one")
    tree.crash("c", "b")
    tree.settle()
    pivots = [told[2] for told in tree.world.told]
    assert pivots == ["root/c", "root/b"]


def test_rule_2_an_exit_in_the_stop_set_is_absorbed() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.hold()
    tree.crash("a")
    tree.settle_now()
    tree.crash("b")  # by itself, before it is asked to stop
    tree.settle_now()
    tree.let_go("c")
    tree.settle()
    assert tree.plan.core.window.used(0) == 1
    assert tree.told().count(events.RestartDecided) == 1
    assert all(record.up for record in tree.plan.core.records.values())


def test_rule_2_an_exit_of_an_old_life_is_dropped() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.crash("a", "b", "c")  # the first restarts all of them
    tree.settle()
    assert tree.plan.core.window.used(0) == 1
    assert tree.began == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("strategy", "stops", "starts"),
    [
        ("one_for_all", ["c", "a"], ["a", "b", "c"]),
        ("rest_for_one", ["c"], ["b", "c"]),
    ],
)
def test_rule_2_a_group_stops_backwards_and_starts_forwards(
    strategy: str, stops: list[str], starts: list[str]
) -> None:
    tree = running(*ABC, strategy=strategy)
    tree.crash("b")
    tree.settle()
    assert tree.ended == ["b", *stops]
    assert tree.began == starts


# 3. Host.


def test_rule_3_a_hurry_ends_the_graces_and_keeps_the_order() -> None:
    tree = running(*ABC)
    tree.hold()
    tree.root.hurry()
    tree.settle()
    assert tree.ended == ["c", "b", "a", "root"]
    assert all(r.last_exit and r.last_exit.kind == "killed" for r in tree.lives
               if r is not tree.own)  # fmt: skip


# 4. Giving up.


def test_rule_4_giving_up_stops_the_tree_in_order_and_ends_with_its_error() -> None:
    tree = running(*ABC, max_restarts=0)
    tree.crash("b")
    tree.settle()
    assert tree.ended == ["b", "c", "a", "root"]
    exit = tree.own.last_exit
    assert exit is not None
    assert (exit.kind, type(exit.error)) == ("shutdown", GaveUp)


def test_rule_4_to_the_parent_it_is_a_shutdown() -> None:
    below = trio_sup.supervisor(
        [child("a")], id="s", max_restarts=0, restart="transient"
    )
    tree = running(below)
    shell = shell_of(tree["s"])
    record = shell.plan.core.records["a"]
    tree.world.over(record, record.life, Broken())
    tree.settle()
    assert tree["s"].status == "stopped"
    assert tree.began == []


# 5. Grace.


@pytest.mark.parametrize(
    ("shutdown", "grace", "brutal"), [(3.0, 3.0, False), ("brutal_kill", 0.0, True)]
)
def test_rule_5_each_is_asked_with_its_own_grace(
    shutdown: Any, grace: float, brutal: bool
) -> None:
    tree = running(child("a", shutdown=shutdown))
    stop = tree.plan.stopping_of(tree["a"], "why")
    assert (stop.grace, stop.brutal) == (grace, brutal)
    assert stop.reason == "supervisor root: why"
    assert tree.plan.stopping_of(tree["a"], "supervisor top: why").reason == (
        "supervisor top: why"
    )
    tree.plan.hasten()
    assert tree.plan.stopping_of(tree["a"], "why").grace == 0.0


# 9. Quarantine.

QUARANTINE = Budget(0, 5.0, "quarantine")


def test_rule_9_quarantine_counts_nowhere_and_restarts_nobody() -> None:
    tree = running(child("a", budget=QUARANTINE), child("b"), max_restarts=0)
    tree.crash("a")
    tree.settle()
    assert tree["a"].status == "quarantined"
    assert tree["b"].life == 1
    assert tree.plan.core.window.used(0) == 0
    assert tree.told() == [events.ChildQuarantined]


def test_rule_9_a_restart_by_hand_clears_the_budget() -> None:
    budget = Budget(1, 5.0, "quarantine")
    tree = running(child("a", budget=budget))
    for _ in range(2):
        tree.crash("a")
        tree.settle()
    assert not tree["a"].up
    reply = tree.request(restart_child, "a")
    tree.settle()
    assert reply.answers == [("ok", tree["a"])]
    tree.crash("a")
    tree.settle()
    assert tree["a"].status == "running"


def test_rule_9_a_group_does_not_allow_it() -> None:
    for strategy in STRATEGIES[1:]:
        with pytest.raises(ChildSpecError):
            running(child("a", budget=QUARANTINE), strategy=strategy)


# 10. Backoff in groups.


def late(id: str, **fields: Any) -> ChildSpec[Any]:
    return child(id, backoff=LATE, **fields)


def test_rule_10_a_group_stops_at_once_and_starts_when_its_pivot_may() -> None:
    tree = running(child("a"), late("b"), child("c"), strategy="one_for_all")
    tree.crash("b")
    tree.settle()
    assert tree.ended == ["b", "c", "a"]
    assert tree.began == []
    assert tree["b"].status == "backing_off"
    tree.world.now += 10
    tree.settle()
    assert tree.began == ["a", "b", "c"]


def test_rule_10_a_later_pivot_widens_the_range_and_keeps_the_later_time() -> None:
    tree = running(child("z"), late("a"), late("b"), strategy="rest_for_one")
    tree.crash("b")
    tree.settle()
    tree.world.now += 5
    tree.crash("a")
    tree.settle()
    tree.world.now += 5  # the time of the first
    tree.settle()
    assert tree.began == []
    tree.world.now += 5
    tree.settle()
    assert tree.began == ["a", "b"]
    assert tree.plan.core.window.used(tree.world.now - 15) == 2


def test_rule_10_a_failed_attempt_advances_the_backoff_and_counts() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all", max_seconds=100)
    tree.start("fail")
    tree.crash("a")
    tree.settle()
    tree.world.now += 10
    tree.settle()
    assert tree["a"].status == "backing_off"
    assert tree["a"].attempt == 2
    assert tree.plan.core.window.used(tree.world.now) == 2
    tree.world.now += 20
    tree.settle()
    assert tree.began == ["a", "a", "b"]


def test_rule_10_giving_up_is_decided_at_the_crash() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all", max_restarts=0)
    tree.crash("a")
    tree.settle()
    assert tree.told() == [events.SupervisorGaveUp]
    assert not tree.own.up


def test_rule_10_restart_now_ends_the_wait() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all")
    tree.crash("a")
    tree.settle()
    reply = tree.request(restart_child, "a")
    tree.settle()
    assert reply.answers == [("ok", tree["a"])]
    assert tree.began == ["a", "b"]


def test_rule_10_terminating_the_pivot_leaves_the_others_down() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all")
    tree.crash("a")
    tree.settle()
    tree.request(terminate_child, "a", names="a")
    tree.world.now += 100
    tree.settle()
    assert tree.began == []
    assert [tree[id].status for id in "ab"] == ["stopped", "stopped"]
    assert all(tree[id].settled for id in "ab")
