"""The table of CONTRIBUTING says through how many files things go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .scenes import SCENES

ROOT = Path(__file__).parent.parent.parent


def files_in(table: str) -> dict[str, int]:
    rows = [line.split("|") for line in table.splitlines()]
    return {
        row[1].strip(): int(row[2])
        for row in rows
        if len(row) == 5 and row[1].strip() in SCENES
    }


def test_nothing_goes_through_more_files_than_the_table_says() -> None:
    # In a process of its own: here pytest's plugin is told of each event.
    command = [sys.executable, "-m", "tests.journeys", "--files"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    most = files_in((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    for name, files in files_in(found.stdout).items():
        assert files <= most[name], found.stdout
    assert most.keys() == SCENES.keys()
