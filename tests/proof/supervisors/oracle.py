"""Asks the installed Erlang's supervisor, and Elixir's DynamicSupervisor.

Needs `erl` and `erlc`; scenarios with dynamic supervisors need Elixir as well.
"""

import json
from pathlib import Path

from tests.proof import oracle
from tests.proof.machine import OracleError
from tests.proof.supervisors.scenario import Scenario
from tests.proof.supervisors.scenario_json import write_scenario
from tests.proof.trace import Trace, Value, read_trace

HERE = Path(__file__).parent
SOURCES = sorted([*HERE.glob("otp/*.erl"), *oracle.SHARED.glob("*.erl")])
GUARD_SECONDS = 20.0


class Oracle(oracle.Oracle[Scenario]):
    """A running Erlang VM that plays trees and scripts; a context manager.

    Raises:
        OracleError: as the class above, or its supervisor does not lend itself to
            the method.
    """

    def __init__(self, guard: float = GUARD_SECONDS) -> None:
        super().__init__(SOURCES, "oracle_main")
        self._guard = round(guard * 1000)

    def question(self, scenario: Scenario) -> Value:
        question = write_scenario(scenario, defaults=True)
        if self.versions.elixir is None and '"dynamic"' in json.dumps(question):
            raise OracleError("a dynamic supervisor, but Elixir is not installed")
        # Plans go as pairs: their keys are paths and must not become atoms.
        plans = tuple(scenario.init_plans.items())
        return {**question, "init_plans": plans, "guard_ms": self._guard}

    def answer(self, scenario: Scenario, answer: dict[str, object]) -> Trace:
        if "error" in answer or answer["leaked"]:
            raise OracleError(
                f"{answer.get('error', 'processes left behind')}: {answer}\n"
                f"in {json.dumps(write_scenario(scenario))}"
            )
        return read_trace(answer)
