"""Partitions: what is refused, how their number grows and shrinks, who stays down."""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from tests.core.core_play import Broken, CorePlay
from tests.core.refusals import told_of
from tests.core.rule_tree import LATE, work
from tests.core.sync_shell import Reply
from tests.core.sync_world import Record
from trio_sup import Budget
from trio_sup._core import events
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import NOPROC, Exit
from trio_sup._core.plan import partitions
from trio_sup._core.plan.partitions import PartitionPlan
from trio_sup._core.plan.requests import terminate_child


class Parts(CorePlay):
    """A partition supervisor that runs."""

    def __init__(self, count: int = 3, *, spec: Any = None, **flags: Any) -> None:
        flags = {"max_restarts": 10, **flags}
        kind = spec or trio_sup.child(work, id="p")
        super().__init__(
            trio_sup.partition_supervisor(kind, id="root", partitions=count, **flags)
        )
        self.began: list[object] = []
        self.ended: list[object] = []
        self.begin()
        self.world.settle()
        self.world.on_begin = lambda record: self.began.append(record.id)
        self.world.on_over = lambda record, *_: self.ended.append(record.id)

    @property
    def plan(self) -> PartitionPlan[Record]:
        assert isinstance(self.root.plan, PartitionPlan)
        return self.root.plan

    def __getitem__(self, id: int) -> Record:
        return self.plan.core.records[id]

    def ask(self, what: Any, *args: Any) -> Reply:  # type: ignore[override]
        return self.root.ask(lambda: what(self.plan, *args))

    def crash(self, id: int) -> None:
        self.world.over(self[id], self[id].life, Broken())
        self.world.settle()

    def resize(self, count: int) -> object:
        reply = self.ask(partitions.resize, count)
        self.world.settle()
        ((_, answer),) = reply.answers
        return answer


def refusal(reply: Reply) -> tuple[object, ...]:
    (error,) = reply.errors
    return told_of(error)


def test_all_partitions_are_in_use_at_first() -> None:
    parts = Parts(3)
    assert parts.plan.partitions.size == 3
    assert parts.plan.core.dynamic is False
    assert [parts[id].status for id in range(3)] == ["running"] * 3


def test_the_jitter_of_a_backoff_is_drawn() -> None:
    parts = Parts(1, spec=trio_sup.child(work, backoff=LATE))
    assert parts.own.spec.flags is not None
    plan: PartitionPlan[Record]
    plan = PartitionPlan(parts.own, parts.own.spec.flags, parts.root.make, lambda: 1.0)
    assert plan.core.draw() == 1.0


def test_partitions_come_and_go_by_their_number_only() -> None:
    parts = Parts(2)
    spec = trio_sup.child(work, id="x")
    added = parts.root.ask(lambda: partitions.start_child(spec))
    deleted = parts.root.ask(lambda: partitions.delete_child(1))
    assert added.answers == deleted.answers == []  # in its turn
    parts.world.settle()
    errors = [*added.errors, *deleted.errors]
    assert [
        (error.field, error.value, error.accepted)
        for error in errors
        if isinstance(error, ChildSpecError)
    ] == [
        ("children", spec, "left alone: partitions come and go by resize()"),
        ("children", 1, "kept: partitions go by resize()"),
    ]


def test_a_disabled_partition_is_not_started_by_hand() -> None:
    parts = Parts(2)
    assert parts.resize(1) == 2
    reply = parts.ask(partitions.restart_child, 1)
    nobody = parts.ask(partitions.restart_child, 7)
    parts.world.settle()
    assert refusal(reply) == ("disabled", None, None, 1, 0)
    assert refusal(nobody) == ("no_such_child", None, None, 7, 0)
    assert parts.began == []


def test_an_enabled_partition_is_started_by_hand() -> None:
    parts = Parts(2)
    parts.root.ask(lambda: terminate_child(parts.plan, 1))
    parts.world.settle()
    reply = parts.ask(partitions.restart_child, 1)
    parts.world.settle()
    assert reply.answers == [("ok", parts[1])]
    assert parts[1].status == "running"


def test_partitions_are_disabled_and_enabled_in_order() -> None:
    parts = Parts(4)
    assert parts.resize(1) == 4
    assert parts.ended == [1, 2, 3]
    assert parts.plan.partitions.size == 1
    assert [parts[id].status for id in range(4)] == ["running"] + ["stopped"] * 3
    assert parts[2].last_exit == Exit("shutdown", "supervisor root: terminate_child")
    assert parts.resize(3) == 1
    assert parts.began == [1, 2]
    assert [parts[id].status for id in range(4)] == ["running"] * 3 + ["stopped"]
    assert parts.resize(3) == 3
    assert parts.began == [1, 2]


def test_a_temporary_partition_comes_back_in_its_old_place_on_the_list() -> None:
    parts = Parts(2, spec=trio_sup.child(work, restart="temporary"))
    first = parts[1]
    parts.resize(1)
    assert list(parts.plan.core.records) == [0]
    assert first.status == "gone"
    parts.resize(2)
    assert parts[1] is not first
    assert parts.plan.originals[1] is parts[1]
    assert (parts[1].id, parts[1].status) == (1, "running")
    assert parts.resize(1) == 2
    parts.resize(1)
    # One that is gone already has nothing to be stopped.
    assert parts.ended == [1, 1]


