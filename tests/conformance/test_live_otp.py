"""The installed Erlang/OTP, where there is one."""

import io
import json
import sys
from collections.abc import Callable, Sequence

import pytest

from trio_sup.testing import model
from trio_sup.testing.conformance._compare import normalise
from trio_sup.testing.conformance._subject import MODEL, Subject
from trio_sup.testing.scenario import Scenario, Trace, Tree, Worker

from . import __main__ as commands, golden
from .fuzz import Fuzz
from .oracle import Oracle, OracleError, is_available

pytestmark = pytest.mark.skipif(not is_available(), reason="Erlang is not installed")


def is_comparable(oracle: Oracle) -> bool:
    """Whether this OTP may be held to the recorded answers."""
    return oracle.versions.elixir is not None


def test_the_recorded_answers_are_those_of_the_installed_otp() -> None:
    _, answers = golden.load()
    sample = answers[::10]
    with Oracle() as oracle:
        if not is_comparable(oracle):
            pytest.skip("Elixir is not installed")
        traces = oracle.run([answer.scenario for answer in sample])
    for answer, trace in zip(sample, traces, strict=True):
        assert normalise(answer.scenario, trace) == answer.trace


def test_the_model_agrees_on_fresh_scenarios() -> None:
    with Oracle() as oracle:
        if not is_comparable(oracle):
            pytest.skip("Elixir is not installed")
        assert next(Fuzz(MODEL, seed=77_000_000).run(oracle, seconds=60)) is None


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
        if not is_comparable(oracle):
            pytest.skip("Elixir is not installed")
        difference = next(Fuzz(subject, seed=0).run(oracle, seconds=60))
    assert difference is not None
    assert len(difference.scenario.script) <= 2
    assert difference.codes[:2] == [0, 0]
    assert len(difference.codes) == 3
    assert "! " in difference.report(subject)


def test_a_scenario_that_does_not_end_is_reported_and_the_next_one_runs() -> None:
    worker = Worker("a", stop="stubborn", shutdown=3_000)
    with Oracle(guard=0.2) as oracle:
        with pytest.raises(OracleError, match="timeout"):
            oracle.run([Scenario(Tree(children=(worker,)))])
        plain = Scenario(Tree(children=(Worker("a"),)))
        assert oracle.run([plain]) == [model.run(plain)]


def test_ask_shows_what_otp_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    question = {"tree": {"children": [{"id": "a"}]}, "script": [["kill", "a"]]}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(question)))
    monkeypatch.setattr(sys, "argv", ["conformance", "ask"])
    assert commands.main() == 0
    assert "[stop, a, 1, killed]" in capsys.readouterr().out
