"""Nobody is left behind: not by a node that is killed, not by a thousand restarts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import trio

from tests.processes.killing import kill_a_node
from tests.processes.programs import (
    LONG,
    children_of,
    handle,
    is_running,
    open_files,
    shell,
    until,
)
from trio_sup import open_supervisor
from trio_sup._processes.keeper import get_keeper


@pytest.mark.parametrize("late", [0.0, 0.01, 0.05])
def test_a_node_that_is_killed_leaves_no_process(late: float, tmp_path: Path) -> None:
    left, _ = kill_a_node(tmp_path, late)
    assert not left


@pytest.mark.trio
async def test_a_keeper_that_is_killed_has_a_successor_that_knows_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_supervisor([shell(f"sleep {LONG}")]) as tree:
        keeper = await get_keeper()
        first, pid = keeper.pid, handle(tree, "sh").pid
        assert first is not None
        assert pid is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: keeper.pid not in (None, first))
        assert "another one is started" in caplog.text
        # It takes the end of the pipe for that of the node, as it should.
        assert keeper.pid is not None
        os.kill(keeper.pid, signal.SIGCONT)
        assert is_running(pid)


@pytest.mark.trio
async def test_a_keeper_that_reads_no_more_is_replaced(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trio_sup._processes.keeper.PATIENCE", 0.05)
    keeper = await get_keeper()
    first = keeper.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    for number in range(20_000):  # more than a pipe holds
        keeper.went(2**30 + number)
    await until(lambda: keeper.pid not in (None, first))
    assert "another one is started" in caplog.text


def test_a_run_takes_its_keeper_along() -> None:
    async def main() -> int | None:
        async with open_supervisor([shell(f"sleep {LONG}")]):
            return (await get_keeper()).pid

    before = open_files()
    for _ in range(2):
        pid = trio.run(main)
        assert pid is not None
        assert not is_running(pid)
        assert pid not in [child for child, _ in children_of(os.getpid())]
    assert len(open_files()) == len(before)


@pytest.mark.trio
@pytest.mark.parametrize("count", [25])
async def test_restarts_leave_no_file_no_zombie_and_no_task(
    count: int, quiet_log: None
) -> None:
    before = {pid for pid, _ in children_of(os.getpid())}
    spec = shell("echo out; echo err >&2; exit 1")
    async with open_supervisor([spec], max_restarts=10**6) as tree:
        made = handle(tree, "sh")
        await until(lambda: made.restarts > 2)
        tasks = trio.lowlevel.current_statistics().tasks_living
        for _ in range(2):
            # Between two lives everything of the last one is gone.
            await made.wait_exit()
        await until(lambda: made.restarts > count)
        await tree.terminate_child("sh")
        below = children_of(os.getpid())
        files = open_files()
        # The keeper, unless there was one; and what other tests left running.
        assert len({pid for pid, _ in below} - before) <= 1
        assert trio.lowlevel.current_statistics().tasks_living <= tasks
        await tree.restart_child("sh")
        await until(lambda: made.restarts > 2 * count)
        await tree.terminate_child("sh")
        assert children_of(os.getpid()) == below
        assert len(open_files()) == len(files)
