"""`python -m tests.cluster.promise 100000`: so many steps; `--bugs`: planted bugs.

The table of the planted bugs is written beside this file when all of them were tried.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.cluster.promise.bugs import BUGS, HIDDEN
from tests.harness.mutants.mutant import Mutant
from tests.harness.mutants.planting import plant

ROOT = Path(__file__).parents[3]
TABLE = Path(__file__).with_name("table.txt")
BUDGET = 60.0
"""Seconds of processor time in which a bug must be found."""
ROUND = 10
"""Plays of one search of planted bugs."""
MISSED = 3
"""Exit code of a process that found nothing."""


def hold(wanted: int) -> int:
    """Draw so many steps, in searches, and return how many held.

    Raises:
        Broken: inside of a group: the promise did not hold.
    """
    from tests.cluster.promise.plays import search
    from tests.cluster.promise.steps import LONG

    steps, began = 0, time.perf_counter()
    while steps < wanted:
        steps += search(10, LONG)()
        took = time.perf_counter() - began
        print(f"{steps:>8} steps of {wanted} held, in {took:.0f} s", flush=True)
    return steps


def hunt(bug: Mutant) -> str | None:
    """Plant a bug and search; say what was found."""
    plant(bug)
    from tests.cluster.promise.plays import first_broken

    began = time.process_time()
    while time.process_time() - began < BUDGET:
        found = first_broken(ROUND)
        if found is not None:
            return f"{time.process_time() - began:5.1f} s  {found}"
    return None


def in_a_process(bug: Mutant) -> str | None:
    """Hunt one bug in a process of its own.

    Raises:
        RuntimeError: the search itself broke.
    """
    command = [sys.executable, "-m", "tests.cluster.promise", "--one", bug.name]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, cwd=ROOT, check=False
    )
    if done.returncode == MISSED:
        return None
    if done.returncode != 0:
        raise RuntimeError(f"{bug.name}: {done.stderr}")
    return done.stdout.splitlines()[-1]


def try_all(bugs: list[Mutant], *, write: bool) -> bool:
    """Try bugs one by one; return whether each was found."""
    lines = [f"{'planted bug':62}    took  what was said"]
    missed = 0
    for bug in bugs:
        found = in_a_process(bug)
        missed += found is None
        lines.append(f"{bug.name:62} {found or 'NOT FOUND'}")
        print(lines[-1], flush=True)
    lines += ["", f"{len(bugs) - missed} of {len(bugs)} found"]
    print(lines[-1])
    if write:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return not missed


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.cluster.promise", description=__doc__
    )
    parser.add_argument(
        "steps", type=int, nargs="?", default=1000, help="how many at least (1000)"
    )
    parser.add_argument(
        "--bugs",
        action="store_true",
        help="plant each bug, one process for each, until the promise does not hold",
    )
    parser.add_argument(
        "--only",
        metavar="WORD",
        default="",
        help="bugs whose name holds the word; no table is written",
    )
    parser.add_argument("--one", metavar="NAME", help="one bug, in this process")
    options = parser.parse_args()
    if options.one:
        [bug] = [each for each in [*BUGS, *HIDDEN] if each.name == options.one]
        found = hunt(bug)
        print(found or "not found")
        return 0 if found else MISSED
    if options.bugs or options.only:
        chosen = [each for each in BUGS if options.only in each.name]
        return int(not try_all(chosen, write=not options.only))
    print(f"the promise held for {hold(options.steps)} steps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
