"""How many instructions the hot paths may take, and whether they do.

The table (`budget.json`) holds what was counted on one build of one interpreter with
one Trio: counts of others differ by more than what is looked for here. `tests/bench`
compares; after a change that is meant to cost or to save, write the table anew::

    python -m bench budget --write
"""

from __future__ import annotations

import json
import platform
import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from attrs import frozen

from bench.counting import Count, NoCounter, counter, counts
from bench.tables import ALL

TABLE = Path(__file__).with_name("budget.json")
MARGIN = 0.03
"""By how much a count may differ from the table, to both sides."""


@frozen
class Budgeted:
    """What was counted of one operation, beside what the table says."""

    operation: str
    instructions: float
    budget: float | None
    """None if the table does not know the operation."""

    @property
    def drift(self) -> float:
        """How much more it takes than the table says: 0.01 is one per cent."""
        return 0.0 if self.budget is None else self.instructions / self.budget - 1

    @property
    def kept(self) -> bool:
        """Whether it takes what the table says."""
        return self.budget is not None and abs(self.drift) <= MARGIN

    def line(self) -> str:
        """As people read it."""
        if self.budget is None:
            told = "not in the table"
        else:
            told = f"{self.budget:>11,.0f} {self.drift:>+8.1%}"
            told += "" if self.kept else "  out of bounds"
        return f"  {self.operation:<42} {self.instructions:>11,.0f} {told}"


def conditions() -> dict[str, str]:
    """What has to be the same for two counts to be comparable."""
    flags = sysconfig.get_config_var("PY_CORE_CFLAGS") or ""
    optimised = re.findall(r"-O\S*|-flto\S*|-fprofile-use\S*", flags)
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "compiler": platform.python_compiler(),
        "optimisation": " ".join(sorted(set(optimised))),
        "processor": platform.machine(),
        "trio": version("trio"),
    }


def load() -> dict[str, Any]:
    """The committed table."""
    table: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def why_not() -> str | None:
    """Why nothing can be compared with the table here, None if it can."""
    try:
        counter()
    except NoCounter as no:
        return str(no)
    here, there = conditions(), load()["conditions"]
    differing = [
        f"{key} is {here[key]!r} here and {there[key]!r} in the table"
        for key in here
        if here[key] != there[key]
    ]
    return "; ".join(differing) or None


def operations() -> list[tuple[str, str]]:
    """What has a budget: all of this library that is counted."""
    return [
        (table.name, variant.name)
        for table in ALL
        for variant in table.variants
        if variant.own and variant.counted
    ]


def compare() -> Iterator[Budgeted]:
    """Count, and compare with the table."""
    budgets = load()["instructions"]
    for found in counts(operations()):
        key = key_of(found)
        yield Budgeted(key, found.instructions, budgets.get(key))


def key_of(found: Count) -> str:
    """Return the name of an operation in the table."""
    return f"{found.table}/{found.name}"


def write() -> Iterator[Budgeted]:
    """Count, and write the table anew."""
    before = load()["instructions"] if TABLE.exists() else {}
    table: dict[str, int] = {}
    for found in counts(operations()):
        key = key_of(found)
        table[key] = round(found.instructions)
        yield Budgeted(key, found.instructions, before.get(key))
    shape = {
        "conditions": conditions(),
        "counted with": f"{counter()}, Python {platform.python_version()}",
        "instructions": table,
    }
    TABLE.write_text(json.dumps(shape, indent=2) + "\n", encoding="utf-8")


def run(anew: bool) -> int:
    """Compare or write, and tell; 1 if the table is not kept, 2 if nobody can say."""
    if not anew and (reason := why_not()):
        print(f"python -m bench budget: nothing is compared: {reason}", file=sys.stderr)
        return 2
    print(f"  {'':<42} {'counted':>11} {'table':>11}")
    kept = True
    for one in write() if anew else compare():
        print(one.line(), flush=True)
        kept &= one.kept
    return 0 if kept or anew else 1
