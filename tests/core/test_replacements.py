"""Lives that are begun or replaced by hand, and holders of names: who is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.core_play import Broken
from tests.core.refusals import refusal, requests, told_of
from tests.core.rule_tree import ABC, LATE, Tree, child, running
from tests.core.sync_world import Record
from trio_sup._core import events
from trio_sup._core.exits import NOPROC, Exit
from trio_sup._core.plan.doing import Refused
from trio_sup._core.plan.holders import look
from trio_sup._core.plan.requests import (
    delete_child,
    if_same,
    replace_child,
    restart_child,
    start_child,
    terminate_child,
)


def test_a_backoff_that_is_ended_by_hand_starts_at_once() -> None:
    tree = running(child("a", backoff=LATE), child("b"))
    tree.crash("a")
    tree.settle()
    tree.start("hold")
    reply = tree.request(restart_child, "a")
    tree.settle_now()
    assert reply.answers == []  # until it is ready
    tree.world.ready_now(tree["a"])
    tree.settle_now()
    assert reply.answers == [("ok", tree["a"])]
    assert tree.began == ["a"]
    assert tree["a"].restarts == 1


def test_a_backoff_that_is_ended_by_hand_may_end_in_another() -> None:
    tree = running(child("a", backoff=LATE))
    tree.crash("a")
    tree.settle()
    tree.start("fail")
    reply = tree.request(restart_child, "a")
    exit = tree["a"].last_exit
    told = refusal(tree, reply)
    assert told == ("not_started", tree["a"], tree["a"].last_exit, None, 0)
    assert tree["a"].last_exit is not exit
    assert tree["a"].status == "backing_off"


def test_a_start_without_a_trace_ended_because_nobody_was_there() -> None:
    tree = running(child("a", backoff=LATE))
    tree.crash("a")
    tree.settle()
    tree["a"].last_exit = None
    tree.root.refuses = Broken()
    reply = tree.request(restart_child, "a")
    tree.settle_now()
    tree["a"].last_exit = None
    assert refusal(tree, reply)[:3] == ("not_started", tree["a"], NOPROC)


def test_a_backoff_that_is_ended_while_the_supervisor_stops_is_overtaken() -> None:
    tree = running(child("a", backoff=LATE))
    tree.crash("a")
    tree.settle()
    tree.start("hold")
    reply = tree.request(restart_child, "a")
    tree.settle_now()
    tree.root.request_stop("the end")
    assert refusal(tree, reply) == ("stopping", None, None, None, 0)


def test_who_is_told_of_a_request_may_stop_the_supervisor_before_it_is_served() -> None:
    tree = running(child("a", backoff=LATE), child("b"), strategy="one_for_all")
    tree.crash("a")
    tree.settle()

    def stop(shell: Any) -> None:
        tree.world.on_told = lambda shell: None
        shell.request_stop("a hook")

    tree.world.on_told = stop
    reply = tree.request(restart_child, "a")
    assert refusal(tree, reply) == ("stopping", None, None, None, 0)
    assert tree.began == []


def test_a_start_by_hand_that_is_one_too_many_is_told_with_its_exit() -> None:
    tree = running(child("a", backoff=LATE), max_restarts=1, max_seconds=100.0)
    tree.crash("a")
    tree.settle()
    record = tree["a"]
    tree.start("fail")
    reply = tree.request(restart_child, "a")
    why, about, exit, _, _ = refusal(tree, reply)
    assert (why, about) == ("not_started", record)
    assert isinstance(exit, Exit)
    assert isinstance(exit.error, Broken)
    assert not tree.own.up


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
def test_a_life_is_replaced_and_nobody_counts_it(strategy: str) -> None:
    tree = running(*ABC, strategy=strategy, max_restarts=0)
    tree.world.now = 7.0
    reply = tree.request(replace_child, "b", 1, names="b")
    tree.settle()
    assert reply.answers == [("ok", tree["b"])]
    assert requests(tree) == [(events.Requested, 7.0, "root/b", 1, "replace_child")]
    group = {"one_for_one": "b", "one_for_all": "abc", "rest_for_one": "bc"}[strategy]
    assert tree.began == list(group)
    assert tree.ended == list(reversed(group))
    exit = Exit("shutdown", "supervisor root: replace_child of 'b'")
    assert tree["b"].last_exit == exit
    assert [tree[id].restarts for id in "abc"] == [int(id in group) for id in "abc"]
    assert tree.plan.groups.present is None


@pytest.mark.parametrize("why", ["temporary", "another life", "down", "ending"])
def test_a_life_that_is_not_what_it_was_is_not_replaced(why: str) -> None:
    tree = running(
        child("a", restart="temporary" if why == "temporary" else "permanent")
    )
    record = tree["a"]
    if why == "down":
        record.up = False
    if why == "ending":
        record.asked = "somebody"
    reply = tree.request(replace_child, "a", 2 if why == "another life" else 1)
    assert refusal(tree, reply) == ("changed", record, None, None, 0)
    assert requests(tree) == []


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all"])
@pytest.mark.parametrize("waits", [False, True])
def test_no_life_is_replaced_while_a_group_is_under_way(
    strategy: str, waits: bool
) -> None:
    tree = running(child("a", backoff=LATE), child("b"), strategy=strategy)
    if waits:
        tree.crash("a")
        tree.settle()
        tree["b"].up = True
    else:
        tree.plan.groups.stalled = tree["a"]
    reply = tree.request(replace_child, "b", tree["b"].life)
    tree.settle()
    if strategy == "one_for_one":
        assert reply.answers == [("ok", tree["b"])]
        assert tree.plan.groups.stalled is None
    else:
        assert refusal(tree, reply)[0] == "changed"
        assert tree["b"].life == 1


def test_a_replacement_that_fails_is_told_and_tried_again() -> None:
    tree = running(child("a"))
    tree.start("fail")
    reply = tree.request(replace_child, "a", 1)
    why, record, exit, _, _ = refusal(tree, reply)
    assert (why, record) == ("not_started", tree["a"])
    assert isinstance(exit, Exit)
    assert isinstance(exit.error, Broken)
    assert tree["a"].status == "running"
    assert tree.plan.groups.stalled is None


def test_a_replacement_is_overtaken_by_the_stop_of_the_supervisor() -> None:
    tree = running(child("a"))
    tree.hold()
    reply = tree.request(replace_child, "a", 1)
    tree.settle_now()
    tree.root.request_stop("the end")
    assert refusal(tree, reply) == ("stopping", None, None, None, 0)


def test_a_request_for_what_somebody_saw_is_served_for_that_only() -> None:
    tree = running(*ABC)
    record = tree["b"]

    def stop(life: int) -> Any:
        return lambda plan: if_same(
            plan, record, life, lambda: terminate_child(plan, "b")
        )

    assert refusal(tree, tree.request(stop(2))) == ("changed", record, None, None, 0)
    reply = tree.request(stop(1))
    tree.settle()
    assert reply.answers == [("ok", None)]
    assert record.status == "stopped"
    tree.request(delete_child, "b")
    tree.request(start_child, child("b"))
    tree.settle()
    assert refusal(tree, tree.request(stop(1)))[:2] == ("changed", record)


def test_the_answer_of_what_was_asked_for_is_handed_on() -> None:
    tree = running(*ABC)
    record = tree["b"]
    tree.request(terminate_child, "b", names="b")
    again = tree.request(
        lambda plan: if_same(plan, record, 1, lambda: restart_child(plan, "b"))
    )
    tree.settle()
    assert again.answers == [("ok", record)]


# Whoever wants the holder of a name, or another.


def ended(tree: Tree, exit: Exit | None) -> Record:
    """A child that is down, and has never been ready."""
    record = tree["a"]
    record.up, record.ready, record.started_life = False, False, 0
    record.enter("rests")
    record.last_exit = exit
    return record


def test_a_holder_whose_first_start_failed_is_told_of_with_its_exit() -> None:
    tree = running(*ABC)
    exit = Exit("crashed", None, Broken())
    record = ended(tree, exit)
    with pytest.raises(Refused) as info:
        look(record, 0, tree.own)
    assert told_of(info.value) == ("not_started", record, exit, None, 0)
    assert look(record, 1, tree.own) == "gone"  # it had been ready when first looked at
    record.last_exit = None
    assert look(record, 0, tree.own) == "gone"
    record.started_life = 1
    assert look(record, 0, tree.own) == "runs"
    assert look(record, 1, tree.own) == "gone"


def test_a_holder_that_a_stop_overtook_is_refused_by_that_supervisor_only() -> None:
    tree, other = running(*ABC), running(*ABC)
    record = ended(tree, Exit("shutdown", "why"))
    record.overtaken = record.life
    with pytest.raises(Refused) as info:
        look(record, 0, tree.own)
    assert told_of(info.value) == ("stopping", None, None, None, 0)
    assert look(record, 0, other.own) == "gone"


def test_a_holder_in_quarantine_is_told_of() -> None:
    tree = running(*ABC)
    record = ended(tree, None)
    record.enter("quarantined")
    with pytest.raises(Refused) as info:
        look(record, 0, tree.own)
    assert told_of(info.value) == ("quarantined", record, None, None, 0)
