"""The rules that decide the hard cases, each on the core alone: names, requests, stops.

They are those of the page on how it is built; the number is the rule's.
"""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from tests.core.core_play import CRASH, Broken, CorePlay
from tests.core.rule_tree import ABC, LATE, child, running
from tests.core.sync_shell import shell_of
from tests.core.sync_world import Record
from trio_sup._core.exits import Exit
from trio_sup._core.plan.doing import Refused
from trio_sup._core.plan.dynamic import DynamicPlan, came_of_start
from trio_sup._core.plan.holders import look
from trio_sup._core.plan.requests import (
    delete_child,
    restart_child,
    start_child,
    terminate_child,
)

# 7. Names are free when their child has come to rest.


def test_rule_7_a_child_that_comes_back_is_not_at_rest() -> None:
    tree = running(
        child("a"), child("b", backoff=LATE), child("c", restart="temporary")
    )
    tree.crash("a", "b", "c")
    settled = tree["c"]
    tree.settle()
    assert (tree["a"].settled, tree["b"].settled, settled.settled) == (0, 0, 1)
    tree.finish()
    assert all(record.settled for record in tree.lives if record is not tree.own)


# 8. get_or_start.


@pytest.mark.parametrize(
    ("status", "up", "answer"),
    [
        ("running", True, "runs"),
        ("starting", True, "wait"),
        ("stopping", True, "wait"),
        ("restarting", False, "wait"),
        ("backing_off", False, "wait"),
        ("stopped", False, "gone"),
        ("gone", False, "gone"),
    ],
)
def test_rule_8_a_holder_is_taken_waited_for_or_replaced(
    status: Any, up: bool, answer: str
) -> None:
    tree = running(child("a"))
    record = tree["a"]
    record.status, record.up = status, up
    record.ready = status == "running"
    assert look(record, 1, tree.own) == answer


def test_rule_8_a_quarantined_holder_is_told_of() -> None:
    tree = running(child("a"))
    tree["a"].status, tree["a"].up = "quarantined", False
    with pytest.raises(Refused) as info:
        look(tree["a"], 1, tree.own)
    assert info.value.why == "quarantined"


def test_rule_8_all_who_wait_for_a_first_start_get_its_error() -> None:
    play, plan = dynamic()
    play.starts[:] = ["fail"]
    record = begun(play, plan, "a")
    assert look(record, 0, plan.own) == "wait"
    play.world.settle()
    for _ in range(2):
        with pytest.raises(Refused) as info:
            look(record, 0, plan.own)
        assert info.value.why == "not_started"
        assert isinstance(info.value.exit, Exit)


# 11. A cancelled caller.


def test_rule_11_a_start_in_line_is_taken_back_what_has_begun_is_not() -> None:
    tree = running(child("a"))
    first = tree.request(start_child, child("b"))
    second = tree.request(start_child, child("c"))
    requests = list(tree.root.replies)
    requests[1].withdrawn = True
    tree.settle()
    assert [answer[0] for answer in first.answers] == ["ok"]
    assert second.answers == []
    assert list(tree.plan.core.records) == ["a", "b"]


# 12. Stopping is a mode.


def test_rule_12_who_waits_in_line_is_refused_and_nobody_is_let_in() -> None:
    tree = running(*ABC)
    replies = [
        tree.request(start_child, child("d")),
        tree.request(terminate_child, "a", names="a"),
        tree.request(delete_child, "a"),
    ]
    tree.root.request_stop("the end")
    replies.append(tree.request(restart_child, "a"))
    tree.settle()
    assert [reply.answers for reply in replies] == [[("stopping", None)]] * 4


def test_rule_12_who_starts_a_child_that_is_half_started_is_refused() -> None:
    tree = running()
    tree.start("hold")
    reply = tree.request(start_child, child("d"))
    tree.settle()
    assert reply.answers == []
    tree.root.request_stop("the end")
    tree.settle()
    assert reply.answers == [("stopping", None)]
    assert tree.ended == ["d", "root"]


