"""Every decision about an exit, without a clock and without a task."""

from __future__ import annotations

from typing import Any

import pytest

from trio_sup import Backoff, Budget, ChildSpec, Exit
from trio_sup._core.specs import Flags
from trio_sup._core.state import ChildState
from trio_sup._core.strategy import (
    Abandon,
    AutoShutdown,
    Decision,
    GiveUp,
    Quarantine,
    Restart,
    Settled,
    SupervisorCore,
)

NORMAL, CRASH = Exit("normal"), Exit("crashed", None, ValueError())
ENDS = [NORMAL, Exit("shutdown", "x"), CRASH, Exit("killed")]


class Record(ChildState):
    """A child that lives if told so."""

    living = False

    @property
    def asked(self) -> str | None:
        return "by somebody" if self.status == "stopping" else None

    @property
    def alive(self) -> bool:
        return self.living


Core = SupervisorCore[Record]


async def worker() -> None:
    """A target."""


def record(id: str = "a", **fields: Any) -> Record:
    made: ChildSpec[Any] = ChildSpec(kind="task", target=worker, id=id, **fields)
    return Record(made, id)


def core(*records: Record, dynamic: bool = False, **flags: Any) -> Core:
    made = Core(Flags(**flags), dynamic=dynamic)
    for k in records:
        made.records[k.id] = k
        k.status, k.living = "running", True
    return made


def ended(made: Core, k: Record, exit: Exit = CRASH, now: float = 0.0) -> Decision:
    k.living = False
    return made.on_exit(k, exit, now)


@pytest.mark.parametrize("exit", ENDS)
@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
@pytest.mark.parametrize("dynamic", [False, True])
def test_restart_type_and_exit_say_who_comes_back(
    exit: Exit, restart: str, dynamic: bool
) -> None:
    a = record(restart=restart)
    made = core(a, dynamic=dynamic)
    made.expect(a, exit)
    expected, a.status = a.status, "running"
    assert a.undecided is True
    decision = ended(made, a, exit)
    assert a.undecided is False
    back = restart == "permanent" or (restart == "transient" and not exit.in_order)
    if back:
        assert decision == Restart(0.0)
        assert a.status == expected == "restarting"
        assert made.window.used(0) == 1
        return
    dropped = dynamic or restart == "temporary"
    assert decision == Settled(dropped)
    assert expected == "stopped"
    assert a.status == ("gone" if dropped else "stopped")
    assert ("a" in made.records) is not dropped
    assert made.window.used(0) == 0


def test_every_decision_voids_what_was_scheduled_sup_082() -> None:
    for restart in ("permanent", "transient", "temporary"):
        a = record(restart=restart)
        a.ticket = 7
        ended(core(a), a, NORMAL)
        assert a.ticket > 7
    for act in ("retire", "drop", "on_ignored_restart"):
        a = record()
        a.ticket = 7
        getattr(core(a), act)(a)
        assert a.ticket == 8
    a = record()
    a.ticket = 7
    core(a).on_failed_restart(a, 0)
    assert a.ticket == 8


def test_one_restart_beyond_the_limit_gives_up() -> None:
    a, b = record("a"), record("b")
    made = core(a, b, max_restarts=2, max_seconds=5.0)
    assert ended(made, a, now=0) == Restart(0.0)
    assert made.on_failed_restart(a, 1) == Restart(0.0)
    assert ended(made, b, now=5) == GiveUp(own=False)
    assert b.status == "stopped"
    assert a.status == "restarting"
    fresh = core(a, max_restarts=1, max_seconds=2.0)
    assert ended(fresh, a, now=0) == Restart(0.0)
    assert ended(fresh, a, now=2.5) == Restart(0.0)


def test_giving_up_forgets_a_child_that_is_not_kept() -> None:
    a = record()
    made = core(a, dynamic=True, max_restarts=0)
    assert ended(made, a) == GiveUp()
    assert (a.status, made.records) == ("gone", {})


def test_delays_grow_in_a_row_that_a_life_that_lasted_ends() -> None:
    a = record(backoff=Backoff(initial=1, factor=2, reset_after=10, jitter=0))
    made = core(a, max_restarts=100)
    a.life_began = 0.0
    assert ended(made, a, now=0) == Restart(0.0)
    assert (a.status, a.attempt) == ("restarting", 1)
    assert ended(made, a, now=9.999) == Restart(1.0)
    assert (a.status, a.attempt) == ("backing_off", 2)
    assert made.on_failed_restart(a, 20) == Restart(2.0)
    assert a.attempt == 3
    a.life_began = 20.0
    assert ended(made, a, now=30) == Restart(0.0)  # it lasted: the edge counts
    assert a.attempt == 1
    a.life_began = 90.0
    assert ended(made, a, now=99) == Restart(1.0)  # it did not
    made.retire(a)
    assert a.attempt == 0


