"""What a refused request says: why, about whom, and how a start ended."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.core_play import Broken
from tests.core.refusals import refusal, requests
from tests.core.rule_tree import ABC, LATE, child, running
from tests.core.sync_world import Record
from trio_sup import Budget
from trio_sup._core import events
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan.requests import (
    delete_child,
    replace_child,
    restart_child,
    start_child,
    terminate_child,
)

ASKS: list[Any] = [
    (terminate_child, ()),
    (restart_child, ()),
    (delete_child, ()),
    (replace_child, (1,)),
]


@pytest.mark.parametrize(("what", "more"), ASKS)
def test_nobody_of_that_id_is_told_by_the_id(what: Any, more: Any) -> None:
    tree = running(*ABC)
    reply = tree.request(what, "nobody", *more)
    assert refusal(tree, reply) == ("no_such_child", None, None, "nobody", 0)
    assert requests(tree) == []


@pytest.mark.parametrize("down", [False, True])
def test_an_id_that_is_taken_is_told_by_its_child(down: bool) -> None:
    tree = running(*ABC)
    if down:
        tree.request(terminate_child, "b", names="b")
        tree.settle()
    reply = tree.request(start_child, child("b"))
    why = "already_present" if down else "already_started"
    assert refusal(tree, reply) == (why, tree["b"], None, None, 0)


def test_who_is_still_to_be_decided_about_counts_as_started() -> None:
    tree = running(*ABC)
    tree["b"].up, tree["b"].undecided = False, True
    reply = tree.request(start_child, child("b"))
    assert refusal(tree, reply)[0] == "already_started"


def test_a_child_without_an_id_is_called_by_its_function() -> None:
    tree = running()
    spec = child("x").replace(id=None)
    tree.request(start_child, spec)
    tree.settle()
    assert list(tree.plan.core.records) == ["work"]


def test_a_new_child_is_the_answer_and_stands_last() -> None:
    tree = running(child("a"))
    tree.world.now = 7.0
    reply = tree.request(start_child, child("b"))
    tree.settle()
    assert reply.answers == [("ok", tree["b"])]
    assert list(tree.plan.core.records) == ["a", "b"]
    assert requests(tree) == [(events.Requested, 7.0, "root/b", 0, "start_child")]


def test_a_specification_that_does_not_fit_is_refused_before_anything() -> None:
    tree = running()
    reply = tree.request(
        start_child, child("b", restart="transient").replace(significant=True)
    )
    tree.settle()
    (error,) = reply.errors
    assert isinstance(error, ChildSpecError)
    assert tree.told() == []


def test_nobody_is_added_who_may_be_quarantined_while_siblings_depend_on_it() -> None:
    budget = Budget(0, 5.0, "quarantine")
    for strategy, fits in (("one_for_one", True), ("rest_for_one", False)):
        tree = running(strategy=strategy)
        reply = tree.request(start_child, child("b", budget=budget))
        tree.settle()
        assert (reply.errors == []) is fits
        assert ("b" in tree.plan.core.records) is fits


@pytest.mark.parametrize(
    ("start", "restart", "stays"),
    [
        ("fail", "permanent", False),
        ("fail", "temporary", False),
        ("ignore", "permanent", True),
        ("ignore", "transient", True),
        ("ignore", "temporary", False),
    ],
)
def test_a_start_that_failed_leaves_only_who_ignored_it(
    start: Any, restart: str, stays: bool
) -> None:
    tree = running()
    records: list[Record] = []
    tree.world.on_begin = records.append
    tree.start(start)
    reply = tree.request(start_child, child("b", restart=restart))
    told = refusal(tree, reply)
    (record,) = records
    assert told == ("not_started", record, record.last_exit, None, 0)
    assert record.last_exit is not None
    assert isinstance(record.last_exit.error, Ignore if start == "ignore" else Broken)
    assert ("b" in tree.plan.core.records) is stays
    assert record.status == ("stopped" if stays else "gone")
    assert record.settled == 1


def test_a_start_whose_name_is_taken_fails_before_it_begins() -> None:
    tree = running()
    taken = tree.root.refuses = Broken()
    reply = tree.request(start_child, child("b"))
    why, record, exit, _, _ = refusal(tree, reply)
    assert (why, exit) == ("not_started", Exit("crashed", None, taken))
    assert isinstance(record, Record)
    assert (record.status, record.life, record.settled) == ("gone", 0, 1)


def test_who_is_terminated_rests_and_its_specification_stays() -> None:
    tree = running(*ABC)
    tree.world.now = 7.0
    reply = tree.request(terminate_child, "b", names="b")
    tree.settle()
    assert reply.answers == [("ok", None)]
    assert (tree["b"].status, tree["b"].settled, tree["b"].pending) == ("stopped", 1, 0)
    assert tree["b"].last_exit == Exit("shutdown", "supervisor root: terminate_child")
    assert requests(tree) == [(events.Requested, 7.0, "root/b", 1, "terminate_child")]
    assert tree.ended == ["b"]


def test_who_is_terminated_and_temporary_is_gone_and_rests_once() -> None:
    tree = running(child("a", restart="temporary"))
    record = tree["a"]
    tree.request(terminate_child, "a", names="a")
    tree.settle()
    assert (record.status, record.settled) == ("gone", 1)
    assert tree.plan.core.records == {}


def test_who_ends_for_good_as_its_end_is_asked_for_rests_once() -> None:
    tree = running(child("a", restart="temporary"))
    record = tree["a"]

    def end(shell: Any) -> None:
        tree.world.on_told = lambda shell: None
        tree.world.over(record, 1, None)

    tree.world.on_told = end
    reply = tree.request(terminate_child, "a", names="a")
    tree.settle()
    assert reply.answers == [("ok", None)]
    assert (record.status, record.settled) == ("gone", 1)


def test_who_is_down_can_be_restarted_by_hand() -> None:
    tree = running(*ABC)
    tree.request(terminate_child, "b", names="b")
    tree.settle()
    tree.world.now = 7.0
    reply = tree.request(restart_child, "b")
    tree.settle()
    assert reply.answers == [("ok", tree["b"])]
    assert (tree["b"].status, tree["b"].life, tree["b"].restarts) == ("running", 2, 0)
    assert requests(tree)[1:] == [(events.Requested, 7.0, "root/b", 1, "restart_child")]


@pytest.mark.parametrize("why", ["lives", "undecided", "restarting"])
def test_who_is_not_down_is_neither_restarted_nor_deleted(why: str) -> None:
    tree = running(*ABC)
    record = tree["b"]
    if why != "lives":
        record.up = False
        record.enter("returns" if why == "restarting" else "rests")
        record.undecided = why == "undecided"
    for what in (restart_child, delete_child):
        reply = tree.request(what, "b")
        assert refusal(tree, reply) == ("not_stopped", record, None, None, 0)
    assert requests(tree) == []


def test_who_waits_for_its_backoff_is_not_deleted() -> None:
    tree = running(child("a", backoff=LATE))
    tree.crash("a")
    tree.settle()
    reply = tree.request(delete_child, "a")
    assert refusal(tree, reply) == ("not_stopped", tree["a"], None, None, 0)


def test_who_is_down_can_be_deleted() -> None:
    tree = running(*ABC)
    record = tree["b"]
    tree.request(terminate_child, "b", names="b")
    tree.world.now = 7.0
    reply = tree.request(delete_child, "b")
    tree.settle()
    assert reply.answers == [("ok", None)]
    assert list(tree.plan.core.records) == ["a", "c"]
    assert (record.status, record.settled) == ("gone", 2)
    assert requests(tree)[1:] == [(events.Requested, 7.0, "root/b", 1, "delete_child")]


def test_a_restart_by_hand_that_fails_leaves_it_down() -> None:
    tree = running(child("a"))
    tree.request(terminate_child, "a", names="a")
    tree.settle()
    tree.start("fail")
    reply = tree.request(restart_child, "a")
    assert refusal(tree, reply) == (
        "not_started",
        tree["a"],
        tree["a"].last_exit,
        None,
        0,
    )
    assert (tree["a"].status, tree["a"].settled) == ("stopped", 2)
