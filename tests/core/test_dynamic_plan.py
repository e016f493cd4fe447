"""Children that come and go: what a dynamic supervisor lets in, keeps and refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.pool import Pool, refusal
from tests.core.rule_tree import LATE, child
from trio_sup import Budget
from trio_sup._core import events
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.plan.doing import Settle, Start, Stop

# Who is let in.


def test_it_begins_anew_with_nobody() -> None:
    pool = Pool()
    record = pool.add("a")
    pool.root.request_stop("the end")
    pool.settle()
    assert (record.status, record.settled) == ("gone", 1)
    assert not pool.own.up
    pool.own.up, pool.own.asked = True, None
    pool.root.begin()
    pool.root.work()
    assert pool.plan.core.records == {}
    assert pool.plan.mode == "running"
    assert pool.plan.core.dynamic
    assert pool.add("a").id == "a"


def test_an_id_is_that_of_the_specification_the_key_of_its_name_or_a_number() -> None:
    pool = Pool()

    def id_of(**fields: Any) -> object:
        return pool.plan.add(child("x").replace(id=None, **fields)).id

    assert pool.plan.add(child("a")).id == "a"
    assert id_of(name="key") == "key"
    assert [id_of(), id_of()] == [1, 2]
    assert id_of(name="key") == 3  # it is taken
    assert pool.plan.add(child("x").replace(id=4)).id == 4
    assert id_of() == 5
    pool.plan.core.drop(pool.plan.core.records[5])
    assert id_of() == 6  # no number comes twice
    assert list(pool.plan.core.records) == ["a", "key", 1, 2, 3, 4, 6]
    assert all(id == record.id for id, record in pool.plan.core.records.items())


def test_an_id_that_is_taken_is_told_by_its_child() -> None:
    pool = Pool()
    record = pool.add("a")
    told = refusal(lambda: pool.plan.add(child("a")))
    assert told == ("already_started", record, None, None, 0)


def test_no_more_than_the_most_are_let_in() -> None:
    pool = Pool(max_children=2)
    pool.add("a")
    pool.add("b")
    told = refusal(lambda: pool.plan.add(child("c")))
    assert told == ("max_children", None, None, None, 2)


def test_a_specification_that_does_not_fit_is_refused() -> None:
    pool = Pool()
    with pytest.raises(ChildSpecError):
        pool.plan.add(child("a", restart="transient", significant=True))
    with pytest.raises(ChildSpecError):
        pool.plan.add("no specification")  # type: ignore[arg-type]
    assert pool.plan.core.records == {}


def test_nobody_is_let_in_before_it_runs_or_when_it_stops() -> None:
    pool = Pool()
    record = pool.add("a")
    pool.stubborn = True
    for mode in ("starting", "stopping", "down"):
        pool.plan.mode = mode
        for call in (
            lambda: pool.plan.add(child("b")),
            lambda: pool.plan.restart(record, 0.0),
            lambda: pool.plan.replace(record, 1, 0.0),
        ):
            assert refusal(call) == ("stopping", None, None, None, 0)


def test_a_target_is_a_child_of_this_very_supervisor() -> None:
    pool, other = Pool(), Pool()
    record, stranger = pool.add("a"), other.add("a")
    assert pool.plan.check(record, "a") is record
    gone = pool.add("g", "fail", restart="temporary")
    assert gone.status == "gone"
    for found in (None, stranger, gone):
        told = refusal(lambda found=found: pool.plan.check(found, "who"))
        assert told == ("no_such_child", None, None, "who", 0)


# What may be asked of it.


def test_a_child_that_lives_is_stopped_for_good() -> None:
    pool = Pool()
    record = pool.add("a")
    pool.world.now = 7.0
    told, stop = pool.plan.terminate(record, pool.world.now)
    assert (told.make, told.fields) == (  # type: ignore[union-attr]
        events.Requested,
        (7.0, "root/a", 1, "terminate_child"),
    )
    assert stop == Stop(record, "supervisor root: terminate_child", 5.0, False)
    assert record.in_plan is False
    pool.root.perform([stop])
    pool.settle()
    assert (record.status, record.settled) == ("gone", 1)
    assert pool.plan.core.records == {}


def test_a_child_that_is_down_is_forgotten() -> None:
    pool = Pool()
    record = pool.add("a", backoff=LATE)
    pool.crash(record)
    assert record.status == "backing_off"
    done = pool.carry_out(pool.plan.terminate(record, 0.0))
    assert done[1:] == [Settle(record)]
    assert record.in_plan is False
    assert (record.status, pool.plan.core.records) == ("gone", {})
    pool.world.now += 100
    pool.world.settle()
    assert pool.began == ["a"]


def test_who_terminates_wins_over_who_replaces() -> None:
    pool = Pool()
    record = pool.add("a")
    pool.stubborn = True
    pool.carry_out(pool.plan.replace(record, 1, 0.0))
    pool.carry_out(pool.plan.terminate(record, 0.0))
    pool.world.over(record, 1, None)
    pool.settle()
    assert record.status == "gone"


def test_a_life_is_replaced_and_nobody_counts_it() -> None:
    pool = Pool(max_restarts=0)
    record = pool.add("a")
    pool.world.now = 7.0
    told, stop = pool.carry_out(pool.plan.replace(record, 1, pool.world.now))
    assert told.fields == (7.0, "root/a", 1, "replace_child")
    assert told.make is events.Requested
    assert stop.reason == "supervisor root: replace_child"
    pool.settle()
    assert (record.status, record.life, record.restarts) == ("running", 2, 1)
    assert record.settled == 0
    assert pool.plan.core.records == {"a": record}


@pytest.mark.parametrize("why", ["temporary", "another life", "down", "ending"])
def test_a_life_that_is_not_what_it_was_is_not_replaced(why: str) -> None:
    pool = Pool()
    record = pool.add("a", restart="temporary" if why == "temporary" else "permanent")
    if why == "down":
        record.up = False
    if why == "ending":
        record.asked = "somebody"
    life = 2 if why == "another life" else 1
    told = refusal(lambda: pool.plan.replace(record, life, 0.0))
    assert told == ("changed", record, None, None, 0)
    assert not record.in_plan


def test_a_quarantined_child_is_restarted_by_hand_with_a_clear_budget() -> None:
    pool = Pool()
    record = pool.add("a", budget=Budget(1, 100.0, "quarantine"))
    pool.crash(record)
    pool.crash(record)
    assert record.status == "quarantined"
    pool.world.now = 7.0
    done = pool.carry_out(pool.plan.restart(record, pool.world.now))
    assert done[0].fields == (7.0, "root/a", 2, "restart_child")
    assert done[0].make is events.Requested
    assert done[1:] == [Start(record)]
    pool.settle()
    assert str(record.status) == "running"
    pool.crash(record)
    assert str(record.status) == "running"


def test_a_backoff_is_ended_by_hand() -> None:
    pool = Pool()
    record = pool.add("a", backoff=LATE)
    pool.crash(record)
    pool.carry_out(pool.plan.restart(record, 0.0))
    pool.settle()
    assert (record.status, record.restarts) == ("running", 1)


@pytest.mark.parametrize("why", ["lives", "restarting"])
def test_who_is_not_down_is_not_restarted(why: str) -> None:
    pool = Pool()
    record = pool.add("a")
    if why == "restarting":
        record.up = False
        record.enter("returns")
    told = refusal(lambda: pool.plan.restart(record, 0.0))
    assert told == ("not_stopped", record, None, None, 0)


def test_a_restart_is_called_off_if_who_is_told_of_it_stops_the_supervisor() -> None:
    pool = Pool()
    record = pool.add("a", backoff=LATE)
    pool.crash(record)
    steps = pool.plan.restart(record, 0.0)
    next(steps)
    pool.plan.mode = "stopping"
    assert refusal(lambda: steps)[0] == "stopping"
    assert record.status == "backing_off"