def test_the_jitter_of_a_delay_is_drawn() -> None:
    a = record(backoff=Backoff(initial=2, jitter=0.5, immediate_first=False))
    made: Core = SupervisorCore(Flags(), dynamic=False, draw=lambda: 1.0)
    made.records["a"] = a
    assert made.on_failed_restart(a, 0) == Restart(3.0)
    plain: Core = SupervisorCore(Flags(), dynamic=False)
    a.attempt = 0
    assert plain.on_failed_restart(a, 0) == Restart(2.0)


def test_without_a_backoff_no_attempts_are_counted() -> None:
    a = record()
    ended(core(a), a)
    assert a.attempt == 0


def test_a_used_up_budget_gives_the_supervisor_up() -> None:
    a = record(budget=Budget(1, 5.0))
    made = core(a, max_restarts=100)
    assert ended(made, a, now=0) == Restart(0.0)
    assert ended(made, a, now=5) == GiveUp(own=True)
    assert a.status == "stopped"
    assert made.window.used(5) == 1
    assert a.budget_window is not None
    assert (a.budget_window.max_restarts, a.budget_window.max_seconds) == (1, 5.0)


def test_a_budget_that_quarantines_leaves_the_supervisors_alone() -> None:
    a = record(budget=Budget(1, 5.0, "quarantine"))
    made = core(a, max_restarts=1)
    assert ended(made, a, now=0) == Restart(0.0)
    assert ended(made, a, now=1) == Quarantine(None)
    assert a.status == "quarantined"
    assert "a" in made.records
    assert made.window.used(1) == 1


def test_the_supervisors_limit_counts_beside_a_budget() -> None:
    a = record(budget=Budget(9, 5.0, "quarantine"))
    made = core(a, max_restarts=0)
    assert ended(made, a) == GiveUp(own=False)


def test_a_declined_restart_settles_the_child() -> None:
    for dynamic, restart, dropped in (
        (False, "permanent", False),
        (False, "transient", False),
        (False, "temporary", True),
        (True, "permanent", True),
    ):
        a = record(restart=restart)
        made = core(a, dynamic=dynamic)
        assert made.on_ignored_restart(a) == Settled(dropped)
        assert a.status == ("gone" if dropped else "stopped")
        assert ("a" in made.records) is not dropped
        assert a.ticket == (2 if dropped else 1)


def test_a_group_is_the_child_or_all_or_those_from_it_on() -> None:
    a, b, c = record("a"), record("b"), record("c")
    for strategy, group in (
        ("one_for_one", [b]),
        ("one_for_all", [a, b, c]),
        ("rest_for_one", [b, c]),
    ):
        made = core(a, b, c, strategy=strategy)
        assert made.group_of(b) == group
        assert made.grouped is (strategy != "one_for_one")
        assert core(a, b, c, strategy=strategy, dynamic=True).group_of(b) == [b]


def test_a_quarantined_child_is_left_out_unless_it_is_the_pivot() -> None:
    a, b, c = record("a"), record("b"), record("c")
    made = core(a, b, c, strategy="one_for_all")
    b.status = "quarantined"
    assert made.group_of(a) == [a, c]
    assert made.group_of(b) == [a, b, c]


def test_the_living_stop_last_started_first() -> None:
    a, b, c = record("a"), record("b"), record("c")
    made = core(a, b, c)
    assert made.stop_order([a, b, c]) == [c, b, a]
    assert made.stop_order(iter([a, c])) == [c, a]
    b.living = False
    assert made.stop_order([b, a]) == [a]


def test_dropping_frees_the_id_of_that_child_only() -> None:
    a, twin = record("a"), record("a")
    made = core(a)
    a.undecided = twin.undecided = True
    made.drop(twin)
    assert made.records == {"a": a}
    assert (twin.status, twin.undecided, twin.ticket) == ("gone", False, 1)
    made.drop(a)
    assert made.records == {}
    made.drop(a)  # harmless


def test_a_retired_child_is_stopped_or_gone_and_owes_nothing() -> None:
    a = record(restart="temporary")
    made = core(a)
    a.undecided = True
    assert made.retire(a) is True
    assert (a.status, a.undecided, a.ticket) == ("gone", False, 2)
    b = record()
    made = core(b)
    b.undecided, b.attempt = True, 3
    assert made.retire(b) is False
    assert (b.status, b.undecided, b.attempt, b.ticket) == ("stopped", False, 0, 1)
    assert made.records == {"a": b}


VITAL: dict[str, Any] = {"restart": "transient", "significant": True}


