"""Does trio-sup do what Erlang/OTP does? Scenarios, a player and a judge."""

from ._cuts import CUTS as CUTS
from ._deviations import DEVIATIONS as DEVIATIONS
from ._driver import run_scenario as run_scenario
from ._rules import Cut as Cut, Deviation as Deviation
from ._scenarios import scenario_for as scenario_for, scenarios as scenarios
