"""Supervisors as a suite: their scenarios, and the OTP that plays them."""

from tests.proof.suite import Suite
from tests.proof.supervisors.compare import normalise
from tests.proof.supervisors.drawn.seeded import scenario_for
from tests.proof.supervisors.named import NAMED
from tests.proof.supervisors.oracle import Oracle
from tests.proof.supervisors.scenario import Scenario
from tests.proof.supervisors.scenario_json import read_scenario, write_scenario
from tests.proof.supervisors.shrink import smaller
from tests.proof.trace import Trace


def _as_told(scenario: Scenario, trace: Trace) -> Trace:
    """No release of OTP answers otherwise than another."""
    return trace


SUPERVISORS = Suite(
    name="supervisors",
    read=read_scenario,
    write=write_scenario,
    named=NAMED,
    draw=scenario_for,
    recorded=3000,
    smaller=smaller,
    oracle=Oracle,
    in_one_form=normalise,
    in_newest_words=_as_told,
)
