"""``python -m tests.mutation [FILE ...]``: let mutmut plant mistakes in the pure core.

Needs the extra `mutation`. Every mutant has to be killed by tests/core, or stand in
survivors.toml with the reason why it is no mistake. Fails on a survivor that does not
stand there, and on an entry that no mutant needs any more. Nothing is written to the
working tree.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from .results import Mutant, read_results
from .survivors import Survivor, load, parse_diff

ROOT = Path(__file__).parent.parent.parent
CORE = "trio_sup/_core"
FILES = ("exits", "name_tables", "policies", "specs", "strategy", "window")
SURVIVORS = Path(__file__).with_name("survivors.toml")


def main() -> int:
    """Run the mutants of the named files, of all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("file", nargs="*", help=f"of {', '.join(FILES)}")
    files = tuple(parser.parse_args().file) or FILES
    unknown = set(files) - set(FILES)
    if unknown:
        parser.error(f"not one of {', '.join(FILES)}: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="trio-sup-mutants-") as name:
        folder = Path(name)
        prepare(folder, files)
        ran = subprocess.run([*_mutmut(), "run"], cwd=folder, check=False)
        mutants = list(read_results(folder / "mutants" / CORE))
        if ran.returncode or not mutants:
            print("mutmut did not get to an end", file=sys.stderr)
            return 1
        found = {
            mutant: _describe(folder, mutant) for mutant in mutants if not mutant.killed
        }
    return report(mutants, found, load(SURVIVORS), files)


def _mutmut() -> list[str]:
    return [sys.executable, "-m", "mutmut"]


def prepare(folder: Path, files: Iterable[str]) -> None:
    """Copy what mutmut needs, with its settings."""
    for part in ("trio_sup", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    shutil.copy(ROOT / "conftest.py", folder)
    targets = [f"{CORE}/{file}.py" for file in files]
    # Mutants that loop for ever are killed by their time: generous, for a busy
    # machine must not kill any.
    settings = f"""
[tool.mutmut]
source_paths = ["{CORE}"]
only_mutate = {targets}
also_copy = ["trio_sup", "conftest.py"]
pytest_add_cli_args = ["-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = ["tests/core"]
timeout_constant = 10.0
use_git_change_detection = false
"""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(project + settings, encoding="utf-8")


def _describe(folder: Path, mutant: Mutant) -> Survivor:
    shown = subprocess.run(
        [*_mutmut(), "show", mutant.key],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return parse_diff(mutant.place, shown.stdout)


def report(
    mutants: list[Mutant],
    found: dict[Mutant, Survivor],
    known: tuple[Survivor, ...],
    files: tuple[str, ...],
) -> int:
    """Print figures and what is wrong; return the exit code."""
    excused = {survivor for survivor in found.values() if survivor in known}
    fresh = [survivor for survivor in found.values() if survivor not in known]
    concerned = [s for s in known if s.place.partition(".")[0] in files]
    stale = [survivor for survivor in concerned if survivor not in excused]
    for line in _figures(mutants, found, fresh):
        print(line)
    for title, wrong in (
        ("No test notices this, and survivors.toml gives no reason:", fresh),
        ("survivors.toml excuses what does not survive (any more):", stale),
    ):
        if wrong:
            print(f"\n{title}")
            for survivor in wrong:
                print(survivor.as_toml())
    return 1 if fresh or stale else 0


def _figures(
    mutants: list[Mutant], found: dict[Mutant, Survivor], fresh: list[Survivor]
) -> Iterator[str]:
    total = Counter(mutant.file for mutant in mutants)
    late = sum(mutant.status == "timeout" for mutant in mutants)
    yield ""
    for file, count in sorted(total.items()):
        left = [s for mutant, s in found.items() if mutant.file == file]
        new = sum(survivor in fresh for survivor in left)
        yield (
            f"{file:10} {count:4} mutants, {count - len(left):4} killed, "
            f"{len(left) - new:3} excused, {new:3} survived"
        )
    yield f"{late} of the killed never came to an end by themselves"


if __name__ == "__main__":
    raise SystemExit(main())
