"""The committed answers of real OTP, for where no Erlang is installed.

Recording again gives the same bytes as long as OTP answers the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Generic, TypeVar

from attrs import frozen

from tests.proof import archive
from tests.proof.machine import OracleError, Versions
from tests.proof.suite import Suite
from tests.proof.trace import Trace, read_trace, write_trace

S = TypeVar("S")


@frozen
class Golden(Generic[S]):
    """A scenario and what OTP does in it; `name` if it was written by hand."""

    name: str | None
    scenario: S
    trace: Trace


def answers(suite: Suite[S]) -> tuple[Golden[S], ...]:
    """The recorded answers: those to scenarios by hand, then the drawn ones."""
    return _load(suite)[1]


def by_name(suite: Suite[S]) -> dict[str, Golden[S]]:
    """The answers to the scenarios by hand."""
    return {a.name: a for a in answers(suite) if a.name is not None}


def versions(suite: Suite[S]) -> Versions:
    """Who answered."""
    return _load(suite)[0]


def record(suite: Suite[S]) -> tuple[Versions, int]:
    """Asks OTP everything twice and writes the file; returns how many answers.

    Raises:
        OracleError: OTP answered differently the second time.
    """
    asked: list[tuple[str | None, S]] = [(n.name, n.scenario) for n in suite.named]
    asked += [(None, suite.draw(seed)) for seed in range(suite.recorded)]
    with suite.oracle() as oracle:
        first, second = (
            [
                suite.in_one_form(scenario, trace)
                for (_, scenario), trace in zip(
                    asked, oracle.run([scenario for _, scenario in asked]), strict=True
                )
            ]
            for _ in range(2)
        )
    found = [
        Golden(name, scenario, trace)
        for (name, scenario), trace in zip(asked, first, strict=True)
    ]
    for answer, again in zip(found, second, strict=True):
        if answer.trace != again:
            raise OracleError(f"two answers to {suite.write(answer.scenario)}")
    lines = [_write(suite, answer) for answer in found]
    archive.save(suite.golden, oracle.versions, lines)
    _load.cache_clear()
    return oracle.versions, len(found)


@lru_cache(maxsize=2)
def _load(suite: Suite[Any]) -> tuple[Versions, tuple[Golden[Any], ...]]:
    who, records = archive.read(suite.golden)
    return who, tuple(_read(suite, record) for record in records)


def _write(suite: Suite[S], answer: Golden[S]) -> dict[str, object]:
    written: dict[str, object] = {**write_trace(answer.trace)}
    written["scenario"] = suite.write(answer.scenario)
    if answer.name is not None:
        written["name"] = answer.name
    return written


def _read(suite: Suite[S], data: dict[str, object]) -> Golden[S]:
    name = data.get("name")
    scenario = suite.read(data["scenario"])
    return Golden(str(name) if name else None, scenario, read_trace(data))
