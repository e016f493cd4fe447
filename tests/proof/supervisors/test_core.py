"""The core alone does what real OTP does: no Trio, no time, in milliseconds."""

import pytest

from tests.proof import golden
from tests.proof.named import Named
from tests.proof.supervisors.core_driver import run_on_core
from tests.proof.supervisors.rules.cuts import CUTS
from tests.proof.supervisors.rules.deviations import DEVIATIONS
from tests.proof.supervisors.scenario import Scenario
from tests.proof.supervisors.subject import Subject
from tests.proof.supervisors.suite import SUPERVISORS
from tests.proof.trace import side_by_side

CORE = Subject("core", run_on_core, DEVIATIONS, CUTS)
ANSWERS = golden.by_name(SUPERVISORS)
TITLES = ("expected (OTP)", "core")


@pytest.mark.parametrize("named", SUPERVISORS.named, ids=lambda named: named.name)
def test_the_core_agrees_with_otp_on(named: Named[Scenario]) -> None:
    answer = ANSWERS[named.name]
    wanted = CORE.expect(answer.scenario, answer.trace)
    trace = CORE.observe(answer.scenario, answer.trace)
    assert trace == wanted, side_by_side(wanted, trace, TITLES)


def test_the_core_agrees_with_otp() -> None:
    for answer in golden.answers(SUPERVISORS):
        wanted = CORE.expect(answer.scenario, answer.trace)
        mine = CORE.observe(answer.scenario, answer.trace)
        assert mine == wanted, f"{answer.scenario}\n" + side_by_side(
            wanted, mine, TITLES
        )
