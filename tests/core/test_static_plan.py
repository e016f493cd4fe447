"""An ordered list of children: its start, its order, and what stands in line."""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from tests.core.core_play import CRASH, Broken, CorePlay
from tests.core.refusals import told_of
from tests.core.rule_tree import ABC, LATE, child, running
from tests.core.sync_shell import shell_of
from tests.core.sync_world import NotStarted
from trio_sup import Backoff
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan import doing, telling
from trio_sup._core.plan.doing import NOTHING, RING, Refused, Request, Settle, Wake
from trio_sup._core.plan.requests import restart_child, start_child, terminate_child
from trio_sup._core.plan.static import StaticPlan

IGNORED = Exit("normal", "ignore", Ignore())


def nothing() -> Any:
    return iter(())


# The list.


def test_children_are_listed_in_order_by_their_ids_or_their_functions() -> None:
    tree = running(child("a"), child("x").replace(id=None), child("b"))
    assert list(tree.plan.core.records) == ["a", "work", "b"]
    assert {n: r.id for n, r in tree.plan.originals.items()} == {
        0: "a",
        1: "work",
        2: "b",
    }
    assert tree.plan.core.dynamic is False


def test_the_jitter_of_a_backoff_is_drawn() -> None:
    backoff = Backoff(initial=2, jitter=0.5, immediate_first=False)
    tree = running(child("a", backoff=backoff))
    assert tree.own.spec.flags is not None
    plan: StaticPlan[Any]
    plan = StaticPlan(tree.own, tree.own.spec.flags, tree.root.make, lambda: 1.0)
    plan.begin()
    record = plan.core.records["a"]
    assert plan.core.on_failed_restart(record, 0.0).delay == 3.0  # type: ignore[union-attr]


def test_a_list_is_started_in_order_and_each_waits_for_the_one_before() -> None:
    spec = trio_sup.supervisor(ABC, id="root")
    play = CorePlay(spec)
    began: list[str] = []
    play.world.on_begin = lambda record: began.append(record.label)
    play.starts[:] = ["hold", "ok"]
    play.begin()
    play.world.settle()
    assert began == ["a", "b"]
    assert [r.status for r in play.root.plan.core.records.values()] == [
        "running",
        "starting",
        "starting",
    ]
    assert play.own.status == "starting"
    play.world.ready_now(play.root.plan.core.records["b"])
    play.world.settle()
    assert began == ["a", "b", "c"]
    assert str(play.own.status) == "running"


@pytest.mark.parametrize("restart", ["permanent", "temporary"])
def test_who_declines_its_first_start_is_passed_over(restart: Any) -> None:
    spec = trio_sup.supervisor(
        [child("a"), child("b", restart=restart), child("c")], id="root"
    )
    play = CorePlay(spec)
    play.starts[:] = ["ok", "ignore", "ok"]
    play.begin()
    play.world.settle()
    assert play.own.status == "running"
    records = play.root.plan.core.records
    assert list(records) == (["a", "c"] if restart == "temporary" else ["a", "b", "c"])
    (b,) = (record for record in play.lives if record.label == "b")
    assert (b.settled, b.up) == (1, False)
    assert b.status == ("gone" if restart == "temporary" else "stopped")


def test_a_first_start_that_fails_stops_the_others_and_is_told() -> None:
    play = CorePlay(trio_sup.supervisor(ABC, id="root"))
    ended: list[str] = []
    play.world.on_over = lambda record, *_: ended.append(record.label)
    play.starts[:] = ["ok", "fail", "ok"]
    play.begin()
    play.world.settle()
    assert ended == ["b", "a", "root"]
    plan = play.root.plan
    assert plan.outcome == Exit("shutdown", "a child failed to start")
    assert plan.stop_reason == "child 'b' failed to start"
    assert play.own.last_exit is not None
    error = play.own.last_exit.error
    assert isinstance(error, NotStarted)
    assert error.record is plan.core.records["b"]
    assert error.exit is error.record.last_exit
    assert isinstance(error.exit.error, Broken)
    assert error.record.status == "stopped"


