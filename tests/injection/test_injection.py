"""A sample of ``python -m tests.injection``: each kind of fault, at many places."""

from __future__ import annotations

import pytest

from .faults import Kind
from .laws import check_laws
from .runs import run, strike_line, strike_step
from .trees import TREES

LINES = {"supervision": 1009, "servers": 857, "company": 2003}
"""How far apart the lines of the sample are."""


pytestmark = pytest.mark.usefixtures("quiet_log")  # thousands of crashes


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("schedule", ["fifo", "0", "1", "2", "3"])
def test_a_tree_without_a_fault_obeys_the_laws(tree: str, schedule: str) -> None:
    world, _ = run(TREES[tree], schedule=schedule)
    assert world.raised is None
    assert world.finished
    check_laws(world, schedule)


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("kind", ["cancel", "sigint", "twice", "raise"])
def test_a_fault_before_every_third_step_obeys_the_laws(tree: str, kind: Kind) -> None:
    at = 1 + len(tree + kind) % 3
    while strike_step(TREES[tree], at, kind, "2"):
        at += 3
    assert at > 100


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("start", range(0, 97, 24))
def test_ctrl_c_at_a_sample_of_executed_lines_obeys_the_laws(
    tree: str, start: int
) -> None:
    """Ctrl-C comes on the spot where code is not protected from it."""
    at = 1 + start
    while strike_line(TREES[tree], at, "3"):
        at += LINES[tree]
    assert at > 5_000
