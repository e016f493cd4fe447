"""How a program ends, and what follows from it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.processes.programs import (
    LONG,
    handle,
    is_running,
    numbers_in,
    python,
    shell,
    state_of,
    until,
)
from trio_sup import ProgramExit, StartFailed, open_supervisor

pytestmark = pytest.mark.trio

UNTIL_TOLD = "while :; do sleep 0.05; done"
"""A shell that waits: a signal between its look and its `wait` is heard after that."""


@pytest.mark.parametrize(
    ("script", "ok_codes", "kind"),
    [
        ("exit 0", (0,), "normal"),
        ("exit 3", (0,), "crashed"),
        ("exit 3", (0, 3), "normal"),
        ("exit 0", (3,), "crashed"),
        ("kill -HUP $$", (0,), "crashed"),
        ("kill -HUP $$", (0, "SIGHUP"), "normal"),
        ("kill -KILL $$", (0, "SIGHUP"), "crashed"),
    ],
)
async def test_an_end_is_in_order_by_its_exit_code_or_signal(
    script: str, ok_codes: Any, kind: str
) -> None:
    spec = shell(script, ok_codes=ok_codes, restart="temporary")
    async with open_supervisor([]) as tree:
        made = await tree.start_child(spec)
        assert (await made.wait_exit()).kind == kind


async def test_who_ends_at_once_was_ready_all_the_same(tmp_path: Path) -> None:
    # Nothing of it is read here, so nothing holds the decision up.
    spec = shell(
        "exit 0", restart="temporary", stdout="inherit", stderr=tmp_path / "errors"
    )
    async with open_supervisor([]) as tree:
        for _ in range(5):
            made = await tree.start_child(spec)
            assert (await made.wait_exit()).kind == "normal"


@pytest.mark.parametrize(
    ("restart", "code", "lives"),
    [
        ("permanent", 0, 2),
        ("permanent", 1, 2),
        ("transient", 0, 1),
        ("transient", 1, 2),
        ("temporary", 1, 1),
    ],
)
async def test_restart_types_go_by_the_exit_code(
    restart: Any, code: int, lives: int, tmp_path: Path, quiet_log: None
) -> None:
    # The second life stays.
    script = f"[ -e once ] && exec sleep {LONG}; touch once; exit {code}"
    spec = shell(script, restart=restart, cwd=tmp_path)
    async with open_supervisor([]) as tree:
        made = await tree.start_child(spec)
        await made.wait_exit(1)
        if lives == 2:
            await made.wait_running()
        else:
            await made.wait_stopped()
        assert made.life == lives


async def test_the_crash_tells_code_or_signal_and_the_end_of_stderr() -> None:
    script = "echo first >&2; echo second >&2; exit 7"
    async with open_supervisor([]) as tree:
        made = await tree.start_child(shell(script, restart="temporary"))
        error = (await made.wait_exit()).error
        assert isinstance(error, ProgramExit)
        assert (error.exit_code, error.signal) == (7, None)
        assert error.stderr == ("first", "second")
        assert "'sh' ended: exit code 7" in str(error)
        assert "second" in str(error)

        killed = await tree.start_child(shell("kill -SEGV $$", restart="temporary"))
        error = (await killed.wait_exit()).error
        assert isinstance(error, ProgramExit)
        assert (error.exit_code, error.signal) == (None, "SIGSEGV")
        assert killed.returncode == -signal.SIGSEGV


async def test_a_stop_is_a_signal_and_an_end_in_order_whatever_the_code(
    tmp_path: Path,
) -> None:
    script = f"trap 'echo done > told; exit 9' TERM; touch up; {UNTIL_TOLD}"
    async with open_supervisor([]) as tree:
        made = await tree.start_child(shell(script, cwd=tmp_path))
        await until((tmp_path / "up").exists)
        await tree.terminate_child("sh")
        assert made.last_exit is not None
        assert made.last_exit.kind == "shutdown"
        assert made.returncode == 9
        assert (tmp_path / "told").read_text() == "done\n"


async def test_another_signal_may_be_the_one_that_stops_it(tmp_path: Path) -> None:
    script = "trap 'exit 4' INT; touch up; while :; do sleep 0.05; done"
    async with open_supervisor([]) as tree:
        made = await tree.start_child(shell(script, stop="SIGINT", cwd=tmp_path))
        await until((tmp_path / "up").exists)
        await tree.terminate_child("sh")
        assert made.returncode == 4


DEAF = "trap '' TERM; touch up; while :; do sleep 1; done"


async def test_who_ignores_the_signal_is_killed_at_the_end_of_its_grace(
    tmp_path: Path,
) -> None:
    async with open_supervisor([]) as tree:
        made = await tree.start_child(shell(DEAF, shutdown=0.1, cwd=tmp_path))
        await until((tmp_path / "up").exists)
        await tree.terminate_child("sh")
        assert made.last_exit is not None
        assert made.last_exit.kind == "killed"
        assert made.returncode == -signal.SIGKILL


async def test_brutal_kill_asks_nobody(tmp_path: Path) -> None:
    script = "trap 'touch asked' TERM; touch up; while :; do sleep 1; done"
    spec = shell(script, shutdown="brutal_kill", cwd=tmp_path)
    async with open_supervisor([]) as tree:
        made = await tree.start_child(spec)
        await until((tmp_path / "up").exists)
        await tree.terminate_child("sh")
        assert made.returncode == -signal.SIGKILL
        assert not (tmp_path / "asked").exists()


# No shell: one that is about to start a program waits until it has begun, and is not
# stopped before; a program stopped in that moment does not begin.
ENDS_WITH_5 = """
import os, pathlib, signal
signal.signal(signal.SIGTERM, lambda *_: os._exit(5))
pathlib.Path("up").touch()
while True:
    signal.pause()
