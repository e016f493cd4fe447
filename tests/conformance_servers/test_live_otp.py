"""The installed Erlang/OTP, where there is one."""

import io
import shutil
import sys

import pytest

from tests.conformance.machine import OracleError, is_available
from trio_sup.testing.scenario import Trace

from . import __main__ as commands, golden, oracle as oracles, trio_driver
from .fuzz import Fuzz
from .oracle import Oracle
from .releases import in_newest_words
from .scenario import Scenario, read

pytestmark = pytest.mark.skipif(
    not is_available() or shutil.which("elixir") is None,
    reason="Erlang and Elixir are not both installed",
)


def test_the_recorded_answers_are_those_of_the_installed_otp() -> None:
    _, answers = golden.load()
    sample = answers[3::10]
    with Oracle() as oracle:
        traces = oracle.run([answer.scenario for answer in sample])
    for answer, trace in zip(sample, traces, strict=True):
        recorded = in_newest_words(answer.scenario, answer.trace)
        assert in_newest_words(answer.scenario, trace) == recorded


def test_whether_a_server_lives_is_asked_without_a_turn_for_it() -> None:
    """OTP 29's own `is_process_alive/1` lets it run: it ends before the call."""
    to_its_name = ["call", ["via", "u", "n"], "m2", []]
    for asking in (to_its_name, ["cast", ["via", "u", "n"], "m2", []]):
        steps = [["send", "s", "m1", [["stop", "normal"]]], asking]
        named = {"s": {"name": ["u", "n", 0]}}
        scenario = read({"servers": named, "script": [["start", "s"], ["do", steps]]})
        with Oracle() as oracle:
            (trace,) = oracle.run([scenario])
        assert "noproc" not in str(trace)
        assert "lost" not in str(trace)


def test_a_stop_met_by_the_end_that_it_asked_for_reads_the_same_on_every_release() -> (
    None
):
    ends = {"s": {"terminate": [["gate", "g"]]}}
    normal = ["do", [["sys", "stop", "s", "normal"]]]
    script = [["start", "s"], normal, normal, ["open", "g"]]
    scenario = read({"servers": ends, "script": script})
    with Oracle() as oracle:
        (trace,) = oracle.run([scenario])
    told = in_newest_words(scenario, trace)
    assert [e for e in told.events if isinstance(e, tuple) and e[1] == "stop"] == [
        ("c1", "stop", "s", ("ok", "ok")),
        ("c2", "stop", "s", ("ok", "ok")),
    ]


def test_trio_sup_agrees_on_fresh_scenarios() -> None:
    with Oracle() as oracle:
        assert next(Fuzz(seed=77_000_000).run(oracle, seconds=60)) is None


def test_fuzzing_finds_a_planted_difference_and_shrinks_it() -> None:
    def forgetful(scenario: Scenario) -> Trace:
        trace = trio_driver.run(scenario)
        heard = tuple(e for e in trace.events if "down" not in str(e))
        return Trace(heard, trace.final)

    with Oracle() as oracle:
        difference = next(Fuzz(seed=0, run_ours=forgetful).run(oracle, seconds=60))
    assert difference is not None
    steps = sum(op != ("do", ()) for op in difference.scenario.script)
    assert steps <= 3
    assert "! " in difference.report()


def test_a_scenario_that_does_not_end_is_reported_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oracles, "GUARD_MS", 200)
    work = ["continue", "c", [["stop", "normal"]]]
    again = {"s": {"init": [work], "restart": "permanent"}}
    start = [["start", "s"]]
    with Oracle() as oracle:
        with pytest.raises(OracleError, match=r"init_it|servers_keeper"):
            oracle.run([read({"servers": again, "script": start})])
        (trace,) = oracle.run([read({"servers": {"s": {}}, "script": start})])
    assert ("parent of s", "start", "ok") in trace.events


def test_ask_shows_what_both_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    question = '{"servers": {"s": {}}, "script": [["start", "s"], ["shutdown", "s"]]}'
    monkeypatch.setattr(sys, "stdin", io.StringIO(question))
    monkeypatch.setattr(sys, "argv", ["conformance_servers", "ask"])
    assert commands.main() == 0
    assert "[s, terminate, 1, shutdown, 0]" in capsys.readouterr().out
