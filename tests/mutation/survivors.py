"""Mutants that no test kills, and which of them are no mistakes."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from attrs import field, frozen

from .judging import Verdict


@frozen
class Survivor:
    """A mutant, told by what it changes.

    Attributes:
        place: The function.
        was: The line as it stands.
        now: The line of the mutant.
        why: The reason why nobody can notice; empty for one just found.
    """

    place: str
    was: str
    now: str
    why: str = field(default="", eq=False)

    def stands_in(self, file: str) -> bool:
        """Whether the function is one of a module, as ``plan.groups``."""
        return self.place.startswith(f"{file}.")

    def as_toml(self) -> str:
        """The entry for survivors.toml."""
        # JSON strings are TOML strings.
        fields = {"in": self.place, "was": self.was, "now": self.now, "why": self.why}
        lines = [
            f"{name} = {json.dumps(text, ensure_ascii=False)}"
            for name, text in fields.items()
        ]
        return "\n".join(["[[survivor]]", *lines, ""])


@frozen
class Judged:
    """What became of a mutant.

    Attributes:
        file: The module.
        shown: What it changes.
        verdict: What the tests said.
    """

    file: str
    shown: Survivor
    verdict: Verdict

    @property
    def survived(self) -> bool:
        """Whether no test noticed it."""
        return self.verdict in ("survived", "no tests")


def load(file: Path) -> tuple[Survivor, ...]:
    """The committed survivors.

    Raises:
        ValueError: an entry without a reason.
    """
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    known = tuple(
        Survivor(entry["in"], entry["was"], entry["now"], entry["why"])
        for entry in data.get("survivor", [])
    )
    for survivor in known:
        if len(survivor.why.split()) < 3:
            raise ValueError(f"{survivor.place}: the reason is missing")
    return known


def parse_diff(place: str, diff: str) -> Survivor:
    """A survivor from a difference that has no context."""
    lines = [
        line for line in diff.splitlines() if not line.startswith(("---", "+++", "@@"))
    ]
    was = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    now = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Survivor(place, was, now)
