"""Whatever happens: ends in one step come to the same as ends step by step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

import trio_sup
from tests.core import sync_shell
from tests.core.core_play import (
    HAPPENINGS,
    RESTARTS,
    CorePlay,
    Op,
    State,
    trees,
    work,
)
from tests.core.sync_world import Record
from trio_sup import ChildSpec
from trio_sup._core.plan.at_once import lives_on
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.state import ChildState

# A busy machine is no reason to doubt the examples.
SLOW = [HealthCheck.too_slow]
LAWS = settings(max_examples=60, deadline=None, suppress_health_check=SLOW)


@st.composite
def plain_trees(draw: st.DrawFn) -> ChildSpec[Any]:
    """Children whose ends are mostly decided in one step, with others beside them."""
    children: list[ChildSpec[Any]] = [
        trio_sup.child(work, id=f"w{number}", restart=draw(st.sampled_from(RESTARTS)))
        for number in range(draw(st.integers(1, 3)))
    ]
    if draw(st.booleans()):
        children.append(draw(trees(1, "s")))
    limit = draw(st.integers(1, 6))
    return trio_sup.supervisor(children, id="root", max_restarts=limit, max_seconds=5)


ALONE = trio_sup.supervisor([trio_sup.child(work, id="w0")], id="root")
TREES = st.one_of(plain_trees(), plain_trees(), trees())
ENDS = ["crash", "crash", "crash", "terminate", "start", "restart"]
OPS: st.SearchStrategy[list[Op]] = st.lists(
    st.builds(
        Op,
        st.sampled_from([*ENDS, *ENDS, *HAPPENINGS]),
        st.integers(0, 1),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=25,
)


def state(play: CorePlay) -> State:
    """All that is known, but for tickets: a restart step by step takes two."""
    ticket = 10
    return [(*row[:ticket], *row[ticket + 1 :]) for row in play.state()]


def played(spec: ChildSpec[Any], ops: list[Op], *, in_one_go: bool) -> list[State]:
    """What is to be seen after each step; a hook would be told of the ends."""
    play = CorePlay(spec)
    play.world.in_one_go = in_one_go
    play.begin()
    play.world.settle()
    seen = [state(play)]
    for op in ops:
        if op.what != "hook":
            play.do(op)
            seen.append(state(play))
    seen.append([tuple(map(str, asked.reply.answers)) for asked in play.asked])
    play.finish()
    return [*seen, state(play)]


@LAWS
@given(TREES, OPS)
def test_an_end_in_one_step_comes_to_the_same(
    spec: ChildSpec[Any], ops: list[Op]
) -> None:
    assert played(spec, ops, in_one_go=True) == played(spec, ops, in_one_go=False)


def all_of(plan: Plan[Record], record: Record) -> list[object]:
    fields = [getattr(record, name) for name in ChildState.__slots__]
    used, line = plan.core.window.used(0.0), plan.line
    return [*fields, plan.mode, plan.living, used, len(line.queue), line.awaited]


def test_what_is_not_decided_in_one_step_is_left_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: set[bool] = set()

    def looked_at(plan: Plan[Record], record: Record, now: float) -> bool:
        before = all_of(plan, record)
        done = lives_on(plan, record, now)
        said.add(done)
        assert done or all_of(plan, record) == before
        return done

    monkeypatch.setattr(sync_shell, "lives_on", looked_at)

    @LAWS
    @given(TREES, OPS)
    @example(ALONE, [Op("crash")])
    @example(ALONE, [Op("crash"), Op("crash", settle=False)])
    def search(spec: ChildSpec[Any], ops: list[Op]) -> None:
        played(spec, ops, in_one_go=True)

    search()
    assert said == {True, False}
