"""Instructions of one operation: the same on a busy machine as on a quiet one.

The bodies run in a process under valgrind (`bench.counted`), which counts every
instruction of it. What is left to chance is fixed: the order of hashes, and the
environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from bench.method import Table

ROOT = Path(__file__).parent.parent
KEPT = ("PATH", "HOME", "SYSTEMROOT", "TMPDIR", "PYTHON_GIL", "PYTHON_JIT")
"""Of the environment; what else is set there may change what is executed."""


class NoCounter(Exception):
    """Instructions cannot be counted here, and why."""


@frozen
class Count:
    """What one variant of a table took."""

    table: str
    name: str
    instructions: float
    """For doing the work once."""


def counter() -> str:
    """Return the name of the counter, with its version.

    Raises:
        NoCounter: there is none.
    """
    if shutil.which("valgrind") is None:
        raise NoCounter("instructions are counted with valgrind, which is not here")
    asked = subprocess.run(["valgrind", "--version"], capture_output=True, text=True)
    if asked.returncode:
        raise NoCounter(f"valgrind does not run: {asked.stderr.strip()[-200:]}")
    return asked.stdout.strip()


def counted(table: Table) -> list[tuple[str, str]]:
    """The variants of a table that can be counted, as `counts` wants them."""
    return [(table.name, variant.name) for variant in table.variants if variant.counted]


def counts(wanted: Sequence[tuple[str, str]]) -> Iterator[Count]:
    """Count these variants, one after the other.

    Args:
        wanted: For each the names of its table and its own.

    Raises:
        NoCounter: there is no counter, or it failed.
    """
    names = [f"{table}/{name}" for table, name in wanted]
    for (table, name, n), instructions in sections("bench.counted", names):
        yield Count(table, name, instructions / int(n))


def sections(module: str, words: Sequence[str]) -> Iterator[tuple[list[str], int]]:
    """Run a program that reads its count, as `bench.counted` does.

    Args:
        module: The program.
        words: Its arguments.

    Yields:
        For each of its lines but the first, which is an empty section: the words that
        it begins with, and the instructions of the section.

    Raises:
        NoCounter: there is no counter, or the program failed.
    """
    counter()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        errors = directory / "errors"
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                _command(directory, module, words),
                cwd=ROOT,
                env={k: os.environ[k] for k in KEPT if k in os.environ}
                | {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        try:
            yield from _collect(process, directory)
            if process.wait():
                said = errors.read_text(errors="replace").strip()
                raise NoCounter(f"the process that was counted failed:\n{said[-2000:]}")
        finally:
            process.kill()
            process.communicate()


def _command(directory: Path, module: str, words: Sequence[str]) -> list[str]:
    return [
        "valgrind",
        "--quiet",
        "--tool=cachegrind",
        "--cache-sim=no",
        f"--cachegrind-out-file={directory}/%p",
        sys.executable,
        "-m",
        module,
        *words,
    ]


def _collect(
    process: subprocess.Popen[str], directory: Path
) -> Iterator[tuple[list[str], int]]:
    """What the lines of the process stand for; the first one is an empty section."""
    assert process.stdout is not None
    empty: int | None = None
    for line in process.stdout:
        *words, before, after = line.rstrip("\n").split("\t")
        section = _total(directory / after) - _total(directory / before)
        if empty is None:
            empty = section
        else:
            yield words, section - empty


def _total(file: Path) -> int:
    """The count that a process had reached when it ended."""
    found = re.search(rb"^summary: (\d+)", file.read_bytes(), re.MULTILINE)
    if found is None:
        raise NoCounter(f"valgrind wrote no count: {file.read_bytes()[-200:]!r}")
    return int(found[1])
