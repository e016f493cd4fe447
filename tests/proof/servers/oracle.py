"""Asks the installed Erlang's gen_server and Elixir's Registry."""

from pathlib import Path

from tests.proof import oracle
from tests.proof.machine import OracleError
from tests.proof.servers.scenario import Scenario, normalise, text, write
from tests.proof.trace import Trace, Value, freeze

HERE = Path(__file__).parent
SOURCES = [
    *sorted(HERE.glob("otp/*.erl")),
    oracle.SHARED / "oracle_patch.erl",
    oracle.SHARED / "oracle_terms.erl",
]
GUARD_MS = 10_000


class Oracle(oracle.Oracle[Scenario]):
    """A running Erlang VM that plays servers and clients; a context manager.

    Raises:
        OracleError: Erlang or Elixir is not installed.
    """

    def __init__(self) -> None:
        super().__init__(SOURCES, "servers_main")
        if self.versions.elixir is None:
            self.close()
            raise OracleError("Elixir is not installed")

    def question(self, scenario: Scenario) -> Value:
        question = write(scenario, defaults=True)
        servers = question["servers"]
        assert isinstance(servers, dict)
        # As pairs: ids must not become atoms.
        return {**question, "servers": tuple(servers.items()), "guard_ms": GUARD_MS}

    def answer(self, scenario: Scenario, answer: dict[str, object]) -> Trace | None:
        if "error" in answer:
            raise OracleError(f"{answer['error']}\nin {text(scenario)}")
        if answer["stalled"] and _needs_time(scenario):
            return None
        events = freeze(answer["events"])
        assert isinstance(events, tuple)
        return normalise(Trace(events, freeze(answer["final"])))


def _needs_time(scenario: Scenario) -> bool:
    return any(isinstance(op, tuple) and op[0] == "elapse" for op in scenario.script)
