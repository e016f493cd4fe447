"""Asks the installed Erlang/OTP, and Elixir, what they do in a scenario.

One VM serves any number of scenarios; starting it takes about a second, a
scenario well below a millisecond. Needs `erl` and `erlc`; scenarios with dynamic
supervisors need Elixir as well.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from trio_sup.testing.scenario import Scenario, Trace, Value
from trio_sup.testing.scenario_json import read_trace, write_scenario

from .machine import Machine, OracleError, Versions, is_available

__all__ = ["Oracle", "OracleError", "Versions", "is_available"]

SOURCES = sorted((Path(__file__).parent / "otp").glob("*.erl"))
GUARD_SECONDS = 20.0


class Oracle(Machine):
    """A running Erlang VM that answers scenarios; a context manager.

    Raises:
        OracleError: Erlang is not installed or its supervisor does not lend itself
            to the method, with what the VM printed.
    """

    def __init__(self, guard: float = GUARD_SECONDS) -> None:
        super().__init__(SOURCES, "oracle_main")
        self._guard = round(guard * 1000)

    def run(self, scenarios: Sequence[Scenario]) -> list[Trace]:
        """The traces of `scenarios`, in order.

        Raises:
            OracleError: One of them hit its guard, left a process behind, or uses
                a dynamic supervisor where there is no Elixir.
        """
        if not scenarios:
            return []
        self.send(tuple(self._question(scenario) for scenario in scenarios))
        answers = [self.receive() for _ in scenarios]
        return [_trace(s, a) for s, a in zip(scenarios, answers, strict=True)]

    def _question(self, scenario: Scenario) -> Value:
        question = write_scenario(scenario, defaults=True)
        if self.versions.elixir is None and '"dynamic"' in json.dumps(question):
            raise OracleError("a dynamic supervisor, but Elixir is not installed")
        # Plans go as pairs: their keys are paths and must not become atoms.
        plans = tuple(scenario.init_plans.items())
        return {**question, "init_plans": plans, "guard_ms": self._guard}


def _trace(scenario: Scenario, answer: dict[str, object]) -> Trace:
    if "error" in answer or answer["leaked"]:
        raise OracleError(
            f"{answer.get('error', 'processes left behind')}: {answer}\n"
            f"in {json.dumps(write_scenario(scenario))}"
        )
    return read_trace(answer)
