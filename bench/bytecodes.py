"""Where the bytecodes of one operation go: ``python -m bench.bytecodes stop group``.

Instructions (`bench.counting`) say what something costs, and not where. Here each
function that runs is told by its name, with how many bytecodes of it were executed and
how often it was called or went on, for doing the work once. The counts are the same
each time; what C code does within a bytecode is not in them.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from pathlib import Path
from types import CodeType
from typing import Any

import trio

from bench.counted import InOrder, Steady
from bench.method import Variant
from bench.tables import TABLES

monitoring: Any = getattr(sys, "monitoring", None)
"""Of Python 3.12 and later."""
TOOL = 3
"""A number that neither debuggers nor profilers use for themselves."""
LEAST = 4.0
"""Functions with fewer bytecodes each time are not told of."""


class Counting(Steady):
    """Counts, for each function, its bytecodes and its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.bytecodes: Counter[CodeType] = Counter()
        self.calls: Counter[CodeType] = Counter()

    def start(self) -> None:
        events = monitoring.events
        starts = events.PY_START | events.PY_RESUME
        monitoring.use_tool_id(TOOL, "trio-sup bench")
        monitoring.register_callback(TOOL, events.INSTRUCTION, self._bytecode)
        for event in (events.PY_START, events.PY_RESUME):
            monitoring.register_callback(TOOL, event, self._call)
        monitoring.set_events(TOOL, events.INSTRUCTION | starts)

    def stop(self) -> None:
        monitoring.set_events(TOOL, 0)
        monitoring.free_tool_id(TOOL)

    def told(self, name: str, n: int) -> list[str]:
        """What was counted, each function in a line.

        Args:
            name: What was done.
            n: How often.
        """
        total, calls = self.bytecodes.total() / n, self.calls.total() / n
        told = [f"{name}: {total:.0f} bytecodes in {calls:.0f} calls"]
        for code, count in self.bytecodes.most_common():
            if count / n < LEAST:
                break
            where = "/".join(Path(code.co_filename).parts[-2:])
            each = f"{count / n:9.1f} {self.calls[code] / n:7.2f}"
            told.append(f"{each}  {where} {code.co_qualname}")
        return told

    def _bytecode(self, code: CodeType, _: int) -> None:
        self.bytecodes[code] += 1

    def _call(self, code: CodeType, _: int) -> None:
        self.calls[code] += 1


def lines(variant: Variant, n: int) -> list[str]:
    """Count one way of doing the work, so many times; return what is to be told."""
    variant.run(n // 4, Steady())
    counting = Counting()
    variant.run(n, counting)
    return counting.told(variant.name, n)


def main(argv: list[str] | None = None) -> int:
    """Count, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.bytecodes", description=__doc__
    )
    known = [name for name, table in TABLES.items() if any(_counted(table.variants))]
    parser.add_argument("tables", nargs="+", choices=known, metavar="TABLE")
    parser.add_argument(
        "--times", type=int, default=100, help="how often (%(default)s)"
    )
    args = parser.parse_args(argv)
    if sys.version_info < (3, 12):
        parser.error("bytecodes are counted from Python 3.12 on")
    setattr(trio._core._run, "_r", InOrder())  # noqa: B010
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    for name in args.tables:
        for variant in _counted(TABLES[name].variants):
            print("\n".join(lines(variant, args.times)), end="\n\n")
    return 0


def _counted(variants: tuple[Variant, ...]) -> list[Variant]:
    return [variant for variant in variants if variant.counted]


if __name__ == "__main__":
    sys.exit(main())
