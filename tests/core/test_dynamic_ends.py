"""The ends of children that come and go, and of their supervisor."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

import trio_sup
from tests.core.core_play import CRASH
from tests.core.pool import Pool, refusal
from tests.core.rule_tree import LATE, child
from tests.core.sync_world import Record
from trio_sup import Backoff, Budget, ChildSpec
from trio_sup._core import events
from trio_sup._core.exits import NOPROC
from trio_sup._core.plan.doing import Breathe, Settle, Start, StopAll, Tell
from trio_sup._core.plan.dynamic import (
    CHUNK,
    DynamicPlan,
    came_of_start,
    is_starting,
)
from trio_sup._core.plan.telling import cause_of, stops_of

# The ends of children.


@pytest.mark.parametrize("start", ["fail", "ignore"])
def test_a_first_start_that_fails_leaves_nobody(start: Any) -> None:
    pool = Pool()
    record = pool.add("a", start)
    assert (record.status, record.settled, record.life) == ("gone", 1, 1)
    assert pool.plan.core.window.used(0) == 0
    told = refusal(lambda: came_of_start(record))
    assert told == ("not_started", record, record.last_exit, None, 0)


def test_a_restart_that_fails_counts_and_one_that_declines_does_not() -> None:
    pool = Pool(max_restarts=3)
    record = pool.add("a")
    pool.starts[:] = ["ok", "fail"]
    pool.crash(record)
    assert (record.status, record.life) == ("running", 3)
    assert pool.plan.core.window.used(0) == 2
    pool.starts[:] = ["ignore"]
    pool.crash(record)
    assert (record.status, record.settled) == ("gone", 1)
    assert pool.plan.core.window.used(0) == 3


def test_a_restart_that_fails_is_told_at_its_time() -> None:
    pool = Pool()
    record = pool.add("a", "hold")
    record.supervised_start = False
    record.up = False
    told, start = pool.plan.ended(record, CRASH, 7.0, ready=False)
    assert start == Start(record)
    fields = (7.0, "root/a", 1, 0.0, "one_for_one", 0)
    assert told == Tell(events.RestartDecided, fields)


def test_it_has_no_groups_whatever_its_flags_say() -> None:
    pool = Pool()
    pool.plan.flags = evolve(pool.plan.flags, strategy="one_for_all")
    budget = Budget(0, 5.0, "quarantine")
    assert pool.add("a", budget=budget).status == "running"


def test_the_time_of_an_end_is_that_at_which_it_came() -> None:
    pool = Pool(max_restarts=2, max_seconds=5.0)
    record = pool.add("a")
    for now in (0.0, 3.0, 7.0, 20.0):
        pool.world.now = now
        pool.crash(record)
        assert record.status == "running"
    assert pool.plan.core.window.used(20.0) == 1
    pool.world.now = 40.0
    pool.starts[:] = ["ok", "fail"]
    pool.crash(record)
    assert pool.plan.core.window.used(40.0) == 2
    assert pool.plan.core.window.used(46.0) == 0


def test_the_jitter_of_a_backoff_is_drawn() -> None:
    spec: ChildSpec[Any] = trio_sup.dynamic_supervisor(id="root")
    assert spec.flags is not None
    play = Pool()
    plan: DynamicPlan[Record]
    plan = DynamicPlan(play.own, spec.flags, play.root.make, lambda: 1.0)
    plan.begin()
    backoff = Backoff(initial=2, jitter=0.5, immediate_first=False)
    record = Record(child("a", backoff=backoff), "a", play.root, play.world)
    assert plan.core.on_failed_restart(record, 0.0).delay == 3.0  # type: ignore[union-attr]


def test_what_came_of_a_start() -> None:
    pool = Pool()
    record = pool.add("a", "hold")
    assert is_starting(record, 1)
    pool.world.ready_now(record)
    assert not is_starting(record, 1)
    assert is_starting(record, 2)  # the next, on whose way this one is
    came_of_start(record)
    came_of_start(record, 1)
    assert refusal(lambda: came_of_start(record, 2)) == (
        "not_started", record, NOPROC, None, 0,
    )  # fmt: skip
    record.up = False
    assert not is_starting(record, 2)


def test_a_start_that_the_stop_overtook_is_told_by_the_stop() -> None:
    pool = Pool()
    record = pool.add("a", "hold")
    pool.root.request_stop("the end")
    pool.settle()
    assert refusal(lambda: came_of_start(record)) == ("stopping", None, None, None, 0)


# Its own end.


def test_all_are_asked_at_once_and_it_ends_with_the_last() -> None:
    pool = Pool()
    records = [pool.add(id) for id in "abc"]
    waits = pool.add("d", backoff=LATE)
    pool.crash(waits)
    pool.stubborn = True
    pool.root.request_stop("the end")
    pool.settle()
    assert [record.asked for record in records] == ["supervisor root: the end"] * 3
    assert waits.asked is None
    assert not any(map(pool.plan.wakes, records))
    for record in records:
        assert pool.own.up
        pool.world.over(record, 1, None)
        pool.settle()
    assert not pool.own.up
    assert [r.settled for r in (*records, waits)] == [1] * 4
    assert pool.plan.core.records == {}


def test_who_stops_wakes_it_only_when_it_waits_and_nobody_lives() -> None:
    pool = Pool()
    record, other = pool.add("a", restart="temporary"), pool.add("b")
    assert pool.plan.wakes(record) is False
    pool.plan.living = 0  # before it stops this is nothing to it
    assert pool.plan.wakes(record) is False
    pool.plan.living = 2
    pool.world.over(record, 1, None)
    pool.settle()
    pool.stubborn = True
    pool.root.request_stop("the end")
    pool.settle()
    assert not pool.plan.wakes(other)
    other.up = False
    pool.plan.living = 0
    assert pool.plan.wakes(other) is True
    pool.root.wake()
    pool.settle()
    assert not pool.own.up
    assert pool.plan.wakes(other) is False


def test_a_hurry_asks_again_without_grace_and_once() -> None:
    pool = Pool()
    record = pool.add("a")
    pool.stubborn = True
    pool.root.request_stop("the end")
    pool.settle()
    graces: list[float] = []
    stop = pool.root.stop

    def note(record: Record, reason: str, grace: float, *, brutal: bool) -> None:
        graces.append(grace)
        stop(record, reason, grace, brutal=brutal)

    pool.root.stop = note  # type: ignore[method-assign]
    assert pool.plan.hasten() == [record]
    pool.root.wake()
    pool.settle()
    assert graces == [0.0]
    pool.root.wake()
    pool.settle()
    assert graces == [0.0]


def test_many_are_asked_some_at_a_time() -> None:
    pool = Pool(max_children=1000)
    records = [pool.add(str(number)) for number in range(CHUNK + 1)]
    assert pool.plan.hastens_later
    steps = pool.plan._ask_all()
    first, breath, rest = steps
    stop = cause_of(pool.plan.stop_reason, pool.plan.own.path_text)
    assert first == (StopAll(records[:CHUNK], stop, hurried=False),)
    assert breath == (Breathe(1),)
    assert rest == (StopAll(records[CHUNK:], stop, hurried=False),)
    stops = stops_of(StopAll(records[:2], stop, hurried=True))
    assert [(each.record, each.grace) for each in stops] == [
        (record, 0.0) for record in records[:2]
    ]
    pool.plan.core.drop(records[0])
    assert not pool.plan.hastens_later
    assert len(list(pool.plan._ask_all())) == 2
    pool.plan.core.drop(records[1])
    assert len(list(pool.plan._ask_all())) == 1


def test_an_end_that_was_absorbed_while_it_stops_forgets_the_child() -> None:
    pool = Pool()
    record = pool.add("a")
    record.in_plan = True  # about to be replaced
    record.up = False
    record.enter("rests")
    pool.plan.mode = "stopping"
    assert pool.plan.absorbed(record) == (Settle(record),)
    assert record.status == "gone"