def test_a_stop_during_the_start_starts_nobody_else() -> None:
    play = CorePlay(trio_sup.supervisor(ABC, id="root"))
    began: list[str] = []
    play.world.on_begin = lambda record: began.append(record.label)
    play.starts[:] = ["ok", "hold", "ok"]
    play.begin()
    play.world.settle()
    play.root.request_stop("the end")
    play.world.settle()
    assert began == ["a", "b"]
    assert play.root.plan.outcome == Exit("normal")
    assert not play.own.up


def test_the_records_of_a_list_are_kept_over_lives_but_temporary_ones() -> None:
    below = trio_sup.supervisor(
        [child("a"), child("t", restart="temporary"), child("z")], id="s"
    )
    tree = running(below)
    plan = shell_of(tree["s"]).plan
    a, t, z = plan.core.records.values()
    tree.request(terminate_child, "s", names="s")
    tree.settle()
    assert (a.comes_back, t.comes_back) == (True, False)
    assert plan.mode == "down"
    tree.request(restart_child, "s")
    tree.settle()
    again = list(plan.core.records.values())
    assert [record.label for record in again] == ["a", "t", "z"]
    assert again[0] is a
    assert again[1] is not t
    assert again[2] is z
    assert isinstance(plan, StaticPlan)
    assert plan.is_original(a)
    assert not plan.is_original(t)
    assert not plan.is_original(again[1])
    assert plan._listed == set(again)


def test_all_are_stopped_backwards_for_the_reason_of_the_supervisor() -> None:
    tree = running(*ABC)
    tree.root.request_stop("the end")
    tree.settle()
    assert tree.ended == ["c", "b", "a", "root"]
    exits = {record.last_exit for record in tree.lives if record is not tree.own}
    assert exits == {Exit("shutdown", "supervisor root: the end")}


# What stands in line.


@pytest.mark.parametrize("mode", ["starting", "running"])
def test_a_request_gets_in_line(mode: Any) -> None:
    tree = running(*ABC)
    tree.plan.mode = mode
    request: Request[Any] = Request(nothing, tree["b"])
    assert tree.plan.ask(request) == RING
    assert tree["b"].pending == 1
    assert list(tree.plan.line.queue) == [request]
    other: Request[Any] = Request(nothing, None)
    tree.plan.ask(other)
    assert list(tree.plan.line.queue) == [request, other]
    again: Request[Any] = Request(nothing, tree["b"])
    tree.plan.ask(again)
    assert tree["b"].pending == 2


@pytest.mark.parametrize("mode", ["stopping", "down"])
def test_nobody_gets_in_line_of_one_that_goes_down(mode: Any) -> None:
    tree = running(*ABC)
    tree.plan.mode = mode
    with pytest.raises(Refused) as info:
        tree.plan.ask(Request(nothing, tree["b"]))
    assert told_of(info.value) == ("stopping", None, None, None, 0)
    assert tree["b"].pending == 0
    assert not tree.plan.line.queue


def test_a_stop_refuses_all_who_wait_before_it_is_told() -> None:
    tree = running(*ABC)
    requests: list[Request[Any]] = [Request(nothing, None) for _ in range(2)]
    for request in requests:
        tree.plan.ask(request)
    *refused, wind_down = tree.plan.stop("why")
    assert wind_down == doing.WindDown("why")
    for refuse, request in zip(refused, requests, strict=True):
        assert isinstance(refuse, doing.Refuse)
        assert refuse.request is request
        assert told_of(refuse.error) == ("stopping", None, None, None, 0)


# The ends of children.


