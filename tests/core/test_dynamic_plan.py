"""Children that come and go: what a dynamic supervisor lets in, keeps and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

import trio_sup
from tests.core.core_play import Broken, CorePlay
from tests.core.rule_tree import LATE, child
from tests.core.sync_world import Record
from tests.core.test_refusals import told_of
from trio_sup import Backoff, Budget, ChildSpec
from trio_sup._core import events
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import NOPROC, Exit
from trio_sup._core.plan.doing import Breathe, Refused, Settle, Start, Stop, Tell
from trio_sup._core.plan.dynamic import (
    CHUNK,
    DynamicPlan,
    came_of_start,
    is_starting,
)

CRASH = Exit("crashed", None, Broken())


class Pool(CorePlay):
    """A dynamic supervisor that runs."""

    def __init__(self, **flags: Any) -> None:
        super().__init__(trio_sup.dynamic_supervisor(id="root", **flags))
        self.began: list[str] = []
        self.begin()
        self.world.settle()
        self.world.on_begin = lambda record: self.began.append(record.label)

    @property
    def plan(self) -> DynamicPlan[Record]:
        assert isinstance(self.root.plan, DynamicPlan)
        return self.root.plan

    def add(self, id: str, start: Any = "ok", **fields: Any) -> Record:
        self.starts.append(start)
        record = self.plan.add(child(id, **fields))
        self.root.start(record, supervised=True)
        self.settle()
        return record

    def settle(self) -> None:
        while self.world.ready:
            self.world.ready.popleft()()

    def crash(self, record: Record) -> None:
        self.world.over(record, record.life, Broken())
        self.settle()

    def carry_out(self, dos: Any) -> list[Any]:
        done = list(dos)
        self.root.perform(done)
        return done


def refusal(call: Any) -> tuple[object, ...]:
    with pytest.raises(Refused) as info:
        # Some are generators: they refuse when they are carried out.
        list(call())
    return told_of(info.value)


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
    assert [do.record for do in first] == records[:CHUNK]  # type: ignore[union-attr]
    assert breath == (Breathe(1),)
    assert [do.record for do in rest] == records[CHUNK:]  # type: ignore[union-attr]
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
