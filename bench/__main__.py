"""Run the benchmarks: ``python -m bench [--rounds N] [TABLE ...]``."""

from __future__ import annotations

import argparse
import logging
import platform
import sys

import trio

from bench.counting import NoCounter, counter, counts
from bench.method import measure, print_table
from bench.tables import TABLES


def instructions(names: list[str]) -> int:
    """Print the instructions of each operation, as they are counted."""
    try:
        print(f"Python {platform.python_version()}, trio {trio.__version__}, {counter()}")
        print("instructions for doing the work once; ratio to the floor of the table")
        told, floors = "", dict[str, float]()
        for found in counts(names or list(TABLES)):
            if found.table != told:
                told = found.table
                print(f"\n{told}\n  {'':<36} {'':>10} {'ratio':>6} {'must':>6} {'goal':>6}")
            floor = floors.setdefault(found.table, found.instructions)
            variant = TABLES[told].named(found.name)
            aims = [f"{a:.2f}" if a else "" for a in (variant.must, variant.goal)]
            print(
                f"  {found.name:<36} {found.instructions:>10,.0f}"
                f" {found.instructions / floor:>6.2f} {aims[0]:>6} {aims[1]:>6}",
                flush=True,
            )
    except NoCounter as no:
        print(f"python -m bench: {no}", file=sys.stderr)
        return 2
    return 0


def main() -> int:
    """Run the tables that were asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds")
    args = parser.parse_args()
    counting = args.tables[:1] == ["instructions"]
    names = args.tables[1:] if counting else args.tables
    unknown = set(names) - set(TABLES)
    if unknown or args.rounds < 1:
        parser.error(f"tables are {', '.join(TABLES)}; rounds at least 1")
    if counting:
        return instructions(names)
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    print(f"Python {platform.python_version()}, trio {trio.__version__}")
    print(f"{args.rounds} rounds, processor time, ratio to the first of each table")
    for name in names or TABLES:
        print_table(name, measure(TABLES[name].variants, args.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
