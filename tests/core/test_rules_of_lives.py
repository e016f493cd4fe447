"""The rules that decide the hard cases, each on the core alone: lives, lists, messages.

They are those of the page on how it is built; the number is the rule's.
"""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from tests.core.core_play import CRASH, Broken
from tests.core.rule_tree import (
    ABC,
    LATE,
    Tree,
    another,
    changed,
    child,
    die,
    running,
    work,
)
from tests.core.sync_shell import Reply
from tests.core.sync_world import Record
from trio_sup import ChildSpec, Exit, Ignore, RestartLimitExceeded, Stop
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import is_fatal, stop_in
from trio_sup._core.judge import classify
from trio_sup._core.plan.doing import MoveNames, Settle
from trio_sup._core.plan.requests import start_child, terminate_child


class Cancelled(BaseException):
    """Stands for Trio's."""


class NotAsked:
    """Nobody meant the life to end."""

    asked = cut_short = None
    forced = False


def group(*members: BaseException) -> BaseException:
    return BaseExceptionGroup("g", members)


def judged(raised: BaseException, outcome: Exit) -> Exit:
    meant = NotAsked()
    exit, _, _ = classify(
        meant, raised, Cancelled, cancelled=False, ready=True, outcome=outcome
    )
    return exit


# 4. Giving up, to whoever is above.


def test_rule_4_who_gave_up_is_in_order_a_function_that_raises_the_same_crashed() -> (
    None
):
    gave_up = RestartLimitExceeded("s", 1, 5.0, [])
    own = Exit("shutdown", "gave up", gave_up)
    assert judged(gave_up, own) is own
    assert judged(RestartLimitExceeded("s", 1, 5.0, []), own).kind == "crashed"


def test_rule_4_a_group_is_a_shutdown_if_all_its_leaves_are_fatal_if_one_is() -> None:
    done = Stop("done")
    assert stop_in(group(done, group(Stop()))) is done
    assert stop_in(group(done, ValueError())) is None
    assert is_fatal(group(Cancelled(), group(KeyboardInterrupt())), Cancelled)
    assert not is_fatal(group(Cancelled(), group(ValueError())), Cancelled)


# 7. Names.


def test_rule_7_who_is_quarantined_keeps_its_name_and_who_is_stopped_does_not() -> None:
    budget = trio_sup.Budget(0, 5.0, "quarantine")
    tree = running(child("a", name="a", budget=budget), child("b", name="b"))
    tree.crash("a")
    tree.request(terminate_child, "b", names="b")
    tree.settle()
    assert tree.world.names == {"a": tree["a"]}


# 11. No deadlocks by design: a caller that is gone.


def test_rule_11_a_caller_that_is_gone_does_not_undo_what_was_asked_of_a_child() -> (
    None
):
    tree = running(*ABC)
    tree.hold()
    reply = tree.request(terminate_child, "b", names="b")
    tree.settle_now()
    (request,) = tree.root.replies
    request.withdrawn = True
    tree.let_go("b")
    assert tree["b"].status == "stopped"
    assert reply.answers == [("ok", None)]


# 13. Keep: a mailbox is put away when its child is told to be at rest, not before.


def settled_by(tree: Tree, id: str, exit: Exit) -> bool:
    record = die(tree, id)
    dos = tree.plan.ended(record, exit, 0.0, ready=True)
    return Settle(record) in dos


@pytest.mark.parametrize("backoff", [None, LATE])
def test_rule_13_while_a_next_life_is_coming_what_is_kept_waits(backoff: Any) -> None:
    tree = running(child("a", backoff=backoff))
    assert not settled_by(tree, "a", CRASH)


@pytest.mark.parametrize("restart", ["temporary", "transient"])
def test_rule_13_when_no_next_life_is_coming_all_who_wait_are_answered(
    restart: Any,
) -> None:
    tree = running(child("a", restart=restart))
    exit = CRASH if restart == "temporary" else Exit("normal")
    assert settled_by(tree, "a", exit)
    gave_up = running(child("a"), max_restarts=0)
    assert settled_by(gave_up, "a", CRASH)


# 16. Ready.


async def signals(*, task_status: object = None) -> None:
    """Says when it is ready; never run."""


