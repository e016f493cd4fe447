"""trio-sup does what real OTP did in all recorded scenarios, but for the named rules."""

from functools import lru_cache

import pytest
from attrs import evolve

from tests.proof import golden
from tests.proof.golden import Golden
from tests.proof.supervisors.rules.cuts import CUTS
from tests.proof.supervisors.rules.deviations import DEVIATIONS
from tests.proof.supervisors.rules.kinds import Cut, Deviation
from tests.proof.supervisors.scenario import Scenario
from tests.proof.supervisors.subject import TRIO_SUP, Subject
from tests.proof.supervisors.suite import SUPERVISORS
from tests.proof.supervisors.trio_driver import run_scenario
from tests.proof.trace import Trace, side_by_side

pytestmark = pytest.mark.slow


TITLES = ("expected (OTP)", "trio-sup")


@lru_cache(maxsize=1)
def compared() -> tuple[tuple[Golden[Scenario], Trace], ...]:
    """All recorded scenarios, with what trio-sup does."""
    return tuple(
        (answer, run_scenario(answer.scenario))
        for answer in golden.answers(SUPERVISORS)
    )


def test_trio_sup_agrees_with_otp() -> None:
    for answer, trace in compared():
        wanted = TRIO_SUP.expect(answer.scenario, answer.trace)
        mine = TRIO_SUP.observed(answer.scenario, answer.trace, trace)
        assert mine == wanted, f"{answer.scenario}\n" + side_by_side(
            wanted, mine, TITLES
        )


def test_trio_sup_does_the_same_again() -> None:
    for answer, trace in compared()[::20]:
        assert run_scenario(answer.scenario) == trace


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: d.name)
def test_without_a_deviation_there_is_a_difference(deviation: Deviation) -> None:
    others = [d for d in DEVIATIONS if d is not deviation]
    assert shows_a_difference(evolve(TRIO_SUP, deviations=others))


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.name)
def test_without_a_cut_there_is_a_difference(cut: Cut) -> None:
    assert shows_a_difference(
        evolve(TRIO_SUP, cuts=[other for other in CUTS if other is not cut])
    )


def shows_a_difference(subject: Subject) -> bool:
    return any(
        subject.observed(answer.scenario, answer.trace, trace)
        != subject.expect(answer.scenario, answer.trace)
        for answer, trace in compared()
    )
