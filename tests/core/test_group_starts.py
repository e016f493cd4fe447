"""Restarts of groups whose start fails, or whose pivot is terminated."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.core_play import CRASH
from tests.core.rule_tree import ABC, LATE, Tree, child, flags_of, running
from trio_sup._core import events
from trio_sup._core.exits import Exit
from trio_sup._core.plan.doing import Changed, Settle, Start
from trio_sup._core.plan.reconfigure import reconfigure
from trio_sup._core.plan.requests import (
    replace_child,
    terminate_child,
)
from trio_sup._core.words import NAME_LOST


def late(id: str, **fields: Any) -> Any:
    return child(id, backoff=LATE, **fields)


def decided(tree: Tree) -> list[tuple[Any, ...]]:
    return [told[1:] for told in tree.world.told if told[0] is events.RestartDecided]


# Starts of a group that fail.


def test_who_fails_in_the_midst_of_a_group_is_its_next_pivot() -> None:
    tree = running(*ABC, strategy="rest_for_one", max_seconds=100.0)
    tree.start("ok", "fail", "ok", "ok")
    tree.crash("a")
    tree.settle()
    assert tree.began == ["a", "b", "b", "c"]
    assert tree.plan.core.window.used(0.0) == 2
    assert decided(tree)[-1] == (0.0, "root/b", 2, 0.0, "rest_for_one", 1)
    assert [tree[id].status for id in "abc"] == ["running"] * 3
    assert tree.plan.groups.stalled is None


def failed(tree: Tree) -> list[Any]:
    """Take the turns up to the failure of the second; what was said then."""
    groups = tree.plan.groups
    record = tree["a"]
    for each in tree.plan.core.records.values():
        each.up = False
    steps = groups.replace(record, 0.0)
    said: list[Any] = []
    for dos in steps:
        said.append(dos)
        for do in dos:
            if not isinstance(do, Start):
                continue
            started = do.record
            tree.plan.begins(started, 0.0, supervised=True)
            if started.label == "a":
                started.up = True
                started.started_life = started.life
            else:
                started.last_exit = CRASH
                break
    return said


def test_those_after_one_that_failed_stay_down_until_the_next_attempt() -> None:
    tree = running(*ABC, strategy="one_for_all")
    a, b, c = (tree[id] for id in "abc")
    *_, changed = failed(tree)
    assert changed == (Changed(b),)
    groups = tree.plan.groups
    assert (groups.present, groups.stalled) == (None, b)
    assert groups.unfinished
    assert [r.status for r in (a, b, c)] == ["restarting", "restarting", "stopped"]
    assert [r.in_plan for r in (a, b, c)] == [False, True, False]
    assert [r.may_return for r in (a, b, c)] == [True] * 3
    assert len(tree.plan.line.queue) == 1


def test_who_was_put_off_may_return_until_a_supervisor_that_gives_up_has_ended() -> (
    None
):
    tree = running(*ABC, strategy="rest_for_one", max_restarts=1)
    tree.start("ok", "fail")
    tree.world.on_begin = lambda record: tree.hold()
    tree.crash("a")
    tree.settle_now()
    assert tree.told()[-1] is events.SupervisorGaveUp
    assert [tree[id].status for id in "abc"] == ["stopping", "stopped", "stopped"]
    assert [tree[id].may_return for id in "abc"] == [True] * 3
    tree.let_go("a")
    assert not tree.own.up
    assert [tree[id].may_return for id in "abc"] == [False] * 3


@pytest.mark.parametrize("starts", [("ok", "fail"), ("ok", "fail", "fail")])
def test_who_was_put_off_is_started_by_another_list_that_comes_before_the_attempt(
    starts: tuple[Any, ...],
) -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.start(*starts)
    replies: list[Any] = []

    def changes_once(record: Any) -> None:
        if record.label == "b" and not replies:
            flags = flags_of(*ABC, child("d"), strategy="one_for_all")
            replies.append(tree.root.ask(lambda: reconfigure(tree.plan, flags)))

    tree.world.on_begin = changes_once
    tree.crash("a")
    tree.settle()
    assert [each.answers[0][0] for each in replies] == ["ok"]
    assert [tree[id].status for id in "abcd"] == ["running"] * 4


def test_an_attempt_that_another_overtakes_is_not_waited_for() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.start("ok", "fail")

    def loses_its_name(record: Any) -> None:
        if record.label == "b":
            tree.world.on_begin = lambda record: None
            a = tree["a"]
            tree.plan.line.add(tree.plan.groups.replace(a, 0.0, NAME_LOST))

    tree.world.on_begin = loses_its_name
    tree.crash("c")
    tree.settle()
    assert [tree[id].status for id in "abc"] == ["running"] * 3
    assert not tree.plan.groups.unfinished


def test_who_declines_in_a_group_rests_and_the_others_start() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.start("ok", "ignore", "ok")
    tree.crash("c")
    tree.settle()
    assert tree.began == ["a", "b", "c"]
    assert [tree[id].status for id in "abc"] == ["running", "stopped", "running"]
    assert tree["b"].settled == 1
    assert tree.plan.groups.present is None


@pytest.mark.parametrize("phase", ["stops", "starts"])
def test_a_stop_of_the_supervisor_ends_a_restart(phase: str) -> None:
    tree = running(*ABC, strategy="one_for_all")
    if phase == "stops":
        tree.hold()
    else:
        tree.start("hold")
    tree.crash("b")
    tree.settle_now()
    tree.root.request_stop("the end")
    tree.settle()
    assert not tree.own.up
    assert tree.began == ([] if phase == "stops" else ["a"])


# Pivots that are terminated.


def test_terminating_a_stalled_pivot_leaves_those_down_who_wait_with_it() -> None:
    tree = running(*ABC, strategy="one_for_all")
    failed(tree)
    a, b, c = (tree[id] for id in "abc")
    settles = list(tree.plan.groups.cancel(b))
    assert settles == [(Settle(b),), (Settle(c),)]
    assert tree.plan.groups.stalled is None
    assert [r.status for r in (a, b, c)] == ["restarting", "stopped", "stopped"]
    assert [r.in_plan for r in (a, b, c)] == [False] * 3


def test_terminating_another_cancels_nothing() -> None:
    tree = running(*ABC, strategy="one_for_all")
    failed(tree)
    assert list(tree.plan.groups.cancel(tree["a"])) == []
    assert tree.plan.groups.stalled is tree["b"]
    waits = running(late("a"), child("b"), strategy="one_for_all")
    waits.crash("a")
    waits.settle()
    assert list(waits.plan.groups.cancel(waits["b"])) == []
    assert waits.plan.groups.waiting is not None


def test_who_came_up_with_a_group_and_died_again_is_none_of_its_plan() -> None:
    tree = running(*ABC, strategy="one_for_all")
    failed(tree)
    a, b, c = (tree[id] for id in "abc")
    a.up, a.undecided = False, True
    assert list(tree.plan.groups.cancel(b)) == [(Settle(b),), (Settle(c),)]
    assert a.undecided is True


def test_a_group_that_waits_goes_with_its_terminated_pivot() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all")
    tree.crash("a")
    tree.settle()
    assert tree.plan.groups.unfinished
    reply = tree.request(terminate_child, "a", names="a")
    tree.settle()
    assert reply.answers == [("ok", None)]
    assert tree.plan.groups.present is None
    assert not tree.plan.groups.unfinished
    assert [tree[id].in_plan for id in "ab"] == [False, False]


def test_a_replaced_group_is_stopped_for_the_reason_that_is_given() -> None:
    tree = running(*ABC, strategy="rest_for_one")
    tree.request(replace_child, "b", 1)
    tree.settle()
    exits = [tree[id].last_exit for id in "bc"]
    assert exits == [Exit("shutdown", "supervisor root: replace_child of 'b'")] * 2
