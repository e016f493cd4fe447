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


SCRIPT = """
import sys
from tests.harness.mutants.__main__ import TABLES
from tests.harness.mutants.planting import plant

(bug,) = [each for each in TABLES["moments"] if each.name == sys.argv[1]]
plant(bug)

from tests.harness.mutants.group_ground import dines, feasts
from trio_sup.testing import SupervisionViolation, replay

try:
    replay(feasts, client=dines, allow=[OSError], duration=30.0)
except SupervisionViolation:
    print("found")
"""
"""A bug is planted before the library is imported."""


@pytest.mark.parametrize(
    "bug",
    [
        "the earlier pivot of a pending group is forgotten",
        "a pending group takes the earlier time",
        "a crash in the teardown of a group counts",
        "a budget outlives its supervisor",
        "a restart by hand leaves the budget used up",
        "who is terminated in a backoff comes back",
    ],
)
def test_a_bug_of_groups_with_a_state_is_found_without_a_fault(bug: str) -> None:
    words = [sys.executable, "-c", SCRIPT, bug]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "found\n"