def test_a_number_that_nobody_stands_for_is_passed_over() -> None:
    parts = Parts(3, spec=trio_sup.child(work, restart="temporary"))
    parts.crash(1)
    assert list(parts.plan.core.records) == [0, 2]
    assert parts.resize(1) == 3
    assert parts.ended == [1, 2]


def test_a_partition_that_does_not_start_stays_out_of_use() -> None:
    parts = Parts(3)
    parts.resize(1)
    parts.starts[:] = ["fail", "ok"]
    reply = parts.ask(partitions.resize, 3)
    parts.world.settle()
    assert refusal(reply)[:2] == ("not_started", parts[2])
    assert parts.plan.partitions.size == 2
    assert [parts[id].status for id in range(3)] == ["running", "running", "stopped"]


def test_the_number_counts_before_anybody_stops_or_starts() -> None:
    parts = Parts(3)
    sizes: list[int] = []
    parts.world.on_over = lambda *_: sizes.append(parts.plan.partitions.size)
    parts.world.on_begin = lambda _: sizes.append(parts.plan.partitions.size)
    parts.resize(1)
    assert sizes == [1, 1]
    parts.resize(3)
    assert sizes == [1, 1, 2, 3]


@pytest.mark.parametrize("count", [1, 4])
def test_the_stop_of_the_supervisor_ends_a_resizing(count: int) -> None:
    parts = Parts(4)
    if count == 4:
        parts.resize(1)
    parts.stubborn = True
    parts.starts[:] = ["hold"]
    reply = parts.ask(partitions.resize, count)
    while parts.world.ready:
        parts.world.ready.popleft()()
    began, ended = len(parts.began), len(parts.ended)
    parts.root.request_stop("the end")
    parts.world.settle()
    assert refusal(reply) == ("stopping", None, None, None, 0)
    assert len(parts.began) == began
    assert ended == (0 if count == 1 else 3)


LATER = trio_sup.child(work, backoff=LATE)


def test_a_group_goes_on_waiting_without_a_pivot_that_is_gone() -> None:
    parts = Parts(3, spec=LATER, strategy="one_for_all")
    parts.crash(2)
    waiting = parts.plan.groups.waiting
    assert waiting is not None
    assert (waiting.pivot, waiting.at) == (parts[2], 10.0)
    assert parts.resize(2) == 3
    waiting = parts.plan.groups.waiting
    assert waiting is not None
    assert (waiting.pivot, waiting.at) == (parts[0], 10.0)
    assert [parts[id].status for id in range(3)] == [
        "backing_off",
        "stopped",
        "stopped",
    ]
    parts.world.now = 10.0
    parts.world.settle()
    assert parts.began == [0, 1]


def test_a_group_whose_pivot_stays_waits_as_before() -> None:
    parts = Parts(3, spec=LATER, strategy="one_for_all")
    parts.crash(0)
    waiting = parts.plan.groups.waiting
    parts.resize(2)
    assert parts.plan.groups.waiting is waiting
    assert parts[0].status == "backing_off"


def test_those_after_a_pivot_that_is_gone_are_gone_with_it() -> None:
    parts = Parts(4, spec=LATER, strategy="rest_for_one")
    parts.crash(2)
    assert [parts[id].up for id in range(4)] == [True, True, False, False]
    parts.resize(2)
    assert parts.plan.groups.waiting is None
    parts.world.now = 100.0
    parts.world.settle()
    assert parts.began == []


def test_a_group_that_is_up_again_does_not_wait_for_a_pivot_that_is_gone() -> None:
    parts = Parts(3, spec=LATER, strategy="one_for_all")
    parts.crash(2)
    # As where the start of a group failed in its midst.
    for id in (0, 1):
        parts[id].up = True
    parts.resize(2)
    assert parts.plan.groups.waiting is None


def test_who_is_told_of_the_end_of_one_may_stop_a_resizing() -> None:
    parts = Parts(3)
    parts.resize(1)
    told: list[Any] = []

    def stop(shell: Any) -> None:
        told.append(shell)
        if len(told) == 1:
            parts.root.request_stop("a hook")

    parts.world.on_told = stop
    reply = parts.ask(partitions.resize, 3)
    parts.world.settle()
    assert refusal(reply)[0] == "stopping"
    assert parts.began == []


def test_a_budget_is_that_of_each_partition() -> None:
    budget = Budget(0, 5.0, "quarantine")
    parts = Parts(2, spec=trio_sup.child(work, budget=budget))
    parts.crash(1)
    assert parts[1].status == "quarantined"
    told = [told for told in parts.world.told if told[0] is events.ChildQuarantined]
    assert told == [(events.ChildQuarantined, 0.0, "root/1", 1, 0, 5.0, None, False)]
    assert parts[1].last_exit != NOPROC
