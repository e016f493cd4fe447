"""The model does what real OTP did."""

import pytest

from tests.proof import golden
from tests.proof.golden import Golden
from tests.proof.named import Named
from tests.proof.supervisors.scenario import Scenario
from tests.proof.supervisors.subject import MODEL
from tests.proof.supervisors.suite import SUPERVISORS
from tests.proof.trace import side_by_side


@pytest.mark.parametrize("named", SUPERVISORS.named, ids=lambda named: named.name)
def test_model_agrees_with_otp_on(named: Named[Scenario]) -> None:
    agrees_on(golden.by_name(SUPERVISORS)[named.name])


def test_model_agrees_with_otp() -> None:
    for answer in golden.answers(SUPERVISORS):
        agrees_on(answer)


def agrees_on(answer: Golden[Scenario]) -> None:
    trace = MODEL.observe(answer.scenario, answer.trace)
    assert trace == answer.trace, side_by_side(answer.trace, trace, ("OTP", "model"))
