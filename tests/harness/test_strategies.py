"""Trees, scripts and schedules as Hypothesis draws them."""

from functools import lru_cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from trio_sup import ChildSpec, Supervisor
from trio_sup.testing import (
    EVERYTHING,
    Crash,
    StartAgain,
    SupervisionViolation,
    replay,
)
from trio_sup.testing._run import draws
from trio_sup.testing.strategies import fault_scripts, schedules, trees

from .trees import flat


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees(), schedules(), st.data())
def test_drawn_trees_survive_drawn_scripts(
    tree: ChildSpec[Supervisor], codes: list[int], data: st.DataObject
) -> None:
    script = data.draw(fault_scripts(lambda: tree, faults=EVERYTHING))
    replay(lambda: tree, script, codes)


@lru_cache
def scripts_of_flat() -> st.SearchStrategy[Any]:
    return fault_scripts(flat, faults=[Crash], spare=["flat/a"])


@given(st.data())
@settings(max_examples=50)
def test_scripts_hold_the_kinds_that_were_asked_for(data: st.DataObject) -> None:
    script = data.draw(scripts_of_flat())
    assert len(script) <= 15
    assert {type(fault) for fault in script} <= {Crash}
    assert "flat/a" not in {fault.path for fault in script}


def test_who_waits_for_its_time_is_started_by_hand_before_that_comes() -> None:
    ground = draws.survey(replay(flat, duration=1.0), (), 1.0)
    assert [each.path for each in ground.targets if each.backs_off] == ["flat/d"]
    kinds = (Crash, StartAgain)
    moves = draws.moves_of(kinds)
    early = {
        tuple(draws.script_of(ground, moves, kinds, [(move, 0, 0, amount)]))
        for move in range(len(moves))
        for amount in range(draws.AMOUNTS)
    }
    crash, again = Crash("flat/d", at=0.0), StartAgain("flat/d", at=0.0625)
    assert early >= {(crash, again), (crash, crash, again)}


@pytest.mark.slow
def test_a_script_shrinks_in_a_property_of_the_user() -> None:
    @settings(max_examples=200, database=None)
    @given(fault_scripts(flat, faults=[Crash]))
    def nobody_crashes(script: Any) -> None:
        assert replay(flat, script).crashes("flat/b") == 0, script

    with pytest.raises(AssertionError) as failed:
        nobody_crashes()
    assert not isinstance(failed.value, SupervisionViolation)
    assert "[Crash('flat/b', at=0.0)]" in str(failed.value)
