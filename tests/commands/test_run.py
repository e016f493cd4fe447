"""``trio-sup run``: a tree from a file, as a program."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, Run, refusal

TREE = """
import trio
from trio_sup import child, supervisor

async def work():
    await trio.sleep_forever()

async def fail():
    raise ValueError("always")

spec = supervisor([child(work)], id="app")
bad = supervisor([child(fail)], id="app", max_restarts=0)
number = 7
"""


@pytest.fixture
def tree_path(tmp_path: Path, environ: dict[str, str]) -> str:
    (tmp_path / "mytree.py").write_text(TREE)
    return os.pathsep.join([str(tmp_path), environ["PYTHONPATH"]])


def test_a_tree_runs_can_be_inspected_and_ends_with_sigterm(
    trio_sup: Run, tree_path: str, environ: dict[str, str]
) -> None:
    with subprocess.Popen(
        [*COMMAND, "run", "mytree:spec", "--name", "mine"],
        env={**environ, "PYTHONPATH": tree_path},
    ) as program:
        deadline = time.monotonic() + 20
        while "mine" not in trio_sup("nodes").stdout:
            assert time.monotonic() < deadline
        assert "app" in trio_sup("tree", "mine").stdout
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
    refusal(trio_sup("tree", "mine"), 3)


def test_a_tree_that_gives_up_is_1_and_tells_its_story(
    trio_sup: Run, tree_path: str
) -> None:
    done = trio_sup("run", "mytree:bad", PYTHONPATH=tree_path)
    assert done.returncode == 1
    last = [line for line in done.stderr.splitlines() if line.startswith("trio-sup: ")]
    assert len(last) == 1
    assert "app" in last[0]


def test_check_prints_the_tree_and_starts_nothing(
    trio_sup: Run, tree_path: str
) -> None:
    done = trio_sup("run", "mytree:spec", "--check", PYTHONPATH=tree_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("app: one_for_one")


@pytest.mark.parametrize(
    "spec", ["mytree", "nowhere:spec", "mytree:nope", "mytree:number"]
)
def test_what_is_no_specification_is_2(
    spec: str, trio_sup: Run, tree_path: str
) -> None:
    refusal(trio_sup("run", spec, PYTHONPATH=tree_path), 2, spec.partition(":")[0])
