"""A change of a running tree, whatever it changes and whatever goes wrong meanwhile."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

from hypothesis import given, settings, strategies as st

from tests.core.core_play import Op, Start
from tests.core.reconfigure_play import (
    ReconfigurePlay,
    holds,
    ops,
    pairs,
    renewed,
    rows,
)
from trio_sup import ChildSpec
from trio_sup._core.plan.static import StaticPlan

LAWS = settings(max_examples=100, deadline=None)

Pair: TypeAlias = tuple[ChildSpec[Any], ChildSpec[Any]]


def names_in(spec: ChildSpec[Any], path: str = "root") -> set[tuple[str, Hashable]]:
    """All names in a tree, each with the path of the supervisor that it is below."""
    found: set[tuple[str, Hashable]] = set()
    for each in () if spec.flags is None else spec.flags.children:
        found |= {(path, each.name)} if each.name is not None else set()
        found |= names_in(each, f"{path}/{each.id}")
    return found


def begun(spec: ChildSpec[Any]) -> ReconfigurePlay:
    play = ReconfigurePlay(spec)
    play.begin()
    play.world.settle()
    return play


def quiet_change(old: ChildSpec[Any], new: ChildSpec[Any]) -> None:
    play = begun(old)
    before = {record.path_text: record for record in play.records()}
    both = names_in(old) & names_in(new)
    play.never_free = {name for _, name in both} & play.world.names.keys()
    reply = play.ask_change(new)
    play.world.settle()
    assert [what for what, _ in reply.answers] == ["ok"], reply.errors
    made, flags = reply.answers[0][1], new.flags
    assert flags is not None
    holds(play.own, flags, fresh=True)
    fresh = begun(new)
    assert list(rows(play.own)) == list(rows(fresh.own))
    held = {name: record.path_text for name, record in play.world.names.items()}
    assert held == {n: record.path_text for n, record in fresh.world.names.items()}
    assert not play.free, play.free
    lives = {record.path_text: record for record in play.records()}
    for change in made.children:
        record = lives.get(change.path)
        if change.action in ("keep", "update"):
            assert record is not None
            assert record is before[change.path]
            assert record.life == 1, change
        elif change.action == "stop":
            assert record is None
            assert before[change.path].status == "gone"
            assert before[change.path].settled
        elif record is before.get(change.path):
            assert record is not None
            assert record.life == 2, change
    expected = renewed(old, new, "root")
    for path, record in lives.items():
        if path in before and path != "root":
            another = record is not before[path] or record.life == 2
            assert another == (path in expected), (path, expected)
    in_order(play, old, new)
    again = play.ask_change(new)
    play.world.settle()
    assert again.answers[0][1].empty, str(again.answers[0][1])
    play.finish()
    everything_ended_once(play)


def in_order(play: ReconfigurePlay, old: ChildSpec[Any], new: ChildSpec[Any]) -> None:
    """Assert that the root's children ended last to first, and began first to last."""
    assert old.flags is not None
    assert new.flags is not None
    before = [f"root/{spec.id}" for spec in old.flags.children]
    ended = [path for path in play.ended if path in before]
    assert ended == [path for path in reversed(before) if path in ended]
    after = [f"root/{spec.id}" for spec in new.flags.children]
    begun_now = [path for path in play.begun if path in after]
    assert begun_now == [path for path in after if path in begun_now]


def everything_ended_once(play: ReconfigurePlay) -> None:
    assert not play.own.up
    for record, (begun_lives, over) in play.lives.items():
        assert begun_lives == over, record
        assert not record.up
        assert not record.in_plan, record
        assert not record.undecided, record
    assert not play.world.names, play.world.names
    for shell in play.shells():
        assert shell.plan.living == 0
        assert shell.plan.line.idle


@LAWS
@given(pairs(quiet=True))
def test_a_changed_tree_equals_a_fresh_one_but_for_the_lives_it_kept(
    pair: Pair,
) -> None:
    quiet_change(*pair)


def faulty_change(
    old: ChildSpec[Any],
    new: ChildSpec[Any],
    before: list[Op],
    meanwhile: list[Op],
) -> None:
    play = begun(old)
    for op in before:
        play.do(op)
    if play.root.plan.mode != "running":
        return
    former = play.own.spec.flags
    reply = play.ask_change(new)
    for op in meanwhile:
        play.do(op)
    play.calm()
    withdrawn = not reply.answers
    answers = [what for what, _ in reply.answers]
    assert len(answers) == 1 or (withdrawn and play.made is None), answers
    assert not play.free, play.free
    plan = play.root.plan
    assert isinstance(plan, StaticPlan)
    assert former is not None
    assert new.flags is not None
    done = answers == ["ok"]
    if play.own.up and plan.mode == "running":
        if done:
            holds(play.own, new.flags)
        else:
            assert plan.flags is former, answers
        at_rest(play)
    else:
        assert plan.flags is (new.flags if done else former)
    # Another life of the same supervisor goes by one list or the other, whole.
    play.finish()
    everything_ended_once(play)
    assert plan.change is None
    listed = [plan.originals.get(n) for n in range(len(plan.flags.children))]
    for spec, record in zip(plan.flags.children, listed, strict=True):
        if record is not None and record.status != "gone":
            assert record.spec.target == spec.target, record
            assert record.spec.name == spec.name, record


def at_rest(play: ReconfigurePlay) -> None:
    """Assert that nothing waits for something that never comes."""
    for record in play.records():
        if record.above is not None and not record.above.alive:
            continue
        assert record.pending == 0, record
        assert not record.undecided, record
        assert not record.in_plan, record
        assert record.up == (record.status == "running"), record
        if not record.up and record.status != "quarantined":
            assert record.status in ("stopped", "starting", "gone"), record


@LAWS
@given(pairs(), ops(3), ops(6))
def test_whatever_goes_wrong_meanwhile_one_list_holds_and_all_of_it(
    pair: Pair, before: list[Op], meanwhile: list[Op]
) -> None:
    faulty_change(*pair, before, meanwhile)


@LAWS
@given(pairs(quiet=True), st.integers(0, 6))
def test_a_start_that_fails_brings_the_former_tree_back(pair: Pair, at: int) -> None:
    failed_change(*pair, at)


def failed_change(old: ChildSpec[Any], new: ChildSpec[Any], at: int) -> None:
    play = begun(old)
    names = dict(play.world.names)
    former = list(rows(play.own))
    records = [record.path_text for record in play.records()]
    starts_well: list[Start] = ["ok"]
    starts: list[Start] = ["fail"]
    play.starts = starts + starts_well * at  # taken from the end
    reply = play.ask_change(new)
    play.world.settle()
    (answer, _), failed = reply.answers[0], not play.starts
    if answer == "ok" or not failed:
        return
    assert answer == "rolled_back"
    play.calm()
    assert old.flags is not None
    holds(play.own, old.flags, fresh=True)
    assert list(rows(play.own)) == former
    assert [record.path_text for record in play.records()] == records
    held = {name: record.path_text for name, record in play.world.names.items()}
    assert held == {name: record.path_text for name, record in names.items()}
    play.finish()
    everything_ended_once(play)
