"""Hand-written scenarios, each named by rows of the OTP checklist."""

from tests.proof.named import Named
from tests.proof.supervisors.named import (
    auto_shutdown,
    dynamic,
    groups,
    intensity,
    one_child,
    requests,
)
from tests.proof.supervisors.scenario import Scenario

NAMED: tuple[Named[Scenario], ...] = (
    one_child.NAMED
    + intensity.NAMED
    + groups.NAMED
    + auto_shutdown.NAMED
    + requests.NAMED
    + dynamic.NAMED
)

__all__ = ["NAMED"]
