"""Does trio-sup do what Erlang/OTP does? Scenarios, a player and a judge.

A scenario (`trio_sup.testing.scenario`) is a supervision tree and a script of what
happens to it, as plain data. `assert_otp_conformant` plays one on trio-sup, in virtual
time and with the schedule that it is given, and fails if real OTP would have done
something else, but for what trio-sup does otherwise on purpose.

Hypothesis (extra ``testing``) is needed by `scenarios` only.
"""

from trio_sup.testing.conformance._cuts import CUTS as CUTS
from trio_sup.testing.conformance._deviations import DEVIATIONS as DEVIATIONS
from trio_sup.testing.conformance._driver import run_scenario as run_scenario
from trio_sup.testing.conformance._judge import (
    Comparison as Comparison,
    assert_otp_conformant as assert_otp_conformant,
    compare_with_otp as compare_with_otp,
)
from trio_sup.testing.conformance._rules import Cut as Cut, Deviation as Deviation
from trio_sup.testing.conformance._scenarios import (
    scenario_for as scenario_for,
    scenarios as scenarios,
)
