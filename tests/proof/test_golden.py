"""The committed traces of OTP: what they show, and that they are whole."""

import lzma
from typing import Any

import pytest

from tests.proof import golden
from tests.proof.named import Named
from tests.proof.servers.suite import SERVERS
from tests.proof.suite import Suite
from tests.proof.supervisors.suite import SUPERVISORS

SUITES: list[Suite[Any]] = [SUPERVISORS, SERVERS]
BY_HAND = [(suite, named) for suite in SUITES for named in suite.named]

each_suite = pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)


@pytest.mark.parametrize(
    ("suite", "named"), BY_HAND, ids=[named.name for _, named in BY_HAND]
)
def test_otp_shows_the_fact(suite: Suite[Any], named: Named[Any]) -> None:
    assert named.missing(golden.by_name(suite)[named.name].trace) == []


@each_suite
def test_recorded_are_the_scenarios_that_are_written_down(suite: Suite[Any]) -> None:
    recorded = {a.name: a.scenario for a in golden.by_name(suite).values()}
    assert recorded == {named.name: named.scenario for named in suite.named}
    assert len(recorded) == len(suite.named)


@each_suite
def test_recorded_are_the_scenarios_that_the_seeds_draw(suite: Suite[Any]) -> None:
    drawn = [a.scenario for a in golden.answers(suite) if a.name is None]
    assert drawn == [suite.draw(seed) for seed in range(suite.recorded)]


@pytest.mark.parametrize(
    ("suite", "largest"),
    [(SUPERVISORS, 400_000), (SERVERS, 300_000)],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_file_has_a_line_for_every_scenario_and_stays_small(
    suite: Suite[Any], largest: int
) -> None:
    content = suite.golden.read_bytes()
    lines = lzma.decompress(content).decode().splitlines()
    assert len(lines) == 1 + len(suite.named) + suite.recorded
    assert len(content) < largest
