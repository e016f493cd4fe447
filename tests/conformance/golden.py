"""The committed answers of real OTP, for where no Erlang is installed.

Recording again gives the same bytes as long as OTP answers the same.
"""

from functools import lru_cache
from pathlib import Path

from attrs import frozen

from trio_sup.testing.conformance import scenario_for
from trio_sup.testing.conformance._compare import normalise
from trio_sup.testing.scenario import Scenario, Trace
from trio_sup.testing.scenario_json import (
    read_scenario,
    read_trace,
    write_scenario,
    write_trace,
)

from . import archive
from .named import NAMED
from .oracle import Oracle, Versions

FILE = Path(__file__).parent / "golden.jsonl.xz"
GENERATED = 3000


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
    """Asks OTP everything again and writes the file; returns how many answers."""
    asked: list[tuple[str | None, Scenario]] = [(n.name, n.scenario) for n in NAMED]
    asked += [(None, scenario_for(seed)) for seed in range(GENERATED)]
    with Oracle() as oracle:
        traces = oracle.run([scenario for _, scenario in asked])
    answers = [
        Golden(name, scenario, normalise(scenario, trace))
        for (name, scenario), trace in zip(asked, traces, strict=True)
    ]
    archive.save(FILE, oracle.versions, map(_write, answers))
    load.cache_clear()
    return oracle.versions, len(answers)


def _write(answer: Golden) -> dict[str, object]:
    written: dict[str, object] = {**write_trace(answer.trace)}
    written["scenario"] = write_scenario(answer.scenario)
    if answer.name is not None:
        written["name"] = answer.name
    return written


def _read(data: dict[str, object]) -> Golden:
    name = data.get("name")
    scenario = read_scenario(data["scenario"])
    return Golden(str(name) if name else None, scenario, read_trace(data))
