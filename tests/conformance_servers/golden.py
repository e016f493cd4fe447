"""The committed answers of real OTP, for where no Erlang is installed.

Recording again gives the same bytes as long as OTP answers the same.
"""

from functools import lru_cache
from pathlib import Path

from attrs import frozen

from tests.conformance import archive
from tests.conformance.machine import OracleError, Versions
from trio_sup.testing.scenario import Trace
from trio_sup.testing.scenario_json import read_trace, write_trace

from .generate import generate
from .named import NAMED
from .oracle import Oracle
from .scenario import Scenario, read, text, write

FILE = Path(__file__).parent / "golden.jsonl.xz"
GENERATED = 1200


@frozen
class Golden:
    """A scenario and what OTP does in it; `name` if it was written by hand."""

    name: str | None
    scenario: Scenario
    trace: Trace


@lru_cache(maxsize=1)
def load() -> tuple[Versions, tuple[Golden, ...]]:
    """Who answered, and the answers."""
    versions, records = archive.read(FILE)
    return versions, tuple(map(_read, records))


def record() -> tuple[Versions, int]:
    """Asks OTP everything twice and writes the file; returns how many answers.

    Raises:
        OracleError: OTP answered differently the second time.
    """
    asked: list[tuple[str | None, Scenario]] = [(n.name, n.scenario) for n in NAMED]
    asked += [(None, generate(seed)) for seed in range(GENERATED)]
    scenarios = [scenario for _, scenario in asked]
    with Oracle() as oracle:
        traces = oracle.run(scenarios)
        for scenario, one, two in zip(
            scenarios, traces, oracle.run(scenarios), strict=True
        ):
            if one != two:
                raise OracleError(f"two answers to {text(scenario)}")
    answers = [
        Golden(name, scenario, trace)
        for (name, scenario), trace in zip(asked, traces, strict=True)
    ]
    archive.save(FILE, oracle.versions, map(_write, answers))
    load.cache_clear()
    return oracle.versions, len(answers)


def _write(answer: Golden) -> dict[str, object]:
    written: dict[str, object] = {**write_trace(answer.trace)}
    written["scenario"] = write(answer.scenario)
    if answer.name is not None:
        written["name"] = answer.name
    return written


def _read(data: dict[str, object]) -> Golden:
    name = data.get("name")
    scenario = read(data["scenario"])
    return Golden(str(name) if name else None, scenario, read_trace(data))
