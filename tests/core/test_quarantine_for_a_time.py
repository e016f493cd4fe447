"""A child that its budget puts down for a time, and what hands do to one that lives."""

from __future__ import annotations

import pytest

from tests.core.core_play import CRASH
from tests.core.pool import Pool, refusal
from tests.core.rule_tree import ABC, child, die, running
from trio_sup import Budget
from trio_sup._core import events
from trio_sup._core.plan.doing import Changed, Refused, Settle, Start, Tell, Wake
from trio_sup._core.plan.quarantine import quarantine, release
from trio_sup._core.plan.requests import hold_child, release_child
from trio_sup._core.strategy import Quarantine

SHORT = Budget(0, 5.0, "quarantine", release_after=3.0)


def test_what_is_to_be_done_is_to_tell_and_to_look_again_when_the_time_is_over() -> (
    None
):
    tree = running(child("a", budget=SHORT))
    record = tree["a"]
    told, wake, changed = quarantine(record, Quarantine(3.0), 7.0)
    assert isinstance(told, Tell)
    assert told.make is events.ChildQuarantined
    assert wake == Wake(10.0, record, record.ticket)
    assert changed == Changed(record)


def test_for_good_it_comes_to_rest_instead() -> None:
    tree = running(child("a", budget=SHORT))
    settle, told = quarantine(tree["a"], Quarantine(), 7.0)
    assert settle == Settle(tree["a"])
    assert isinstance(told, Tell)


def test_a_release_is_told_and_begins_the_next_life() -> None:
    tree = running(child("a", budget=SHORT))
    record = die(tree, "a")
    tree.plan.core.on_exit(record, CRASH, 1.0)
    assert record.awaits_release
    told, start = release(tree.plan.core, record, 4.0)
    assert told == Tell(events.ChildReleased, (4.0, "root/a", 1))
    assert start == Start(record)
    assert record.status == "restarting"


def test_it_goes_down_is_released_in_time_and_goes_down_again() -> None:
    tree = running(child("a", budget=SHORT), child("b"))
    kinds = (events.ChildQuarantined, events.ChildReleased)
    for time in (1, 2):
        tree.crash("a")
        tree.settle_now()
        assert tree["a"].status == "quarantined"
        tree.world.now = 3.0 * time
        tree.settle()
        assert (tree["a"].status, tree["a"].life) == ("running", 1 + time)
        assert (events.ChildReleased, 3.0 * time, "root/a", time) in tree.world.told
        told = [kind for kind in tree.told() if kind in kinds]
        assert told == [*kinds] * time
    assert tree["b"].life == 1


def test_a_child_that_is_held_lives_on_and_the_hand_is_told_of() -> None:
    tree = running(*ABC)
    tree.world.told.clear()
    tree.request(hold_child, "b")
    tree.settle()
    assert (tree["b"].held, tree["b"].status, tree["b"].life) == (True, "running", 1)
    tree.request(release_child, "b")
    tree.settle()
    assert tree["b"].held is False
    now = tree.world.now
    assert tree.world.told == [
        (events.Requested, now, "root/b", 1, "hold_child"),
        (events.Requested, now, "root/b", 1, "release_child"),
    ]
    tree.crash("b")
    tree.settle()
    assert (tree["b"].status, tree["b"].life) == ("running", 2)


@pytest.mark.parametrize("held", [False, True])
def test_only_a_living_child_that_is_held_can_be_released(held: bool) -> None:
    tree = running(*ABC)
    tree["b"].held = held
    if held:
        tree.crash("b")
        tree.settle()
        assert tree["b"].status == "quarantined"
    steps = release_child(tree.plan, "b")
    with pytest.raises(Refused) as info:
        next(steps)
    assert (info.value.why, info.value.record) == ("changed", tree["b"])


def test_a_release_by_hand_shows_the_record_anew() -> None:
    tree = running(*ABC)
    tree["b"].held = True
    (do,) = release_child(tree.plan, "b")
    assert do == (
        Tell(events.Requested, (tree.plan.now, "root/b", 1, "release_child")),
        Changed(tree["b"]),
    )


def test_hands_hold_and_release_a_dynamic_child() -> None:
    pool = Pool()
    record = pool.add("a")
    held = pool.carry_out(pool.plan.hold(record, 7.0))
    assert record.held is True
    assert held == [
        Tell(events.Requested, (7.0, "root/a", 1, "hold_child")),
        Changed(record),
    ]
    released = pool.carry_out(pool.plan.release(record, 8.0))
    assert record.held is False
    assert released == [
        Tell(events.Requested, (8.0, "root/a", 1, "release_child")),
        Changed(record),
    ]
    assert refusal(lambda: pool.plan.release(record, 9.0))[0] == "changed"
    record.held = True
    pool.crash(record)
    assert record.status == "quarantined"
    assert refusal(lambda: pool.plan.release(record, 9.0))[0] == "changed"