"""


async def test_who_was_stopped_by_a_signal_can_be_asked_to_end(tmp_path: Path) -> None:
    async with open_supervisor([]) as tree:
        made = await tree.start_child(python(ENDS_WITH_5, id="it", cwd=tmp_path))
        await until((tmp_path / "up").exists)
        made.send_signal("SIGSTOP")
        pid = made.pid
        assert pid is not None
        await until(lambda: state_of(pid) == "T")
        await tree.terminate_child("it")
        assert made.returncode == 5


FAMILY = """
sh -c 'trap "" TERM HUP; echo $$ >> pids; while :; do sleep 1; done' &
sh -c 'echo $$ >> pids; exec sleep 60' &
echo $$ >> pids
"""


@pytest.mark.parametrize("how", ["stop", "crash", "end", "kill"])
async def test_nobody_of_its_group_is_left_when_a_life_is_over(
    how: str, tmp_path: Path, quiet_log: None
) -> None:
    ends = {"crash": "exit 1", "end": "exit 0"}.get(how, "wait")
    waiting = "while [ $(wc -l < pids) -lt 3 ]; do sleep 0.01; done; touch up\n"
    spec = shell(
        FAMILY + waiting + ends, cwd=tmp_path, restart="temporary", shutdown=0.2
    )
    async with open_supervisor([]) as tree:
        made = await tree.start_child(spec)
        await until((tmp_path / "up").exists)
        if how == "stop":
            await tree.terminate_child(made.id)
        elif how == "kill" and made.pid is not None:
            os.kill(made.pid, signal.SIGKILL)
        await made.wait_exit(1)
        pids = numbers_in(tmp_path / "pids")
        assert len(pids) == 3
        # A zombie of an orphan is for the first process of the system to reap.
        assert not [pid for pid in pids if is_running(pid)]


async def test_the_others_of_its_group_have_the_rest_of_the_grace(
    tmp_path: Path,
) -> None:
    worker = f"trap 'sleep 0.2; touch cleaned; exit' TERM; touch up; {UNTIL_TOLD}"
    script = f"""sh -c "{worker}" & trap 'exit 0' TERM; wait"""
    async with open_supervisor([]) as tree:
        await tree.start_child(shell(script, cwd=tmp_path, shutdown=20))
        await until((tmp_path / "up").exists)
        await tree.terminate_child("sh")
        assert (tmp_path / "cleaned").exists()


async def test_who_is_cancelled_while_it_starts_leaves_no_process(
    tmp_path: Path, quiet_log: None
) -> None:
    before = {pid for pid, _ in _below_me()}  # what other tests left running
    async with open_supervisor([]) as tree:
        with trio.move_on_after(0):
            await tree.start_child(shell(f"sleep {LONG}", id="a", restart="temporary"))
        async with trio.open_nursery() as nursery:
            for number in range(5):
                spec = shell(f"sleep {LONG}", id=number, start_timeout=0.001 * number)
                nursery.start_soon(_try_to_start, tree, spec)
    # Whoever was started has ended with the tree: nothing below, zombies included.
    assert not {pid for pid, _ in _below_me()} - before


async def _try_to_start(tree: Any, spec: Any) -> None:
    with suppress(StartFailed):
        await tree.start_child(spec)


def _below_me() -> list[tuple[int, str]]:
    from tests.processes.programs import children_of

    keepers = {
        pid
        for pid, _ in children_of(os.getpid())
        if b"keep.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }
    return [each for each in children_of(os.getpid()) if each[0] not in keepers]


async def test_a_signal_by_hand_reaches_the_group_and_counts_as_an_end_by_itself(
    tmp_path: Path, quiet_log: None
) -> None:
    async with open_supervisor([shell(f"sleep {LONG} & wait")]) as tree:
        made = handle(tree, "sh")
        made.send_signal("SIGTERM")
        assert (await made.wait_exit(1)).kind == "crashed"
        await made.wait_running()
        assert made.life == 2
        with pytest.raises(ValueError, match="SIGNOTHING"):
            made.send_signal("SIGNOTHING")