def test_rule_12_an_answer_goes_by_what_came_first() -> None:
    for done in (False, True):
        tree = running(child("a"))
        tree.hold()
        reply = tree.request(terminate_child, "a", names="a")
        tree.settle_now()
        if done:
            tree.world.over(tree["a"], 1, None)
        tree.root.request_stop("the end")
        tree.settle()
        assert reply.answers == [("ok", None) if done else ("stopping", None)]


def test_rule_12_nothing_restarts_in_a_supervisor_that_stops() -> None:
    tree = running(*ABC, child("d", backoff=LATE))
    tree.crash("d")
    tree.settle()
    tree.crash("a")
    tree.root.request_stop("the end")
    tree.world.now += 100
    tree.settle()
    assert tree.began == []


def test_rule_12_starts_and_waits_count_against_max_children() -> None:
    play, plan = dynamic(max_children=2)
    play.starts[:] = ["hold"]
    begun(play, plan, "a")
    waits = begun(play, plan, "b", backoff=LATE)
    play.world.settle()
    play.world.over(waits, 1, Broken())
    play.world.settle()
    assert waits.status == "backing_off"
    with pytest.raises(Refused) as info:
        plan.add(child("c"))
    assert info.value.why == "max_children"


def dynamic(**flags: Any) -> tuple[CorePlay, DynamicPlan[Record]]:
    spec = trio_sup.dynamic_supervisor(id="root", **flags)
    play = CorePlay(spec)
    play.begin()
    play.world.settle()
    assert isinstance(play.root.plan, DynamicPlan)
    return play, play.root.plan


def begun(play: CorePlay, plan: DynamicPlan[Record], id: str, **fields: Any) -> Record:
    record = plan.add(child(id, **fields))
    play.root.start(record, supervised=True)
    return record


def test_rule_12_a_dynamic_start_is_overtaken_by_the_stop() -> None:
    play, plan = dynamic()
    play.starts[:] = ["hold"]
    record = begun(play, plan, "a")
    play.world.settle()
    play.root.request_stop("the end")
    play.world.settle()
    with pytest.raises(Refused) as info:
        came_of_start(record)
    assert info.value.why == "stopping"


# 14. Notify last.


def test_rule_14_the_state_is_complete_when_somebody_is_told() -> None:
    tree = running(*ABC)
    record = tree["b"]
    record.up = False
    tree.plan.over(record, fatal=False)
    tree.plan.ended(record, CRASH, 0.0, ready=True)
    # Nothing of what came back has been done, and everything is written down.
    assert record.status == "restarting"
    assert tree.plan.core.window.used(0) == 1
    gave_up = running(*ABC, max_restarts=0)
    record = gave_up["b"]
    record.up = False
    gave_up.plan.over(record, fatal=False)
    gave_up.plan.ended(record, CRASH, 0.0, ready=True)
    assert gave_up.plan.mode == "stopping"


# 15. Gone.


def test_rule_15_who_is_down_with_its_supervisor_returns_with_it() -> None:
    below = trio_sup.supervisor([child("a"), child("t", restart="temporary")], id="s")
    tree = running(below, child("z"))
    shell = shell_of(tree["s"])
    kept, temporary = (shell.plan.core.records[id] for id in "at")
    tree.request(terminate_child, "s", names="s")
    tree.settle()
    assert not kept.may_return  # nobody starts its supervisor by himself
    assert temporary.status == "gone"
    tree["s"].in_plan = True  # but now
    assert kept.may_return
    assert not temporary.may_return


def test_rule_15_a_child_that_was_stopped_by_hand_does_not_return() -> None:
    tree = running(*ABC)
    assert tree["a"].may_return
    tree.request(terminate_child, "a", names="a")
    tree.settle()
    assert not tree["a"].may_return
