"""What holds of the core whatever happens, in whatever order."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from tests.core.core_play import OPS, CorePlay, Op, trees
from trio_sup import ChildSpec

LAWS = settings(max_examples=150, deadline=None)

REFUSALS = {
    "no_such_child",
    "already_started",
    "already_present",
    "not_stopped",
    "max_children",
    "changed",
}
"""After these nothing has happened. A start that failed has left its traces."""


def played(spec: ChildSpec[Any], ops: list[Op]) -> CorePlay:
    play = CorePlay(spec)
    play.begin()
    play.world.settle()
    for op in ops:
        play.do(op)
    return play


@LAWS
@given(trees(), OPS)
def test_every_life_ends_once_and_the_tree_always_ends(
    spec: ChildSpec[Any], ops: list[Op]
) -> None:
    # That no two lives overlap, and that none begins after a stop, is asserted where
    # they begin (`Shell.start`).
    play = played(spec, ops)
    play.finish()
    assert not play.own.up
    for record, (begun, over) in play.lives.items():
        assert begun == over, record
        assert not record.up
    for shell in play.shells():
        assert shell.plan.mode == "down"
        assert shell.plan.living == 0
        assert not shell.plan.line.queue
        assert not shell.plan.line.busy


@LAWS
@given(trees(), OPS)
def test_every_request_is_answered_once(spec: ChildSpec[Any], ops: list[Op]) -> None:
    play = played(spec, ops)
    play.finish()
    for asked in play.asked:
        assert len(asked.reply.answers) == 1, asked


@LAWS
@given(trees(), OPS)
def test_a_refused_request_leaves_the_state_as_it_was(
    spec: ChildSpec[Any], ops: list[Op]
) -> None:
    play = CorePlay(spec)
    play.begin()
    play.world.settle()
    for op in ops:
        if op.what == "hook":
            continue  # it would change the state by itself
        before, count = play.state(), len(play.asked)
        stopping = any(shell.plan.mode == "stopping" for shell in play.shells())
        play.do(Op(op.what, op.supervisor, op.child))
        for asked in play.asked[count:]:
            (answer, _) = asked.reply.answers[0] if asked.reply.answers else ("", None)
            # In one that runs it is the answer of what was overtaken in the middle.
            at_once = answer in REFUSALS or (answer == "stopping" and stopping)
            assert not at_once or play.state() == before, (op, answer)


@LAWS
@given(trees(), OPS)
def test_who_rests_is_at_rest(spec: ChildSpec[Any], ops: list[Op]) -> None:
    play = played(spec, ops)
    play.stubborn = False
    play.starts.clear()
    for shell in play.shells():
        shell.refuses = None
    # No further start fails: it would only begin another backoff.
    play.starts = [start for start in play.starts if start == "hold"]
    play.do(Op("ready"))
    play.world.now += 1000
    play.world.settle()
    for record in play.records():
        if record.above is not None and not record.above.alive:
            continue
        assert record.pending == 0, record
        assert not record.undecided, record
        if not any("hold" in (op.what, *play.starts) for op in ops):
            assert record.up == (record.status == "running"), record
            assert not record.in_plan, record


@LAWS
@given(trees(), OPS)
def test_the_same_program_ends_the_same_way(
    spec: ChildSpec[Any], ops: list[Op]
) -> None:
    assert played(spec, ops).state() == played(spec, ops).state()
