"""Writes docs/reference/otp-conformance.md from the rows and the tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from attrs import frozen

from .proofs import Proof, ids_in_text
from .rows import VERDICTS, Part, Row

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = DOCS / "reference/otp-conformance.md"
DIFFERENCES = DOCS / "explanation/differences-from-otp.md"

NO_TEST = "**no test yet**"

HEAD = """\
# Conformance to OTP

<!-- Written by `python -m tests.checklist table`; do not edit. -->

What Erlang/OTP and Elixir do, one fact a row, and the test that proves it of trio-sup.
Where trio-sup does something else on purpose, the row says what;
[Differences from OTP](../explanation/differences-from-otp.md) says why.

- *same*: as in OTP.
- *adapted*: with the change that is told.
- *not here*: does not exist, for the reason that is told; there is nothing to test.

Tests are named by their file under `tests/`.
"Against OTP" are scenarios that real Erlang and Elixir have run: their recorded traces
are compared with trio-sup's in every test run.
"""


@frozen
class Shown:
    """A row with what is known about it."""

    row: Row
    proofs: tuple[Proof, ...]

    @property
    def proven(self) -> bool:
        """Whether a test proves it of trio-sup."""
        return any(proof.counts for proof in self.proofs)

    @property
    def missing(self) -> bool:
        """Whether it needs a test and has none."""
        return self.row.verdict != "none" and not self.proven


def join(parts: Iterable[Part], proofs: Sequence[Proof]) -> list[Shown]:
    """All rows with their tests."""
    return [
        Shown(row, tuple(proof for proof in proofs if row.id in proof.ids))
        for part in parts
        for row in part.rows
    ]


def strangers(parts: Iterable[Part], proofs: Iterable[Proof]) -> list[str]:
    """Tests that name a row that does not exist."""
    known = {row.id for part in parts for row in part.rows}
    return [
        f"{proof.file}::{proof.name} names {id}, which is no row"
        for proof in proofs
        for id in proof.ids
        if id not in known
    ]


def contradictions(shown: Iterable[Shown]) -> list[str]:
    """Rows that are said not to exist here, and have a test."""
    return [
        f"{proof.file}::{proof.name} proves {s.row.id}, which is said not to exist"
        for s in shown
        for proof in s.proofs
        if s.row.verdict == "none"
    ]


def unexplained(parts: Iterable[Part], differences: str) -> list[str]:
    """Rows that are not the same, and that the page of differences is silent about."""
    named = set(ids_in_text(differences))
    return [
        f"{row.id} is {row.verdict}, and not named in differences-from-otp.md"
        for part in parts
        for row in part.rows
        if row.verdict != "same" and row.id not in named
    ]


def render(parts: Sequence[Part], proofs: Sequence[Proof]) -> str:
    """The whole page."""
    shown = {s.row.id: s for s in join(parts, proofs)}
    text = [HEAD, _summary(parts, shown)]
    for section, own in groupby(parts, key=lambda part: part.section):
        text.append(f"## {section}\n")
        for part in own:
            if part.title:
                text.append(f"### {part.title}\n")
            lines = ["| | In OTP | Here | Proven by |", "|---|---|---|---|"]
            lines += [_line(shown[row.id]) for row in part.rows]
            text.append("\n".join(lines) + "\n")
    return "\n".join(text)


def _summary(parts: Sequence[Part], shown: dict[str, Shown]) -> str:
    lines = ["| | Same | Adapted | Not here | No test yet |", "|---|---|---|---|---|"]
    everything: list[Shown] = []
    for section, own in groupby(parts, key=lambda part: part.section):
        rows = [shown[row.id] for part in own for row in part.rows]
        everything += rows
        lines.append(_count(section, rows))
    lines.append(_count("**All**", everything))
    return "\n".join(lines) + "\n"


def _count(title: str, rows: Sequence[Shown]) -> str:
    numbers = [sum(s.row.verdict == verdict for s in rows) for verdict in VERDICTS]
    missing = sum(s.missing for s in rows)
    return f"| {title} | {' | '.join(map(str, numbers))} | {missing} |"


def _line(shown: Shown) -> str:
    row = shown.row
    words = {"same": "same", "adapted": "adapted", "none": "not here"}
    here = f"*{words[row.verdict]}*"
    if row.deviation:
        here += f": {row.deviation}"
    return f"| {row.id} | {_cell(row.fact)} | {_cell(here)} | {_cell(_proofs(shown))} |"


def _proofs(shown: Shown) -> str:
    lines: list[str] = []
    tests = [proof for proof in shown.proofs if not proof.scenario]
    for file, own in groupby(tests, key=lambda proof: proof.file):
        names = [
            f"`{proof.name}`" + (f" (fails: {proof.gap})" if proof.gap else "")
            for proof in own
        ]
        lines.append(f"`{file}`: {', '.join(names)}")
    for scenario in (proof for proof in shown.proofs if proof.scenario):
        where = "The model against OTP" if scenario.model_only else "Against OTP"
        lines.append(f"{where}: {scenario.name}")
    if shown.missing:
        lines.append(NO_TEST)
    return "<br>".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
