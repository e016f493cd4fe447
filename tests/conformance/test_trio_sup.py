"""trio-sup does what real OTP does, but for the named deviations."""

from functools import lru_cache

import pytest
from hypothesis import given

from trio_sup.testing import model
from trio_sup.testing.scenario import Scenario, Trace

from . import golden, trio_driver
from .compare import Deviation, expected, observed, side_by_side
from .deviations import DEVIATIONS, is_comparable
from .fuzz import TRIO_SUP
from .generate import scenarios
from .golden import Golden
from .named import NAMED, Named

ANSWERS = {a.name: a for a in golden.load()[1] if a.name is not None}
TITLES = ("expected (OTP)", "trio-sup")

# There a request means the process that has ended, here the child: it is stopped.
APART = "DYN-015: terminate_child of a restarting child cancels the retry"
# What trio-sup still does wrong: each fails until it is mended, then leaves this list.
COMPARED = [
    pytest.param(named, id=named.name) for named in NAMED if named.name != APART
]


@lru_cache(maxsize=1)
def compared() -> tuple[tuple[Golden, Trace], ...]:
    """All recorded scenarios that can be compared, with what trio-sup does."""
    return tuple(
        (answer, trio_driver.run(answer.scenario))
        for answer in golden.load()[1]
        if is_comparable(answer.scenario)
    )


@pytest.mark.parametrize("named", COMPARED)
def test_trio_sup_agrees_with_otp_on(named: Named) -> None:
    answer = ANSWERS[named.name]
    wanted = TRIO_SUP.expect(answer.scenario, answer.trace)
    trace = TRIO_SUP.observe(answer.scenario)
    assert trace == wanted, side_by_side(wanted, trace, TITLES)


def test_where_otp_means_the_process_trio_sup_means_the_child() -> None:
    events = trio_driver.run(ANSWERS[APART].scenario).events
    assert ("stop", "a", 2, "shutdown") in events
    assert ("start", "a", 3) not in events


def test_trio_sup_agrees_with_otp() -> None:
    for answer, trace in compared():
        wanted = TRIO_SUP.expect(answer.scenario, answer.trace)
        mine = observed(answer.scenario, trace, DEVIATIONS)
        assert mine == wanted, f"{answer.scenario}\n" + side_by_side(
            wanted, mine, TITLES
        )


@given(scenarios())
def test_trio_sup_agrees_with_the_model(scenario: Scenario) -> None:
    wanted = model.run(scenario)
    assert TRIO_SUP.agrees(scenario, wanted), side_by_side(
        TRIO_SUP.expect(scenario, wanted), TRIO_SUP.observe(scenario), TITLES
    )


def test_trio_sup_does_the_same_again() -> None:
    for answer, trace in compared()[::20]:
        assert trio_driver.run(answer.scenario) == trace


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: d.name)
def test_without_a_deviation_there_is_a_difference(deviation: Deviation) -> None:
    others = [d for d in DEVIATIONS if d is not deviation]
    assert any(
        observed(answer.scenario, trace, others)
        != expected(answer.scenario, answer.trace, others)
        for answer, trace in compared()
    )


def test_few_scenarios_cannot_be_compared() -> None:
    _, answers = golden.load()
    left_out = sum(not is_comparable(answer.scenario) for answer in answers)
    assert 0 < left_out < len(answers) * 0.08
