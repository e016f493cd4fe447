"""What a look at a node costs can be counted: a small sample of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.inspector.count import Look
from bench.inspector.counted_node import COUNTED
from bench.inspector.heard import SPEED
from tests.directories import short_directory

ROOT = Path(__file__).parent.parent.parent


def counted(program: str, directory: Path, *words: str) -> list[list[str]]:
    command = [sys.executable, "-m", f"bench.inspector.{program}", str(directory)]
    done = subprocess.run(
        [*command, "--load", "storm", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_the_looks_of_a_node_and_of_an_application_in_a_storm_are_counted() -> None:
    pytest.importorskip("textual")
    with short_directory() as directory:
        small = ("--children", "200", "--looks", "2")
        empty, *of_node = counted("counted_node", directory, *small)
        assert [words[:3] for words in of_node] == [
            ["storm", "alone", "2"],
            ["storm", "attached", "2"],
        ]
        nothing, *of_viewer = counted("counted_viewer", directory, "--looks", "1")
    assert [words[:2] for words in of_viewer] == [[SPEED, "1"], ["storm", "1"]]
    # The processes whose ends tell the count: valgrind writes it beside their numbers.
    for *_, before, after in (empty, nothing, *of_node, *of_viewer):
        assert int(before) != int(after)


def test_a_share_of_a_core_follows_from_a_count() -> None:
    look = Look(COUNTED[0], 1e7, 5e7, 4e9)
    assert look.share(look.node) == 0.01
    assert look.share(look.viewer) == 0.05
