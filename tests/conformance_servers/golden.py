"""The committed answers of real OTP, for where no Erlang is installed.

One compressed file of JSON lines: first what answered, then one scenario and its
trace a line. Recording again gives the same bytes as long as OTP answers the same.
"""

import json
import lzma
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from attrs import frozen

from tests.conformance.machine import OracleError, Versions
from trio_sup.testing.scenario import Trace
from trio_sup.testing.scenario_json import read_trace, write_trace

from .generate import generate
from .named import NAMED
from .oracle import Oracle
from .scenario import Scenario, read, text, write

FILE = Path(__file__).parent / "golden.jsonl.xz"
GENERATED = 2000


@frozen
class Golden:
    """A scenario and what OTP does in it; `name` if it was written by hand."""

    name: str | None
    scenario: Scenario
    trace: Trace


@lru_cache(maxsize=1)
def load() -> tuple[Versions, tuple[Golden, ...]]:
    """Who answered, and the answers."""
    first, *lines = lzma.decompress(FILE.read_bytes()).decode().splitlines()
    return Versions(**json.loads(first)), tuple(map(_read, lines))


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
    FILE.write_bytes(_pack(oracle.versions, answers))
    load.cache_clear()
    return oracle.versions, len(answers)


def _pack(versions: Versions, answers: Iterable[Golden]) -> bytes:
    head = {"otp": versions.otp, "elixir": versions.elixir}
    lines = [_line(head), *(_line(_write(answer)) for answer in answers)]
    return lzma.compress("".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)


def _line(data: object) -> str:
    return json.dumps(data, separators=(",", ":")) + "\n"


def _write(answer: Golden) -> dict[str, object]:
    written: dict[str, object] = {**write_trace(answer.trace)}
    written["scenario"] = write(answer.scenario)
    if answer.name is not None:
        written["name"] = answer.name
    return written


def _read(line: str) -> Golden:
    data: dict[str, object] = json.loads(line)
    name, scenario = data.get("name"), data["scenario"]
    assert isinstance(scenario, dict)
    return Golden(str(name) if name else None, read(scenario), read_trace(data))
