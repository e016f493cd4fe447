"""The installed Erlang/OTP, where there is one, is asked about both suites."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.proof import golden
from tests.proof.fuzz import Fuzz
from tests.proof.machine import is_available
from tests.proof.servers import __main__ as servers, subject as of_servers
from tests.proof.servers.suite import SERVERS
from tests.proof.suite import Subject, Suite
from tests.proof.supervisors import __main__ as supervisors
from tests.proof.supervisors.subject import MODEL
from tests.proof.supervisors.suite import SUPERVISORS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not is_available() or shutil.which("elixir") is None,
        reason="Erlang and Elixir are not both installed",
    ),
]

SUITES: list[Suite[Any]] = [SUPERVISORS, SERVERS]
SUBJECTS: list[tuple[Suite[Any], Subject[Any]]] = [
    (SUPERVISORS, MODEL),
    (SERVERS, of_servers.TRIO_SUP),
]


def name_of(value: Suite[Any] | Subject[Any]) -> str:
    return value.name


@pytest.mark.parametrize("suite", SUITES, ids=name_of)
def test_the_recorded_answers_are_those_of_the_installed_otp(suite: Suite[Any]) -> None:
    sample = golden.answers(suite)[3::10]
    with suite.oracle() as oracle:
        traces = oracle.run([answer.scenario for answer in sample])
    for answer, trace in zip(sample, traces, strict=True):
        told = suite.in_one_form(answer.scenario, trace)
        assert suite.in_newest_words(answer.scenario, told) == suite.in_newest_words(
            answer.scenario, answer.trace
        )


@pytest.mark.parametrize(("suite", "subject"), SUBJECTS, ids=name_of)
def test_there_is_no_difference_in_fresh_scenarios(
    suite: Suite[Any], subject: Subject[Any]
) -> None:
    with suite.oracle() as oracle:
        fuzz = Fuzz(suite, subject, seed=77_000_000)
        assert next(fuzz.run(oracle, seconds=60)) is None


PLAIN_WORKER = {"tree": {"children": [{"id": "a"}]}, "script": [["kill", "a"]]}
PLAIN_SERVER = {"servers": {"s": {}}, "script": [["start", "s"], ["shutdown", "s"]]}


@pytest.mark.parametrize(
    ("main", "question", "shown"),
    [
        (supervisors.main, PLAIN_WORKER, "[stop, a, 1, killed]"),
        (servers.main, PLAIN_SERVER, "[s, terminate, 1, shutdown, 0]"),
    ],
)
def test_ask_shows_what_otp_does(
    main: Callable[[], int],
    question: object,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(question)))
    monkeypatch.setattr(sys, "argv", ["proof", "ask"])
    assert main() == 0
    assert shown in capsys.readouterr().out