def test_a_restart_that_fails_waits_behind_who_waits_already() -> None:
    for why in ("pending", "in line", "grouped"):
        strategy = "one_for_all" if why == "grouped" else "one_for_one"
        tree = running(*ABC, strategy=strategy)
        record = tree["b"]
        record.up = record.supervised_start = False
        if why == "pending":
            record.pending = 1
        if why == "in line":
            tree.plan.line.queue.append(Request(nothing, None))
        waiting = len(tree.plan.line.queue)
        assert tree.plan.ended(record, CRASH, 7.0, ready=False) == RING
        assert record.status == "restarting"
        assert len(tree.plan.line.queue) == waiting + 1
        assert tree.plan.core.window.used(7.0) == 0


def test_a_restart_that_fails_alone_is_decided_at_once() -> None:
    tree = running(*ABC)
    record = tree["b"]
    record.up = record.supervised_start = False
    told, start = tree.plan.ended(record, CRASH, 7.0, ready=False)
    assert start == doing.Start(record)
    assert told == telling.restarts(record, 0.0, tree.plan.flags.strategy, 7.0)
    assert tree.plan.core.window.used(7.0) == 1
    assert tree.plan.core.window.used(13.0) == 0


def test_a_restart_that_declines_is_put_to_rest() -> None:
    tree = running(*ABC, strategy="one_for_all")
    record = tree["b"]
    record.up = record.supervised_start = False
    assert tree.plan.ended(record, IGNORED, 7.0, ready=False) == (Settle(record),)
    assert record.status == "stopped"
    assert tree.plan.core.window.used(7.0) == 0


def test_a_start_that_somebody_waits_for_is_his_business() -> None:
    tree = running(*ABC)
    for exit in (CRASH, IGNORED):
        record = tree["b"]
        record.up, record.supervised_start = False, True
        assert tree.plan.ended(record, exit, 7.0, ready=False) == NOTHING
        assert record.status == "stopped"
    assert tree.plan.core.window.used(7.0) == 0


def test_an_end_that_waits_is_decided_when_its_turn_comes_by_then() -> None:
    tree = running(*ABC, strategy="rest_for_one", max_restarts=10)
    record = tree["c"]
    record.up = False
    tree.plan.over(record, fatal=False)
    assert tree.plan.ended(record, CRASH, 3.0, ready=True) == RING
    told = tree.plan.turn(7.0)[0]
    assert told == telling.restarts(record, 0.0, tree.plan.flags.strategy, 7.0)


def test_the_time_of_an_end_is_that_at_which_it_came() -> None:
    tree = running(*ABC)
    record = tree["b"]
    record.up = False
    tree.plan.over(record, fatal=False)
    tree.plan.ended(record, CRASH, 7.0, ready=True)
    assert tree.plan.core.window.used(12.0) == 1
    assert tree.plan.core.window.used(13.0) == 0


@pytest.mark.parametrize("mode", ["running", "stopping"])
def test_who_is_absorbed_by_a_stop_rests_with_its_parent(mode: Any) -> None:
    tree = running(*ABC)
    tree.plan.mode = mode
    assert tree.plan.absorbed(tree["b"]) == NOTHING
    assert tree["b"].comes_back is (mode == "stopping")


def test_who_came_later_does_not_rest_with_its_parent() -> None:
    tree = running(*ABC)
    tree.request(start_child, child("d"))
    tree.settle()
    tree.plan.mode = "stopping"
    tree.plan.absorbed(tree["d"])
    assert tree["d"].comes_back is False


def test_the_start_of_a_group_waits_its_turn_when_its_time_has_come() -> None:
    tree = running(child("a", backoff=LATE), child("b"), strategy="one_for_all")
    tree.crash("a")
    tree.settle()
    a, b = tree["a"], tree["b"]
    assert tree.plan.groups.waiting is not None
    assert tree.plan.due(Wake(10.0, a, a.ticket - 1), 10.0) == NOTHING
    other = tree.plan.due(Wake(10.0, b, b.ticket), 10.0)
    assert other == (doing.Start(b),)
    assert tree.plan.due(Wake(10.0, a, a.ticket), 10.0) == RING
    assert len(tree.plan.line.queue) == 1
    assert tree.began == []