def test_any_significant_child_ends_the_supervisor() -> None:
    a, b, c = (
        record("a", **VITAL),
        record("b", **VITAL),
        record("c", restart="transient"),
    )
    made = core(a, b, c, auto_shutdown="any_significant")
    assert ended(made, c, NORMAL) == Settled(dropped=False)
    assert ended(made, a, NORMAL) == AutoShutdown(dropped=False)
    gone = record("g", restart="temporary", significant=True)
    made = core(gone, b, auto_shutdown="any_significant")
    assert ended(made, gone, CRASH) == AutoShutdown(dropped=True)


def test_a_significant_child_that_crashes_is_restarted_sup_133() -> None:
    a = record("a", **VITAL)
    made = core(a, auto_shutdown="any_significant")
    assert ended(made, a, CRASH) == Restart(0.0)


def test_without_auto_shutdown_nobody_ends_it() -> None:
    # Refused where specifications are checked; the decision stands by itself.
    a = record("a", **VITAL)
    assert ended(core(a), a, NORMAL) == Settled(dropped=False)


@pytest.mark.parametrize(
    ("living", "status", "undecided", "in_plan", "active"),
    [
        (True, "running", False, False, True),
        (True, "stopping", False, False, False),
        (True, "stopping", True, False, True),
        (False, "stopped", False, False, False),
        (False, "stopped", True, False, True),
        (False, "restarting", False, False, True),
        (False, "backing_off", False, False, True),
        (False, "quarantined", False, False, False),
        (False, "stopped", False, True, True),
    ],
)
def test_the_last_active_significant_child_ends_it_sup_134(
    living: bool, status: Any, undecided: bool, in_plan: bool, active: bool
) -> None:
    a, b, c = record("a", **VITAL), record("b", **VITAL), record("c")
    made = core(c, b, a, auto_shutdown="all_significant")
    b.living, b.status = living, status
    b.undecided, b.in_plan = undecided, in_plan
    decision = ended(made, a, NORMAL)
    assert decision == (Settled(False) if active else AutoShutdown(False))
    assert a.status == "stopped"


def test_an_exit_that_waits_is_not_decided_yet() -> None:
    a = record()
    made = core(a)
    made.expect(a, CRASH)
    assert a.undecided is True
    assert ended(made, a) == Restart(0.0)
    assert a.undecided is False


def test_a_budget_that_stops_forgets_the_child_alone() -> None:
    a, b = record("a", budget=Budget(1, 5.0, "stop")), record("b")
    made = core(a, b, max_restarts=9)
    assert ended(made, a) == Restart(0.0)
    assert ended(made, a, now=1) == Abandon(shuts_down=False)
    assert a.status == "gone"
    assert list(made.records) == ["b"]
    assert made.window.used(1) == 1  # that of the budget's one restart


def test_a_quarantine_for_a_time_counts_as_going_on() -> None:
    a = record(budget=Budget(0, 5.0, "quarantine", release_after=3))
    made = core(a)
    assert ended(made, a) == Quarantine(3)
    assert a.may_return
    made.release(a)
    assert a.status == "restarting"


@pytest.mark.parametrize("mode", ["never", "any_significant"])
@pytest.mark.parametrize("significant", [False, True])
def test_a_significant_child_that_is_given_up_ends_the_supervisor_where_it_says_so(
    mode: Any, significant: bool
) -> None:
    a = record(
        budget=Budget(0, 5.0, "stop"), significant=significant, restart="transient"
    )
    made = core(a, auto_shutdown=mode)
    ends = significant and mode == "any_significant"
    assert ended(made, a) == Abandon(shuts_down=ends)


def test_a_quarantine_begins_the_delays_and_its_release_the_budget_anew() -> None:
    backoff = Backoff(initial=1, factor=2, immediate_first=False, jitter=0)
    a = record(budget=Budget(2, 50.0, "quarantine"), backoff=backoff)
    made = core(a, max_restarts=9)
    assert [ended(made, a, now=n) for n in (1, 2)] == [Restart(1.0), Restart(2.0)]
    assert ended(made, a, now=3) == Quarantine()
    assert a.attempt == 0
    made.release(a)
    a.status, a.living = "running", True
    assert ended(made, a, now=4) == Restart(1.0)


def test_a_child_that_is_held_comes_to_rest_where_it_would_be_restarted() -> None:
    a, b = record("a"), record("b")
    made = core(a, b)
    a.held = True
    ticket = a.ticket
    assert ended(made, a) == Quarantine(by_hand=True)
    assert (a.status, a.attempt, a.undecided) == ("quarantined", 0, False)
    assert a.ticket > ticket
    b.status, b.living = "restarting", False
    b.held = True
    assert made.on_failed_restart(b, 1.0) == Quarantine(by_hand=True)
    assert made.window.used(1.0) == 0
