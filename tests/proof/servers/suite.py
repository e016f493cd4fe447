"""Servers, monitors and names as a suite: their scenarios, and the OTP that plays."""

from tests.proof.servers.generate import generate
from tests.proof.servers.named import NAMED
from tests.proof.servers.oracle import Oracle
from tests.proof.servers.releases import in_newest_words
from tests.proof.servers.scenario import Scenario, read, write
from tests.proof.servers.shrink import smaller
from tests.proof.suite import Suite
from tests.proof.trace import Trace


def _as_told(scenario: Scenario, trace: Trace) -> Trace:
    """The oracle has brought it into its one form already."""
    return trace


SERVERS = Suite(
    name="servers",
    read=read,
    write=write,
    named=NAMED,
    draw=generate,
    recorded=1200,
    smaller=smaller,
    oracle=Oracle,
    in_one_form=_as_told,
    in_newest_words=in_newest_words,
)