def test_rule_16_arguments_are_bound_and_readiness_is_found_when_a_spec_is_built() -> (
    None
):
    assert trio_sup.child(signals).signals_ready
    assert not trio_sup.child(work).signals_ready
    assert not trio_sup.child(signals, ready="spawned").signals_ready
    target: Any = work
    with pytest.raises(ChildSpecError, match="args"):
        trio_sup.child(target, 1)
    with pytest.raises(ChildSpecError, match="args"):
        trio_sup.child(target, ready="signalled")


@pytest.mark.parametrize("error", [None, Stop(), Broken()], ids=repr)
def test_rule_16_to_end_before_it_is_ready_is_a_failed_start(
    error: Exception | None,
) -> None:
    tree = running()
    reply = start_that_ends(tree, child("a", name="a"), error)
    assert [why for why, _ in reply.answers] == ["not_started"]
    assert not tree.plan.core.records  # nothing is left of it
    assert not tree.world.names


def test_rule_16_only_ignore_means_that_it_is_not_needed() -> None:
    tree = running()
    start_that_ends(tree, child("a"), Ignore())
    assert tree["a"].status == "stopped"
    assert tree.began == ["a"]


def start_that_ends(tree: Tree, spec: ChildSpec[Any], error: Exception | None) -> Reply:
    tree.start("hold")
    reply = tree.request(start_child, spec)
    tree.settle()
    record = tree[str(spec.id)]
    assert (record.up, record.ready) == (True, False)
    tree.world.over(record, record.life, error)
    tree.settle()
    return reply


# 17. Another list.


def ids(tree: Tree) -> list[str]:
    return [str(id) for id in tree.plan.core.records]


def test_rule_17_what_ends_ends_then_the_list_is_another_then_what_is_new_starts() -> (
    None
):
    tree = running(child("a", name="n"), child("b"), child("c"))
    seen: list[tuple[str, str, list[str]]] = []
    tree.world.on_over = lambda record, *_: seen.append(
        ("over", record.label, ids(tree))
    )
    tree.world.on_begin = lambda record: seen.append(("begin", record.label, ids(tree)))
    reply = changed(tree, child("c"), another("b"), child("d", name="n"))
    assert [what for what, _ in reply.answers] == ["ok"]
    before, after = ["a", "b", "c"], ["c", "b", "d"]
    assert seen == [
        ("over", "b", before),
        ("over", "a", before),
        ("begin", "b", after),
        ("begin", "d", after),
    ]
    assert tree["c"].life == 1
    assert tree.world.names == {"n": tree["d"]}


def test_rule_17_its_names_change_in_one_step() -> None:
    tree = running(child("a", name="n"))
    moves: list[MoveNames[Record]] = []
    move = tree.world.move_names

    def note(free: Any, take: Any) -> None:
        moves.append(MoveNames(tuple(free), tuple(take)))
        move(free, take)

    tree.world.move_names = note  # type: ignore[method-assign]
    a = tree["a"]
    changed(tree, child("b", name="n"))
    assert moves == [MoveNames(((a, "n"),), (tree["b"],))]


def test_rule_17_a_start_that_fails_takes_the_way_back() -> None:
    tree = running(child("a"), child("b"))
    tree.start("fail")
    b = tree["b"]
    reply = changed(tree, child("a"), another("b"), child("c"))
    assert [what for what, _ in reply.answers] == ["rolled_back"]
    assert ids(tree) == ["a", "b"]
    assert tree["b"] is b
    assert (b.spec.target, b.status) == (work, "running")
    assert tree.own.spec.flags is not None
    assert [spec.id for spec in tree.own.spec.flags.children] == ["a", "b"]


def test_rule_17_a_stop_overtakes_it_and_what_was_not_finished_is_undone() -> None:
    tree = running(child("a"), child("b"))
    tree.start("hold")
    reply = changed(tree, child("a"), another("b"), child("c"))
    tree.root.request_stop("the end")
    tree.settle()
    assert [what for what, _ in reply.answers] == ["stopping"]
    assert not tree.own.up
    assert ids(tree) == ["a", "b"]
    assert tree["b"].spec.target is work
