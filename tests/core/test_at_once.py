"""Ends about which all is decided in one step: as step by step, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import trio_sup
from tests.core.core_play import CRASH
from tests.core.pool import Pool
from tests.core.rule_tree import LATE, Tree, child, running, work
from tests.core.sync_world import Record
from trio_sup import Budget
from trio_sup._core.exits import Exit
from trio_sup._core.plan.at_once import lives_on
from trio_sup._core.plan.requests import terminate_child
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.state import ChildState

ASKED = Exit("shutdown", "asked")


def known(plan: Plan[Record], record: Record) -> dict[str, object]:
    """All that is known of a child and its supervisor, but for what is void."""
    fields = set(ChildState.__slots__) - {"budget_window", "ticket"}
    found: dict[str, object] = {name: getattr(record, name) for name in fields}
    window, line = plan.core.window, plan.line
    found["plan"] = (plan.mode, plan.living, plan.hurried, plan.outcome)
    found["line"] = (len(line.queue), line.awaited, line.busy, line.overtaken)
    found["window"] = [window.used(now) for now in (0.0, 6.9, 7.0, 11.9, 12.0, 12.1)]
    found["listed"] = list(plan.core.records)
    return found


def step_by_step(play: Tree | Pool, record: Record, exit: Exit, now: float) -> None:
    """What a shell does that tells somebody in between."""
    plan, ready = play.root.plan, record.ready
    record.up = False
    plan.over(record)
    play.root.perform(plan.ended(record, exit, now, ready=ready))


# The crash of who was ready.


def crashed_before(*specs: Any, **flags: Any) -> tuple[Tree, Record]:
    """A child that has crashed before, and was started by who waited for it."""
    tree = running(*(specs or (child("a"), child("b"))), **flags)
    tree.crash("a", "b")
    tree.settle()
    record = tree["b"]
    record.supervised_start = True
    tree.world.now = 7.0
    return tree, record


def test_the_next_life_begins_as_step_by_step() -> None:
    tree, record = crashed_before()
    other, twin = crashed_before()
    step_by_step(other, twin, CRASH, 7.0)
    former = record.ticket
    assert lives_on(tree.plan, record, 7.0) is True
    record.up = True
    found, wanted = known(tree.plan, record), known(other.plan, twin)
    for unlike in ("spec", "last_exit"):
        found.pop(unlike), wanted.pop(unlike)
    assert found == wanted
    assert (record.status, record.life, record.restarts) == ("restarting", 3, 2)
    assert record.life_began == 7.0
    flags = (record.ready, record.supervised_start, record.undecided)
    assert (*flags, record.comes_back) == (False,) * 4
    assert record.ticket == former + 1  # restarts that were to come are void


def test_what_is_left_over_of_a_former_end_is_void() -> None:
    tree, record = crashed_before()
    record.undecided = record.comes_back = True
    assert lives_on(tree.plan, record, 7.0)
    assert (record.undecided, record.comes_back) == (False, False)


def test_a_job_that_waits_for_another_child_is_no_hindrance() -> None:
    tree, record = crashed_before()
    tree.plan.line.awaited = tree["a"]
    assert lives_on(tree.plan, record, 7.0)


def test_the_last_restart_that_is_allowed_is_decided_at_once() -> None:
    tree, record = crashed_before(max_restarts=3)
    assert lives_on(tree.plan, record, 1.0)
    former = known(tree.plan, record)
    assert lives_on(tree.plan, record, 2.0) is False
    assert known(tree.plan, record) == former


def in_plan(tree: Tree, record: Record) -> None:
    record.in_plan = True


def held(tree: Tree, record: Record) -> None:
    record.held = True


def named_in_line(tree: Tree, record: Record) -> None:
    record.pending = 1


def others_in_line(tree: Tree, record: Record) -> None:
    tree.plan.line.queue.append(iter(()))  # type: ignore[arg-type]


def awaited(tree: Tree, record: Record) -> None:
    tree.plan.line.awaited = record


def starting(tree: Tree, record: Record) -> None:
    tree.plan.mode = "starting"


def stopping(tree: Tree, record: Record) -> None:
    tree.plan.mode = "stopping"


Hindrance = Callable[[Tree, Record], None]


@pytest.mark.parametrize(
    "hinder",
    [in_plan, held, named_in_line, others_in_line, awaited, starting, stopping],
)
def test_whatever_else_concerns_an_end_is_decided_step_by_step(
    hinder: Hindrance,
) -> None:
    tree, record = crashed_before()
    hinder(tree, record)
    former, ticket = known(tree.plan, record), record.ticket
    assert lives_on(tree.plan, record, 7.0) is False
    assert (known(tree.plan, record), record.ticket) == (former, ticket)


@pytest.mark.parametrize(
    "fields",
    [
        {"backoff": LATE},
        {"budget": Budget(9, 9.0)},
        {"restart": "temporary"},
        {"name": "b"},
        {"start_timeout": 1.0},
    ],
)
def test_a_child_with_more_to_it_is_decided_step_by_step(
    fields: dict[str, Any],
) -> None:
    tree = running(child("a"), child("b", **fields))
    record = tree["b"]
    former, ticket = known(tree.plan, record), record.ticket
    assert lives_on(tree.plan, record, 7.0) is False
    assert (known(tree.plan, record), record.ticket) == (former, ticket)


def test_a_child_of_a_group_is_decided_step_by_step() -> None:
    tree = running(child("a"), child("b"), strategy="one_for_all")
    former = known(tree.plan, tree["b"])
    assert lives_on(tree.plan, tree["b"], 7.0) is False
    assert known(tree.plan, tree["b"]) == former


# The end of who was asked for it.


def asked_to_end(tree: Tree, *, by: str) -> Record:
    """A child of a static supervisor that is about to end, as it was asked to."""
    tree.hold()
    if by == "stop":
        tree.root.request_stop("stop")
        tree.settle_now()
    else:
        tree.request(terminate_child, "b")
        tree.settle_now()
    assert tree["b"].asked is not None
    return tree["b"]


@pytest.mark.parametrize("by", ["stop", "request"])
@pytest.mark.parametrize("listed", [True, False])
def test_who_was_asked_rests_as_step_by_step(by: str, listed: bool) -> None:
    def asked() -> tuple[Tree, Record]:
        tree = running(child("a"), child("b", restart="transient"))
        if not listed:
            tree.plan.relist({})
        return tree, asked_to_end(tree, by=by)

    (tree, record), (other, twin) = asked(), asked()
    step_by_step(other, twin, ASKED, 7.0)
    record.up = False
    assert tree.plan.rests(record) == "stopped"
    found, wanted = known(tree.plan, record), known(other.plan, twin)
    found.pop("spec"), wanted.pop("spec")
    found["line"], wanted["line"] = str(found["line"]), str(wanted["line"])
    assert found == wanted
    assert (record.status, record.ready) == ("stopped", False)
    assert record.comes_back is (by == "stop" and listed)
    assert record.overtaken == (record.life if by == "stop" else 0)


def in_the_pool(id: Any = None) -> tuple[Pool, Record]:
    """A child of a dynamic supervisor that is about to end, as it was asked to."""
    pool = Pool()
    pool.add("first")
    pool.starts.append("ok")
    record = pool.plan.add(trio_sup.child(work, id=id))
    pool.root.start(record, supervised=True)
    pool.settle()
    pool.stubborn = True
    pool.carry_out(pool.plan.terminate(record, 7.0))
    return pool, record


@pytest.mark.parametrize("mode", ["running", "stopping"])
def test_who_was_asked_is_forgotten_as_step_by_step(mode: Any) -> None:
    (pool, record), (other, twin) = in_the_pool(), in_the_pool()
    pool.plan.mode = other.plan.mode = mode
    record.undecided = twin.undecided = True
    ticket = record.ticket
    step_by_step(other, twin, ASKED, 7.0)
    record.up = False
    assert pool.plan.rests(record) == "gone"
    found, wanted = known(pool.plan, record), known(other.plan, twin)
    found.pop("spec"), wanted.pop("spec")
    assert found == wanted
    assert (record.status, record.ready, record.undecided) == ("gone", False, False)
    assert record.ticket == twin.ticket == ticket + 1
    assert record.overtaken == (record.life if mode == "stopping" else 0)


@pytest.mark.parametrize("id", ["a", True, 1.0])
def test_an_id_of_the_users_is_forgotten_step_by_step(id: Any) -> None:
    pool, record = in_the_pool(id)
    former = known(pool.plan, record)
    assert pool.plan.rests(record) is None
    assert known(pool.plan, record) == former


@pytest.mark.parametrize("flag", ["in_plan", "held"])
def test_who_is_replaced_or_held_is_decided_step_by_step(flag: str) -> None:
    pool, record = in_the_pool()
    setattr(record, flag, True)
    former = known(pool.plan, record)
    assert pool.plan.rests(record) is None
    assert known(pool.plan, record) == former


def test_whose_place_another_has_is_forgotten_step_by_step() -> None:
    pool, record = in_the_pool()
    pool.plan.core.records[record.id] = pool.plan.core.records["first"]
    former = known(pool.plan, record)
    assert pool.plan.rests(record) is None
    assert known(pool.plan, record) == former
