"""OTP's recorded views of contested scenarios: no Erlang is needed to compare."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from .askable import askable
from .draw import codes_for
from .named import NAMED
from .otp import Oracle, View, question, read_views
from .scenario import Scenario

FILE = Path(__file__).with_name("golden.jsonl.xz")
SEEDS = range(200)


@frozen
class Recorded:
    """A scenario and what OTP did."""

    what: str
    """Its name, or its seed."""
    codes: list[int]
    scenario: Scenario
    views: list[View]


def scenarios() -> dict[str, Scenario]:
    """Those by hand, and those that are drawn."""
    return NAMED | {str(seed): askable(seed) for seed in SEEDS}


def record() -> None:
    """Ask OTP about all of them, and write the file anew."""
    asked = scenarios()
    with Oracle() as oracle:
        answers = oracle.ask(list(asked.values()))
    lines = [
        json.dumps([what, question(scenario), answer["moments"]])
        for (what, scenario), answer in zip(asked.items(), answers, strict=True)
    ]
    FILE.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9))


def recorded() -> Iterator[Recorded]:
    """What was recorded.

    Raises:
        ValueError: other scenarios are drawn now: `record` anew.
    """
    asked = scenarios()
    lines = lzma.decompress(FILE.read_bytes()).decode().splitlines()
    for number, line in enumerate(lines):
        what, was, moments = json.loads(line)
        scenario = asked[what]
        if json.loads(json.dumps(question(scenario))) != was:
            raise ValueError("scenarios have changed: python -m tests.contested record")
        codes = codes_for(number, number % 3)
        yield Recorded(what, codes, scenario, read_views(moments))
