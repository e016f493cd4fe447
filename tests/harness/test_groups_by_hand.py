"""A group that waits, and what people do to it meanwhile: right, and planted wrong."""

import subprocess
import sys

import pytest

from tests.harness.mutants.__main__ import ROOT
from tests.harness.mutants.group_ground import dines, feasts
from trio_sup.testing import replay


def test_who_is_started_by_hand_while_its_group_waits_is_on_its_own() -> None:
    world = replay(feasts, client=dines, allow=[OSError], duration=30.0)
    assert world.lives("house/feast/uncle") > 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "bug",
    [
        "the earlier pivot of a pending group is forgotten",
        "a crash in the teardown of a group counts",
        "a budget outlives its supervisor",
        "a restart by hand leaves the budget used up",
        "who is terminated in a backoff comes back",
    ],
)
def test_a_bug_of_groups_with_a_state_is_found(bug: str) -> None:
    words = [sys.executable, "-m", "tests.harness.mutants", "--one", bug]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
