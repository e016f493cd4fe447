"""`python -m tests.harness.mutants`: a table of what is found, and how fast.

--examples N   only the sound library, N examples of each tree
--only WORD    mutants whose name holds the word
--one NAME     one mutant, in this process
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from .catalogue import MUTANTS, Mutant
from .planting import plant

ROOT = Path(__file__).parents[3]

BUDGET = 10.0
"""Seconds of processor time in which a mutant must be found."""

ROUND = 12
"""Examples of each tree before the next one has its turn."""


def hunt(mutant: Mutant | None, budget: float) -> str | None:
    """Check all trees in turn until one complains; say what was found."""
    if mutant is not None:
        plant(mutant)
    import hypothesis

    from trio_sup.testing import EVERYTHING, SupervisionViolation, check_supervision

    from .ground import CASES

    hypothesis.settings.register_profile("hunt", database=None)
    hypothesis.settings.load_profile("hunt")
    examples = ROUND
    began = time.process_time()
    while time.process_time() - began < budget:
        for case in CASES:
            try:
                check_supervision(
                    case.build,
                    client=case.client,
                    allow=case.allow,
                    faults=EVERYTHING,
                    max_examples=examples,
                )
            except SupervisionViolation as found:
                took = found.found_at - began
                shrunk = time.process_time() - began
                problem = found.world.problems[0]
                return (
                    f"{took:5.1f} s {shrunk:5.1f} s {len(found.script):6}  "
                    f"{problem.invariant}"
                )
            if time.process_time() - began > budget:
                break
        examples *= 2
    return None


def in_a_process(mutant: Mutant) -> str | None:
    """Hunt one mutant in a process of its own."""
    package = "tests.harness.mutants"
    command = [sys.executable, "-W", "ignore", "-m", package, "--one", mutant.name]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=300, cwd=ROOT, check=False
    )
    if done.returncode == 0:
        return done.stdout.strip()
    if done.returncode == 3:
        return None
    tail = (done.stderr.strip().splitlines() or ["it died"])[-1]
    return f"   --    -  broke the harness itself: {tail[:60]}"


def sound(examples: int) -> int:
    """Run the sound library; return how many examples went well."""
    from trio_sup.testing import EVERYTHING, check_supervision

    from .ground import CASES

    total = 0
    for case in CASES:
        report = check_supervision(
            case.build,
            client=case.client,
            allow=case.allow,
            faults=EVERYTHING,
            max_examples=examples,
        )
        total += report.examples
        print(f"{case.name:22} {report}", flush=True)
    return total


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.harness.mutants")
    parser.add_argument("--examples", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--one")
    options = parser.parse_args()
    if options.examples:
        print(f"{sound(options.examples)} examples, nothing found")
        return 0
    if options.one:
        [mutant] = [each for each in MUTANTS if each.name == options.one]
        found = hunt(mutant, BUDGET)
        print(found or "not found")
        return 0 if found else 3
    chosen = [each for each in MUTANTS if options.only in each.name]
    missed = 0
    print(f"{'planted bug':52} {'found':>7} {'shrunk':>7} faults  what was said")
    for mutant in chosen:
        said = in_a_process(mutant)
        missed += said is None
        print(f"{mutant.name:52} {said or 'NOT FOUND'}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
