"""`python -m tests.harness.mutants`: a table of what is found, and how fast.

Four tables are written beside this file when all mutants of theirs were tried:
`table.txt`, on trees of all kinds, `servers.txt`, on trees of servers, `beside.txt`, on
trees of names, monitors and tasks, and `moments.txt`, on trees of bad moments.
"""

import argparse
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from attrs import asdict, frozen

from .beside_catalogue import BESIDE_MUTANTS
from .catalogue import MUTANTS
from .moments_catalogue import MOMENT_MUTANTS
from .mutant import Mutant
from .planting import plant
from .server_catalogue import SERVER_MUTANTS

ROOT = Path(__file__).parents[3]
TABLES = {
    "table": MUTANTS,
    "servers": SERVER_MUTANTS,
    "beside": BESIDE_MUTANTS,
    "moments": MOMENT_MUTANTS,
}
"""What is planted, by the name of the table; see `file_of`."""

BUDGET = 10.0
"""Seconds of processor time in which a mutant must be found."""

ROUND = {"table": 12, "servers": 12, "beside": 1, "moments": 1}
"""Examples of each tree before the next one has its turn, at first."""

SOUND_ROUND = 1000
"""The same, for the sound library."""

MISSED = 3
"""Exit code of a process that found nothing."""


@frozen
class Found:
    """What the harness said of a mutant."""

    took: float
    """Processor seconds until the first failure."""
    shrunk: float
    """And until it was shrunk and printed."""
    faults: int
    """Events in the shrunk script."""
    rule: str


def file_of(table: str) -> Path:
    """Where a table stands."""
    return Path(__file__).with_name(f"{table}.txt")


def hunt(mutant: Mutant, budget: float) -> Found | None:
    """Check all trees of a table in turn until one complains; say what was found."""
    plant(mutant)
    import hypothesis

    from trio_sup.testing import EVERYTHING, SupervisionViolation, check_supervision

    from .ground import GROUND

    table = next(name for name, mutants in TABLES.items() if mutant in mutants)
    cases = GROUND[table]
    hypothesis.settings.register_profile("hunt", database=None)
    hypothesis.settings.load_profile("hunt")
    examples = ROUND[table]
    began = time.process_time()
    while time.process_time() - began < budget:
        for case in cases:
            try:
                check_supervision(
                    case.build,
                    client=case.client,
                    allow=case.allow,
                    faults=EVERYTHING,
                    max_examples=examples,
                )
            except SupervisionViolation as found:
                return Found(
                    found.found_at - began,
                    time.process_time() - began,
                    len(found.script),
                    found.world.problems[0].invariant,
                )
            if time.process_time() - began > budget:
                break
        examples *= 2
    return None


def in_a_process(mutant: Mutant) -> Found | None:
    """Hunt one mutant in a process of its own.

    Raises:
        RuntimeError: the harness itself broke.
    """
    package = "tests.harness.mutants"
    command = [sys.executable, "-W", "ignore", "-m", package, "--one", mutant.name]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=1200, cwd=ROOT, check=False
    )
    if done.returncode == MISSED:
        return None
    if done.returncode != 0:
        raise RuntimeError(f"{mutant.name}: {done.stderr}")
    return Found(**json.loads(done.stdout.splitlines()[-1]))


def lines_of(results: dict[Mutant, Found | None]) -> Iterator[str]:
    """The table, and what follows from it."""
    yield f"{'planted bug':52} {'found':>7} {'shrunk':>7} faults  what was said"
    for mutant, found in results.items():
        yield f"{mutant.name:52} {cells(found)}"
    hits = [found for found in results.values() if found is not None]
    yield ""
    yield f"{len(hits)} of {len(results)} found, each within {BUDGET:g} s of search"
    if hits:
        longest, most = max(f.took for f in hits), max(f.faults for f in hits)
        yield (
            f"found after a median of {median(f.took for f in hits):.1f} s, at most "
            f"{longest:.1f} s of processor time"
        )
        yield (
            f"shrunk to a median of {median(f.faults for f in hits):g} faults, at "
            f"most {most}"
        )


def cells(found: Found | None) -> str:
    """One row of the table, but for the name."""
    if found is None:
        return "NOT FOUND"
    return f"{found.took:5.1f} s {found.shrunk:5.1f} s {found.faults:6}  {found.rule}"


def sound(wanted: int, seed: int) -> int:
    """Run the sound library; return how many examples went well.

    Args:
        wanted: How many there are to be.
        seed: What the first round is drawn from; each round says its own.

    Raises:
        SupervisionViolation: it is not sound, or the harness is wrong.
    """
    import hypothesis
    import hypothesis.core

    from trio_sup.testing import EVERYTHING, check_supervision

    from .ground import GROUND

    hypothesis.settings.register_profile("sound", database=None)
    hypothesis.settings.load_profile("sound")
    core: Any = hypothesis.core
    total, began = 0, time.perf_counter()
    trees = itertools.cycle(case for cases in GROUND.values() for case in cases)
    for number, case in enumerate(trees, seed):
        print(f"{case.name}, seed {number}:", flush=True)
        forced: Any = core  # as --hypothesis-seed does
        forced.global_force_seed = number
        report = check_supervision(
            case.build,
            client=case.client,
            allow=case.allow,
            faults=EVERYTHING,
            max_examples=min(SOUND_ROUND, wanted - total),
        )
        total += report.examples
        took = time.perf_counter() - began
        print(f"{total:>8} of {wanted} in {took:6.0f} s  {case.name}", flush=True)
        if total >= wanted:
            return total
    return total


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.harness.mutants", description=__doc__
    )
    parser.add_argument("--table", choices=TABLES, help="only this one of them")
    parser.add_argument(
        "--only",
        metavar="WORD",
        default="",
        help="mutants whose name holds the word; no table is written",
    )
    parser.add_argument("--one", metavar="NAME", help="one mutant, in this process")
    parser.add_argument(
        "--sound",
        metavar="N",
        type=int,
        help="only the sound library: N examples over all trees, in rounds",
    )
    parser.add_argument(
        "--seed",
        metavar="S",
        type=int,
        default=0,
        help="of the first round of these; each later one has the next (0)",
    )
    options = parser.parse_args()
    if options.sound:
        went_well = sound(options.sound, options.seed)
        print(f"{went_well} examples of the sound library, nothing found")
        return 0
    if options.one:
        every = [mutant for mutants in TABLES.values() for mutant in mutants]
        [mutant] = [each for each in every if each.name == options.one]
        found = hunt(mutant, BUDGET)
        print("not found" if found is None else json.dumps(asdict(found)))
        return MISSED if found is None else 0
    missed = False
    for table, mutants in TABLES.items():
        if options.table in (None, table):
            chosen = [each for each in mutants if options.only in each.name]
            missed |= try_all(chosen, "" if options.only else table)
    return int(missed)


def try_all(mutants: Sequence[Mutant], table: str) -> bool:
    """Try mutants one by one; return whether one was missed.

    Args:
        mutants: What is planted.
        table: Which table to write, if any.
    """
    results: dict[Mutant, Found | None] = {}
    for mutant in mutants:
        found = results[mutant] = in_a_process(mutant)
        print(f"{mutant.name:52} {cells(found)}", flush=True)
    text = "\n".join(lines_of(results)) + "\n"
    print(f"\n{text}")
    if table:
        file_of(table).write_text(text, encoding="utf-8")
    return None in results.values()


if __name__ == "__main__":
    sys.exit(main())
