"""What another specification changes about supervisors below, and about who is down."""

from __future__ import annotations

from typing import Any

import attrs

import trio_sup
from tests.core.pool import Pool
from tests.core.rule_tree import Tree, another, child, flags_of, running
from trio_sup import Budget, ChildSpec
from trio_sup._core.comparing import compare
from trio_sup._core.plan.requests import quarantine_child
from trio_sup._core.reconfigured import ChildChange, FieldChange


def first_change(tree: Tree, spec: ChildSpec[Any]) -> ChildChange:
    """What becomes of the first child by another specification for it alone."""
    _, *others = tree.plan.flags.children
    plan = compare(tree.own, tree.plan.flags, flags_of(spec, *others))
    return plan.children[0]


def below(*children: ChildSpec[Any]) -> ChildSpec[Any]:
    return trio_sup.supervisor(children, id="s")


def test_no_list_takes_away_who_came_by_a_request() -> None:
    pool = Pool()
    pool.add("a")
    old = pool.plan.flags
    plan = compare(pool.own, old, attrs.evolve(old, max_children=7))
    assert [field.name for field in plan.flags] == ["max_children"]
    assert (plan.children, plan.order) == ((), ())


def test_a_function_in_the_place_of_a_supervisor_needs_another_life() -> None:
    tree = running(below(child("x")), child("b"))
    change = first_change(tree, child("s"))
    assert (change.action, change.loses_state) == ("restart", True)
    assert change.below is None


def test_partitions_of_another_kind_need_another_life_of_them_all() -> None:
    def parts(kind: ChildSpec[Any]) -> ChildSpec[Any]:
        return trio_sup.partition_supervisor(kind, id="p", partitions=2)

    tree = running(parts(child("x")))
    assert first_change(tree, parts(child("x"))).action == "keep"
    change = first_change(tree, parts(another("x")))
    lost = ChildChange("root/p", "p", "restart", (), "other children", True)
    assert change == lost


def test_whom_people_keep_down_is_given_its_new_list_there() -> None:
    tree = running(below(child("x")), child("b"))
    tree.request(quarantine_child, "s", names="s")
    tree.settle()
    change = first_change(tree, below(child("x"), child("y")))
    assert (change.action, change.because) == ("update", "people keep it down")
    assert change.below is not None
    assert change.below.paths("start") == ("root/s/y",)


def test_who_is_quarantined_for_a_time_begins_anew_by_a_change() -> None:
    budget = Budget(0, 5.0, "quarantine", release_after=30.0)
    tree = running(child("a", budget=budget))
    tree.crash("a")
    tree.settle_now()
    assert tree["a"].awaits_release
    change = first_change(tree, child("a", budget=budget, shutdown=9.0))
    field = FieldChange("shutdown", "5.0", "9.0")
    assert change == ChildChange(
        "root/a", "a", "restart", (field,), "it is quarantined"
    )
