"""The process that is counted: ``python -m bench.counted TABLE/VARIANT ...`` under valgrind.

To read the count, the process forks: the copy ends at once, and valgrind writes down
what it had counted by then. Two readings around a section differ by what the section
took, and by one fork, which the first line tells: an empty section.

A line has the table, the variant, how often it was done, and the two processes in
whose files the readings are, with tabs between them.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Callable

import trio

from bench.lap import Lap
from bench.steady import SteadyClock
from bench.tables import TABLES

WARM_UP = 4
"""First a body does this part of its work uncounted: CPython specialises what runs."""


class InOrder:
    """Stands for the coin that Trio tosses for the order of each batch of tasks."""

    def random(self) -> float:
        """Return what leaves the batch as it is."""
        return 1.0


class Steady(Lap):
    """A warm-up whose time is no more chance than the count's."""

    def __init__(self) -> None:
        self.clock = SteadyClock()


class Readings(Steady):
    """Notes the processes whose ends tell the count."""

    def __init__(self) -> None:
        super().__init__()
        self.processes: list[int] = []

    def start(self) -> None:
        self._read()

    def stop(self) -> None:
        self._read()

    def _read(self) -> None:
        copy = os.fork()
        if not copy:
            os._exit(0)
        os.waitpid(copy, 0)
        self.processes.append(copy)


def read(run: Callable[[int, Lap], None], n: int) -> list[int]:
    """Run a body, counted.

    The collector runs before and not within: when it would come depends on all that
    was allocated before.
    """
    readings = Readings()
    gc.collect()
    gc.disable()
    try:
        run(n, readings)
    finally:
        gc.enable()
    return readings.processes


def nothing(n: int, lap: Lap) -> None:
    for _ in range(n):
        lap.start()
        lap.stop()


def main(wanted: list[str]) -> None:
    setattr(trio._core._run, "_r", InOrder())  # noqa: B010
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    *_, before, after = read(nothing, 5)
    print("", "", 1, before, after, sep="\t", flush=True)
    for one in wanted:
        table, _, name = one.partition("/")
        variant = TABLES[table].named(name)
        variant.run(variant.counted // WARM_UP, Steady())
        before, after = read(variant.run, variant.counted)
        print(table, name, variant.counted, before, after, sep="\t", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
