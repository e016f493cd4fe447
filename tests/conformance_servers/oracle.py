"""Asks the installed Erlang's gen_server and Elixir's Registry."""

import time
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.machine import Machine, OracleError
from trio_sup.testing.scenario import Trace, Value
from trio_sup.testing.scenario_json import freeze

from .scenario import Scenario, normalise, text, write

HERE = Path(__file__).parent
SOURCES = [
    *sorted((HERE / "otp").glob("*.erl")),
    HERE.parent / "conformance" / "otp" / "oracle_patch.erl",
    HERE.parent / "conformance" / "otp" / "oracle_terms.erl",
]
GUARD_MS = 10_000
TRIES = 10


class Oracle(Machine):
    """A running Erlang VM that answers scenarios; a context manager.

    Raises:
        OracleError: Erlang or Elixir is not installed.
    """

    def __init__(self) -> None:
        super().__init__(SOURCES, "servers_main")
        if self.versions.elixir is None:
            self.close()
            raise OracleError("Elixir is not installed")

    def run(self, scenarios: Sequence[Scenario]) -> list[Trace]:
        """The traces of `scenarios`, in order.

        Raises:
            OracleError: one of them hit its guard, or the machine is always busy.
        """
        traces = self.try_run(scenarios)
        found = [trace for trace in traces if trace is not None]
        if len(found) < len(scenarios):
            raise OracleError("the machine is too busy for short timeouts")
        return found

    def try_run(self, scenarios: Sequence[Scenario]) -> list[Trace | None]:
        """As `run`, with None where no answer can be trusted.

        Where the machine was too busy for the milliseconds of a scenario to be
        trusted, it is asked again, but not for ever.

        Raises:
            OracleError: one of them hit its guard.
        """
        traces: dict[int, Trace] = {}
        for attempt in range(TRIES):
            missing = [i for i in range(len(scenarios)) if i not in traces]
            if not missing:
                break
            time.sleep(0.2 * attempt)  # until others need the machine less
            self.send(tuple(_question(scenarios[i]) for i in missing))
            for index in missing:
                answer = self.receive()
                if "error" in answer:
                    asked = text(scenarios[index])
                    raise OracleError(f"{answer['error']}\nin {asked}")
                if not (answer["stalled"] and _needs_time(scenarios[index])):
                    traces[index] = _trace(answer)
        return [traces.get(index) for index in range(len(scenarios))]


def _question(scenario: Scenario) -> Value:
    question = write(scenario, defaults=True)
    servers = question["servers"]
    assert isinstance(servers, dict)
    # As pairs: ids must not become atoms.
    return {**question, "servers": tuple(servers.items()), "guard_ms": GUARD_MS}


def _needs_time(scenario: Scenario) -> bool:
    return any(isinstance(op, tuple) and op[0] == "elapse" for op in scenario.script)


def _trace(answer: dict[str, object]) -> Trace:
    events = freeze(answer["events"])
    assert isinstance(events, tuple)
    return normalise(Trace(events, freeze(answer["final"])))
