"""Peer traps that need a Trio run, or a process, of their own."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import trio

from tests.supervision.stage import Boom, Stage
from trio_sup import RestartLimitExceeded, child, open_supervisor
from trio_sup.testing._run.quiet import quiet_log

ROOT = Path(__file__).parents[2]


def test_trap_07_trio_run_raises() -> None:
    stage = Stage()

    async def main() -> None:
        async with open_supervisor(stage.specs("a"), max_restarts=0):
            stage.crash("a")
            await trio.sleep_forever()

    with pytest.raises(RestartLimitExceeded):
        trio.run(main)


def garbage_after(crashes: int) -> int:
    """Crash a child so many times without a collector; count what it then finds."""

    async def main() -> int:
        async def crashes_at_once(lives: list[int]) -> None:
            lives.append(1)
            if len(lives) <= crashes:
                raise Boom
            done.set()
            await trio.sleep_forever()

        done = trio.Event()
        async with open_supervisor(
            [child(crashes_at_once, [])], max_restarts=crashes + 1
        ):
            await done.wait()
            return gc.collect()

    gc.collect()
    gc.disable()
    try:
        return trio.run(main)
    finally:
        gc.enable()


def test_trap_24_crashes_leave_no_garbage_that_grows() -> None:
    garbage_after(20)  # warm up: imports and caches
    assert garbage_after(2_000) == garbage_after(100)


def memory_after(crashes: int) -> int:
    """How many objects there are after so many crashes."""
    counts: list[int] = []

    async def main() -> None:
        async def crashes_at_once(lives: list[int]) -> None:
            lives[0] += 1
            if lives[0] <= crashes:
                raise Boom("x" * 100)
            done.set()
            await trio.sleep_forever()

        done = trio.Event()
        spec = child(crashes_at_once, [0])
        async with open_supervisor([spec], max_restarts=5):
            pass
        async with open_supervisor([spec], max_restarts=100, max_seconds=1e-9):
            await done.wait()
            gc.collect()
            counts.append(len(gc.get_objects()))

    trio.run(main)
    return counts[0]


def test_trap_24_ten_thousand_crashes_do_not_grow_memory() -> None:
    with quiet_log():
        memory_after(2_000)
        before, after = memory_after(2_000), memory_after(10_000)
    assert after - before < 200


def test_trap_27_an_assertion_that_fails_in_a_child_fails_the_test_run(
    tmp_path: Path,
) -> None:
    """It is a crash like any other: the limit brings it to the test."""
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent(
            """
            import trio
            from trio_sup import child, open_supervisor

            async def checks():
                assert 1 == 2, "the fact is wrong"

            def test_it():
                async def main():
                    async with open_supervisor([child(checks)]):
                        await trio.sleep(60)
                trio.run(main)
            """
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the fact is wrong" in done.stdout
    assert "RestartLimitExceeded" in done.stdout
