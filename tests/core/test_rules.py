"""The rules that decide the hard cases, each on the core alone.

They are those of the design's section "Rules that decide the hard cases", as far as they
are about supervision; the number is the rule's.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import trio_sup
from tests.core.core_play import Broken, CorePlay, Start
from tests.core.sync_shell import GaveUp, Record, Reply
from trio_sup import Backoff, Budget, ChildSpec
from trio_sup._core import events
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import Exit
from trio_sup._core.plan import doing
from trio_sup._core.plan.doing import Refused, Request
from trio_sup._core.plan.dynamic import DynamicPlan, came_of_start
from trio_sup._core.plan.holders import look
from trio_sup._core.plan.requests import (
    delete_child,
    restart_child,
    start_child,
    terminate_child,
)
from trio_sup._core.plan.static import StaticPlan

CRASH = Exit("crashed", None, Broken())
STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")


async def work() -> None:
    """A target; never run."""


def child(id: str, **fields: Any) -> ChildSpec[Any]:
    return trio_sup.child(work, id=id, **fields)


class Tree(CorePlay):
    """A supervisor that runs, with names for its children."""

    def __init__(self, *children: ChildSpec[Any], **flags: Any) -> None:
        super().__init__(trio_sup.supervisor(children, id="root", **flags))
        self.began: list[str] = []
        self.ended: list[str] = []
        self.begin()
        self.world.settle()
        assert self.own.status == "running"
        self.world.on_begin = lambda record: self.began.append(record.label)
        self.world.on_over = lambda record, *_: self.ended.append(record.label)

    @property
    def plan(self) -> StaticPlan[Record]:
        assert isinstance(self.root.plan, StaticPlan)
        return self.root.plan

    def __getitem__(self, id: str) -> Record:
        return self.plan.core.records[id]

    def crash(self, *ids: str) -> None:
        """Let children crash, in this order, and do not look what follows."""
        for id in ids:
            record = self[id]
            self.world.soon(partial(self.world.over, record, record.life, Broken()))

    def settle(self) -> None:
        self.world.settle()

    def settle_now(self) -> None:
        """Run what is ready, but let no time pass."""
        while self.world.ready:
            self.world.ready.popleft()()

    def hold(self) -> None:
        """Nobody heeds a request to stop."""
        self.stubborn = True

    def let_go(self, id: str) -> None:
        """A stop that is held comes to its end."""
        self.stubborn = False
        record = self[id]
        self.world.soon(partial(self.world.over, record, record.life, None))
        self.settle()

    def start(self, *starts: Start) -> None:
        """What the next starts do, the first first."""
        self.starts[:] = reversed(starts)

    def request(self, what: Any, *args: Any, names: str | None = None) -> Reply:
        named = None if names is None else self[names]
        return self.root.ask(lambda: what(self.plan, *args), named)

    def told(self) -> list[Any]:
        return [told[0] for told in self.world.told]


def running(*children: ChildSpec[Any], **flags: Any) -> Tree:
    flags = {"max_restarts": 10, **flags}
    return Tree(*children, **flags)


ABC = [child("a"), child("b"), child("c")]
LATE = Backoff(initial=10.0, immediate_first=False, jitter=0)


# 1. One decision maker.


def test_rule_1_an_end_that_nothing_else_concerns_is_decided_at_once() -> None:
    tree = running(*ABC)
    record = tree["b"]
    record.up = False
    tree.plan.over(record, fatal=False)
    dos = tree.plan.ended(record, CRASH, 0.0, ready=True)
    told, start = dos
    assert isinstance(told, doing.Tell)
    assert told.make is events.RestartDecided
    assert start == doing.Start(record)
    assert not tree.plan.line.queue


@pytest.mark.parametrize("why", ["starting", "grouped", "pending", "in line"])
def test_rule_1_all_other_ends_wait_their_turn(why: str) -> None:
    tree = running(*ABC, strategy="one_for_all" if why == "grouped" else "one_for_one")
    record = tree["b"]
    if why == "starting":
        tree.plan.mode = "starting"
    if why == "pending":
        record.pending = 1
    if why == "in line":
        tree.plan.line.queue.append(Request(lambda: iter(()), None))  # type: ignore[arg-type,return-value]
    record.up = False
    tree.plan.over(record, fatal=False)
    assert tree.plan.ended(record, CRASH, 0.0, ready=True) == doing.RING
    assert record.status == "restarting"  # as who waits for it is to know
    assert record.undecided


def test_rule_1_a_delay_is_waited_for() -> None:
    tree = running(child("a", backoff=LATE))
    tree.crash("a")
    tree.settle()
    assert (tree["a"].status, tree.began) == ("backing_off", [])
    tree.world.now += 10
    tree.settle()
    assert (tree["a"].status, tree.began) == ("running", ["a"])


# 2. Groups.


def test_rule_2_exits_are_decided_in_the_order_in_which_they_came() -> None:
    tree = running(*ABC, strategy="rest_for_one")
    tree.crash("c", "b")
    tree.settle()
    pivots = [told[2] for told in tree.world.told]
    assert pivots == ["root/c", "root/b"]


def test_rule_2_an_exit_in_the_stop_set_is_absorbed() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.hold()
    tree.crash("a")
    tree.settle_now()
    tree.crash("b")  # by itself, before it is asked to stop
    tree.settle_now()
    tree.let_go("c")
    tree.settle()
    assert tree.plan.core.window.used(0) == 1
    assert tree.told().count(events.RestartDecided) == 1
    assert all(record.up for record in tree.plan.core.records.values())


def test_rule_2_an_exit_of_an_old_life_is_dropped() -> None:
    tree = running(*ABC, strategy="one_for_all")
    tree.crash("a", "b", "c")  # the first restarts all of them
    tree.settle()
    assert tree.plan.core.window.used(0) == 1
    assert tree.began == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("strategy", "stops", "starts"),
    [
        ("one_for_all", ["c", "a"], ["a", "b", "c"]),
        ("rest_for_one", ["c"], ["b", "c"]),
    ],
)
def test_rule_2_a_group_stops_backwards_and_starts_forwards(
    strategy: str, stops: list[str], starts: list[str]
) -> None:
    tree = running(*ABC, strategy=strategy)
    tree.crash("b")
    tree.settle()
    assert tree.ended == ["b", *stops]
    assert tree.began == starts


# 3. Host.


def test_rule_3_a_hurry_ends_the_graces_and_keeps_the_order() -> None:
    tree = running(*ABC)
    tree.hold()
    tree.root.hurry()
    tree.settle()
    assert tree.ended == ["c", "b", "a", "root"]
    assert all(r.last_exit and r.last_exit.kind == "killed" for r in tree.lives
               if r is not tree.own)  # fmt: skip


# 4. Giving up.


def test_rule_4_giving_up_stops_the_tree_in_order_and_ends_with_its_error() -> None:
    tree = running(*ABC, max_restarts=0)
    tree.crash("b")
    tree.settle()
    assert tree.ended == ["b", "c", "a", "root"]
    exit = tree.own.last_exit
    assert exit is not None
    assert (exit.kind, type(exit.error)) == ("shutdown", GaveUp)


def test_rule_4_to_the_parent_it_is_a_shutdown() -> None:
    below = trio_sup.supervisor(
        [child("a")], id="s", max_restarts=0, restart="transient"
    )
    tree = running(below)
    shell = tree["s"].shell
    assert shell is not None
    record = shell.plan.core.records["a"]
    tree.world.over(record, record.life, Broken())
    tree.settle()
    assert tree["s"].status == "stopped"
    assert tree.began == []


# 5. Grace.


@pytest.mark.parametrize(
    ("shutdown", "grace", "brutal"), [(3.0, 3.0, False), ("brutal_kill", 0.0, True)]
)
def test_rule_5_each_is_asked_with_its_own_grace(
    shutdown: Any, grace: float, brutal: bool
) -> None:
    tree = running(child("a", shutdown=shutdown))
    stop = tree.plan.stopping_of(tree["a"], "why")
    assert (stop.grace, stop.brutal) == (grace, brutal)
    assert stop.reason == "supervisor root: why"
    assert tree.plan.stopping_of(tree["a"], "supervisor top: why").reason == (
        "supervisor top: why"
    )
    tree.plan.hasten()
    assert tree.plan.stopping_of(tree["a"], "why").grace == 0.0


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


# 9. Quarantine.

QUARANTINE = Budget(0, 5.0, "quarantine")


def test_rule_9_quarantine_counts_nowhere_and_restarts_nobody() -> None:
    tree = running(child("a", budget=QUARANTINE), child("b"), max_restarts=0)
    tree.crash("a")
    tree.settle()
    assert tree["a"].status == "quarantined"
    assert tree["b"].life == 1
    assert tree.plan.core.window.used(0) == 0
    assert tree.told() == [events.ChildQuarantinedEvent]


def test_rule_9_a_restart_by_hand_clears_the_budget() -> None:
    budget = Budget(1, 5.0, "quarantine")
    tree = running(child("a", budget=budget))
    for _ in range(2):
        tree.crash("a")
        tree.settle()
    assert not tree["a"].up
    reply = tree.request(restart_child, "a")
    tree.settle()
    assert reply.answers == [("ok", tree["a"])]
    tree.crash("a")
    tree.settle()
    assert tree["a"].status == "running"


def test_rule_9_a_group_does_not_allow_it() -> None:
    for strategy in STRATEGIES[1:]:
        with pytest.raises(ChildSpecError):
            running(child("a", budget=QUARANTINE), strategy=strategy)


# 10. Backoff in groups.


def late(id: str, **fields: Any) -> ChildSpec[Any]:
    return child(id, backoff=LATE, **fields)


def test_rule_10_a_group_stops_at_once_and_starts_when_its_pivot_may() -> None:
    tree = running(child("a"), late("b"), child("c"), strategy="one_for_all")
    tree.crash("b")
    tree.settle()
    assert tree.ended == ["b", "c", "a"]
    assert tree.began == []
    assert tree["b"].status == "backing_off"
    tree.world.now += 10
    tree.settle()
    assert tree.began == ["a", "b", "c"]


def test_rule_10_a_later_pivot_widens_the_range_and_keeps_the_later_time() -> None:
    tree = running(child("z"), late("a"), late("b"), strategy="rest_for_one")
    tree.crash("b")
    tree.settle()
    tree.world.now += 5
    tree.crash("a")
    tree.settle()
    tree.world.now += 5  # the time of the first
    tree.settle()
    assert tree.began == []
    tree.world.now += 5
    tree.settle()
    assert tree.began == ["a", "b"]
    assert tree.plan.core.window.used(tree.world.now - 15) == 2


def test_rule_10_a_failed_attempt_advances_the_backoff_and_counts() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all", max_seconds=100)
    tree.start("fail")
    tree.crash("a")
    tree.settle()
    tree.world.now += 10
    tree.settle()
    assert tree["a"].status == "backing_off"
    assert tree["a"].attempt == 2
    assert tree.plan.core.window.used(tree.world.now) == 2
    tree.world.now += 20
    tree.settle()
    assert tree.began == ["a", "a", "b"]


def test_rule_10_giving_up_is_decided_at_the_crash() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all", max_restarts=0)
    tree.crash("a")
    tree.settle()
    assert tree.told() == [events.SupervisorGaveUp]
    assert not tree.own.up


def test_rule_10_restart_now_ends_the_wait() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all")
    tree.crash("a")
    tree.settle()
    reply = tree.request(restart_child, "a")
    tree.settle()
    assert reply.answers == [("ok", tree["a"])]
    assert tree.began == ["a", "b"]


def test_rule_10_terminating_the_pivot_leaves_the_others_down() -> None:
    tree = running(late("a"), child("b"), strategy="one_for_all")
    tree.crash("a")
    tree.settle()
    tree.request(terminate_child, "a", names="a")
    tree.world.now += 100
    tree.settle()
    assert tree.began == []
    assert [tree[id].status for id in "ab"] == ["stopped", "stopped"]
    assert all(tree[id].settled for id in "ab")


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
    tree = running(*ABC, late("d"))
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
    shell = tree["s"].shell
    assert shell is not None
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
