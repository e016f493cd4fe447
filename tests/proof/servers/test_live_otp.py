"""The installed Erlang/OTP, where there is one: what only servers ask of it."""

import shutil

import pytest

from tests.proof.fuzz import Fuzz
from tests.proof.machine import OracleError, is_available
from tests.proof.servers import oracle as oracles, trio_driver
from tests.proof.servers.oracle import Oracle
from tests.proof.servers.releases import in_newest_words
from tests.proof.servers.scenario import Scenario, read
from tests.proof.servers.subject import Subject
from tests.proof.servers.suite import SERVERS
from tests.proof.trace import Trace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_available() or shutil.which("elixir") is None,
        reason="Erlang and Elixir are not both installed",
    ),
]


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


def test_fuzzing_finds_a_planted_difference_and_shrinks_it() -> None:
    def forgetful(scenario: Scenario) -> Trace:
        trace = trio_driver.run(scenario)
        heard = tuple(e for e in trace.events if "down" not in str(e))
        return Trace(heard, trace.final)

    with Oracle() as oracle:
        difference = next(
            Fuzz(SERVERS, Subject("forgetful", forgetful), seed=0).run(
                oracle, seconds=60
            )
        )
    assert difference is not None
    steps = sum(op != ("do", ()) for op in difference.scenario.script)
    assert steps <= 3
    assert "! " in difference.report()


def test_a_scenario_that_does_not_end_is_reported_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(oracles, "GUARD_MS", 1000)
    work = ["continue", "c", [["stop", "normal"]]]
    again = {"s": {"init": [work], "restart": "permanent"}}
    start = [["start", "s"]]
    with Oracle() as oracle:
        with pytest.raises(OracleError, match=r"init_it|servers_keeper"):
            oracle.run([read({"servers": again, "script": start})])
        (trace,) = oracle.run([read({"servers": {"s": {}}, "script": start})])
    assert ("parent of s", "start", "ok") in trace.events
