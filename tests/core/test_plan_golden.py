"""The core alone does what real OTP does, and the model: no Trio, in milliseconds."""

import pytest

from tests.conformance import golden
from tests.conformance.named import NAMED, Named
from trio_sup.testing.conformance import CUTS, DEVIATIONS
from trio_sup.testing.conformance._compare import side_by_side
from trio_sup.testing.conformance._subject import Subject

from .core_scenarios import run_on_core

CORE = Subject("core", run_on_core, DEVIATIONS, CUTS)
ANSWERS = {a.name: a for a in golden.load()[1] if a.name is not None}
TITLES = ("expected (OTP)", "core")


@pytest.mark.parametrize("named", NAMED, ids=lambda named: named.name)
def test_the_core_agrees_with_otp_on(named: Named) -> None:
    answer = ANSWERS[named.name]
    wanted = CORE.expect(answer.scenario, answer.trace)
    trace = CORE.observe(answer.scenario, answer.trace)
    assert trace == wanted, side_by_side(wanted, trace, TITLES)


def test_the_core_agrees_with_otp() -> None:
    for answer in golden.load()[1]:
        wanted = CORE.expect(answer.scenario, answer.trace)
        mine = CORE.observe(answer.scenario, answer.trace)
        assert mine == wanted, f"{answer.scenario}\n" + side_by_side(
            wanted, mine, TITLES
        )
