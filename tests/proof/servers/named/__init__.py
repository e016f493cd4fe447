"""Hand-written scenarios, each named by rows of the OTP checklist."""

from tests.proof.named import Named
from tests.proof.servers.named import ending, looking, messages, names, starting
from tests.proof.servers.scenario import Scenario

NAMED: tuple[Named[Scenario], ...] = (
    starting.NAMED + messages.NAMED + ending.NAMED + looking.NAMED + names.NAMED
)

__all__ = ["NAMED"]
