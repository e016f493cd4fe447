"""The rows: what OTP does, and whether trio-sup does the same."""

from __future__ import annotations

import tomllib
from pathlib import Path

from attrs import frozen

FOLDER = Path(__file__).parent / "rows"
VERDICTS = ("same", "adapted", "none")


@frozen
class Row:
    """One fact about OTP.

    Attributes:
        id: As in ``SUP-045``.
        verdict: ``same``; ``adapted``: with the change that `deviation` tells;
            ``none``: does not exist here, for the reason in `deviation`.
        fact: What OTP does.
        deviation: Empty for ``same``.
    """

    id: str
    verdict: str
    fact: str
    deviation: str = ""

    @property
    def prefix(self) -> str:
        """The letters of the id."""
        return self.id.partition("-")[0]


@frozen
class Part:
    """Rows under one heading."""

    section: str
    title: str
    rows: tuple[Row, ...]


def load() -> tuple[Part, ...]:
    """All rows, in order.

    Raises:
        ValueError: a row that is not well formed, or an id that occurs twice.
    """
    parts = tuple(part for file in sorted(FOLDER.glob("*.toml")) for part in _in(file))
    ids = [row.id for part in parts for row in part.rows]
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise ValueError(f"more than one row for {', '.join(twice)}")
    return parts


def _in(file: Path) -> list[Part]:
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return [
        Part(
            data["section"],
            part.get("title", ""),
            tuple(_row(id, fields) for id, fields in part["rows"].items()),
        )
        for part in data["part"]
    ]


def _row(id: str, fields: list[str]) -> Row:
    row = Row(id, *fields)
    if row.verdict not in VERDICTS:
        raise ValueError(f"{id}: the verdict is one of {VERDICTS}, not {row.verdict!r}")
    if (row.verdict == "same") is bool(row.deviation):
        raise ValueError(f"{id}: a deviation belongs to all but 'same'")
    return row
