"""The installed Erlang/OTP, where there is one: what only supervisors ask of it."""

from collections.abc import Callable, Sequence

import pytest

from tests.proof.fuzz import Fuzz
from tests.proof.machine import OracleError, is_available
from tests.proof.supervisors import model
from tests.proof.supervisors.oracle import Oracle
from tests.proof.supervisors.scenario import Scenario, Tree, Worker
from tests.proof.supervisors.subject import Subject
from tests.proof.supervisors.suite import SUPERVISORS
from tests.proof.trace import Trace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_available(), reason="Erlang is not installed"),
]


def test_fuzzing_finds_a_planted_difference_and_shrinks_it() -> None:
    def forgetful(scenario: Scenario) -> Trace:
        trace = model.run(scenario)
        killed = tuple(
            (*event[:3], "shutdown")
            if isinstance(event, tuple) and event[-1] == "killed"
            else event
            for event in trace.events
        )
        return Trace(killed, trace.final)

    def under(codes: Sequence[int]) -> Callable[[Scenario], Trace]:
        return forgetful if any(codes[2:3]) else model.run

    subject = Subject("forgetful", model.run, under=under)
    with Oracle() as oracle:
        if oracle.versions.elixir is None:
            pytest.skip("Elixir is not installed")
        fuzz = Fuzz(SUPERVISORS, subject, seed=0)
        difference = next(fuzz.run(oracle, seconds=60))
    assert difference is not None
    assert len(difference.scenario.script) <= 2
    assert difference.subject.codes[:2] == (0, 0)
    assert len(difference.subject.codes) == 3
    assert "! " in difference.report()


def test_a_scenario_that_does_not_end_is_reported_and_the_next_one_runs() -> None:
    worker = Worker("a", stop="stubborn", shutdown=3_000)
    with Oracle(guard=0.2) as oracle:
        with pytest.raises(OracleError, match="timeout"):
            oracle.run([Scenario(Tree(children=(worker,)))])
        plain = Scenario(Tree(children=(Worker("a"),)))
        assert oracle.run([plain]) == [model.run(plain)]
