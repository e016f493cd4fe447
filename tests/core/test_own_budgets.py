"""What a child's own budget leads to when it is used up, step by step; and hands."""

from __future__ import annotations

from typing import Any

from tests.core.core_play import CRASH
from tests.core.rule_tree import LATE, Tree, child, die, running
from trio_sup import Budget
from trio_sup._core import events
from trio_sup._core.exits import Exit
from trio_sup._core.plan.doing import Settle, Tell, WindDown
from trio_sup._core.plan.requests import (
    quarantine_child,
    restart_child,
    terminate_child,
)
from trio_sup._core.words import NAME_LOST

GIVEN_UP = Budget(0, 5.0, "stop")


def test_who_is_given_up_is_told_of_and_forgotten_alone() -> None:
    tree = running(child("a", budget=GIVEN_UP), child("b"), max_restarts=0)
    record = die(tree, "a")
    assert tree.plan.ended(record, CRASH, 7.0, ready=True) == (
        Tell(events.ChildGivenUp, (7.0, "root/a", 1, 0, 5.0)),
        Settle(record),
    )
    assert record.status == "gone"
    assert list(tree.plan.core.records) == ["b"]
    assert (tree.plan.mode, tree["b"].life) == ("running", 1)


def test_who_is_given_up_and_was_significant_ends_its_supervisor() -> None:
    spec = child("a", budget=GIVEN_UP, restart="transient", significant=True)
    tree = running(spec, child("b"), auto_shutdown="any_significant")
    record = die(tree, "a")
    assert tree.plan.ended(record, CRASH, 7.0, ready=True) == (
        Tell(events.ChildGivenUp, (7.0, "root/a", 1, 0, 5.0)),
        Settle(record),
        Tell(events.SupervisorAutoShutdown, (7.0, "root", 1, "a")),
        WindDown("auto_shutdown after 'a' ended"),
    )
    assert tree.plan.outcome == Exit("shutdown", "auto_shutdown")


def test_who_loses_its_name_while_it_is_held_is_quarantined_at_its_end() -> None:
    tree = running(child("a"))
    tree["a"].asked, tree["a"].held = NAME_LOST, True
    record = die(tree, "a")
    exit = Exit("shutdown", NAME_LOST)
    assert tree.plan.ended(record, exit, 7.0, ready=True) == (
        Settle(record),
        Tell(events.ChildQuarantined, (7.0, "root/a", 1, 0, 0.0, None, True)),
    )
    assert record.status == "quarantined"


# By hand, while a group waits for the child.


def waiting_group() -> Tree:
    """One where `a` backs off, with `b` and `c` after it, and `z` is down before it."""
    late: Any = child("a", backoff=LATE)
    tree = running(child("z"), late, child("b"), child("c"), strategy="rest_for_one")
    tree.request(terminate_child, "z", names="z")
    tree.crash("a")
    tree.settle()
    assert tree["a"].status == "backing_off"
    return tree


def test_a_group_starts_without_a_pivot_that_is_quarantined_by_hand() -> None:
    tree = waiting_group()
    tree.world.now = 3.0
    tree.start("hold")
    reply = tree.request(quarantine_child, "a", names="a")
    tree.settle_now()
    present = tree.plan.groups.present
    assert present is not None
    assert (present.pivot, present.at, present.phase) == (tree["b"], 3.0, "starts")
    assert [record.label for record in present.todo] == ["c"]
    tree.world.ready_now(tree["b"])
    tree.settle_now()
    assert reply.answers == [("ok", None)]
    assert tree.began == ["b", "c"]
    assert (tree["a"].status, tree["z"].status) == ("quarantined", "stopped")
    assert (tree.plan.groups.present, tree.plan.groups.stalled) == (None, None)
    assert tree.world.told[-2:] == [
        (events.Requested, 3.0, "root/a", 1, "quarantine_child"),
        (events.ChildQuarantined, 3.0, "root/a", 1, 0, 0.0, None, True),
    ]


def test_if_nobody_else_of_the_group_is_down_its_restart_is_over_with_the_pivot() -> (
    None
):
    tree = waiting_group()
    for id in ("b", "c"):
        tree.request(restart_child, id)
    tree.settle()
    assert tree.began == ["b", "c"]
    tree.request(quarantine_child, "a", names="a")
    tree.world.now += 100
    tree.settle()
    assert tree.began == ["b", "c"]
    assert (tree.plan.groups.present, tree.plan.groups.stalled) == (None, None)
