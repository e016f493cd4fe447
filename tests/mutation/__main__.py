"""``python -m tests.mutation [FILE ...]``: plant mistakes in the pure core.

Needs the extra `mutation`. mutmut says what the mistakes are. Each has to be noticed by
a test of the core alone, or stand in survivors.toml with the reason why it is no
mistake. Fails on a survivor that does not stand there, and on an entry that no mutant
needs any more. Nothing is written to the working tree.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from .judging import Judge, Verdict
from .survivors import Judged, Survivor, load

ROOT = Path(__file__).parent.parent.parent
PACKAGE = "trio_sup._core"
FOLDER = ROOT / "trio_sup" / "_core"
SURVIVORS = Path(__file__).with_name("survivors.toml")

TESTS = ("tests/core", "tests/proof/supervisors/test_core.py")
"""The tests that judge: of the core alone, the second by what real OTP did."""

LEFT_OUT = (
    "tests/core/test_plan_laws.py::",
    "tests/core/test_at_once_laws.py::",
    "tests/core/test_reconfigure_bugs.py::",
    "tests/core/test_status.py::test_no_status_of_a_child_is_written_outside_the_core[",
    "tests/proof/supervisors/test_core.py::test_the_core_agrees_with_otp[",
)
"""Those that look at hundreds of random programs, or at all files: what nothing but luck
finds is to have a test that says so, and a mutant to take a tenth of a second."""

FILES = {
    ".".join(path.relative_to(FOLDER).with_suffix("").parts): path
    for path in sorted(FOLDER.rglob("*.py"))
    if path.name != "__init__.py"
}
"""All modules of the core. Those that are but words and tables have no mutants."""


def main() -> int:
    """Run the mutants of the named files, of all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("file", nargs="*", help=f"of {', '.join(FILES)}")
    files = tuple(parser.parse_args().file) or tuple(FILES)
    unknown = set(files) - set(FILES)
    if unknown:
        parser.error(f"not one of {', '.join(FILES)}: {', '.join(sorted(unknown))}")
    from .planting import Mutant, mutants_of

    # pytest has the standard output to itself meanwhile.
    screen = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    known = load(SURVIVORS)
    found: list[Judged] = []

    def mutants() -> Iterator[Mutant]:
        for file in files:
            yield from mutants_of(PACKAGE, file, FILES[file])
            for line in figures(file, found, known):
                print(line, file=screen, flush=True)

    def note(mutant: Mutant, verdict: Verdict) -> None:
        judged = Judged(mutant.file, mutant.shown, verdict)
        found.append(judged)
        if judged.survived and judged.shown not in known:
            print(judged.shown.as_toml(), file=screen, flush=True)

    os.environ["HYPOTHESIS_PROFILE"] = "mutation"
    os.chdir(ROOT)
    options = ["-q", "-p", "no:cacheprovider", "--no-header", "-s"]
    judge = Judge(mutants, LEFT_OUT, FOLDER, note)
    ended = pytest.main([*options, *TESTS], [judge])
    if ended:
        print("the tests did not get to judge", file=sys.stderr)
        return 1
    return report(found, known, files)


def figures(
    file: str, found: Iterable[Judged], known: tuple[Survivor, ...]
) -> Iterator[str]:
    """A line about a file that has mutants."""
    its = [judged for judged in found if judged.file == file]
    left = [judged for judged in its if judged.survived]
    fresh = sum(judged.shown not in known for judged in left)
    endless = sum(judged.verdict == "endless" for judged in its)
    if its:
        yield (
            f"{file:16} {len(its):4} mutants, {len(its) - len(left):4} killed"
            f"{f' ({endless} without an end)' if endless else ''}, "
            f"{len(left) - fresh:3} excused, {fresh:3} survived"
        )


def report(
    found: Iterable[Judged], known: tuple[Survivor, ...], files: Iterable[str]
) -> int:
    """Print what is wrong; return the exit code."""
    left = [judged.shown for judged in found if judged.survived]
    fresh = [survivor for survivor in left if survivor not in known]
    concerned = [survivor for survivor in known if any(map(survivor.stands_in, files))]
    stale = [survivor for survivor in concerned if survivor not in left]
    for title, wrong in (
        ("No test notices this, and survivors.toml gives no reason:", fresh),
        ("survivors.toml excuses what does not survive (any more):", stale),
    ):
        if wrong:
            print(f"\n{title}")
            for survivor in wrong:
                print(survivor.as_toml())
    return 1 if fresh or stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
