"""Run the benchmarks: ``python -m bench [--rounds N] [TABLE ...]``."""

from __future__ import annotations

import argparse
import logging
import platform
import sys

import trio
import trio.testing

from bench import floor, library
from bench.method import Variant, measure, print_table

TABLES: dict[str, list[Variant]] = {
    "call": [
        Variant("two bare reschedules", floor.two_reschedules, 20_000),
        Variant("call", library.calls, 20_000, 1.10),
        Variant("call with_timeout(5)", library.calls_with_timeout, 20_000, 1.25),
        Variant("call under fail_after(5)", library.calls_under_fail_after, 20_000),
        Variant("look-up by name, and call", library.calls_by_name, 20_000, 1.15),
        Variant("call, 100 callers on 1 server", library.fan_in, 20_000, 0.85),
    ],
    "cast": [
        Variant("memory channel of 64, per message", floor.channel_messages, 20_000),
        Variant("cast, handling included", library.casts, 20_000, 0.15),
    ],
    "restart": [
        Variant("new task, own scope, crash caught", floor.scoped_crashes, 10_000),
        Variant("bare task start and exit", floor.tasks_start_and_exit, 10_000),
        Variant("crash and restart", library.restarts, 10_000),
    ],
    "start": [
        Variant("nursery.start", floor.nursery_starts, 3_000),
        Variant("start_child", library.starts, 3_000, 0.85),
    ],
    "stop": [
        Variant("cancel of scoped tasks", floor.scoped_nursery_cancel, 3_000),
        Variant("stop of a dynamic supervisor", library.stops, 3_000, 0.9),
        Variant("one_for_all, per sibling", library.group_restarts, 1_000),
    ],
    "registry": [
        Variant("dict look-up", floor.dict_lookups, 100_000),
        Variant("registry.lookup", library.lookups, 100_000),
    ],
}


def main() -> int:
    """Run the tables that were asked for, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds")
    args = parser.parse_args()
    unknown = set(args.tables) - set(TABLES)
    if unknown or args.rounds < 1:
        parser.error(f"tables are {', '.join(TABLES)}; rounds at least 1")
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    print(f"Python {platform.python_version()}, trio {trio.__version__}")
    print(f"{args.rounds} rounds, thread time, ratio to the first line of each table")
    for name in args.tables or TABLES:
        print_table(name, measure(TABLES[name], args.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
