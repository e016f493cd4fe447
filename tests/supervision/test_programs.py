"""`run()` as a program of its own, with real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """
import sys, trio
from trio_sup import Ignore, child, graceful_stop, run, supervisor

def say(*words):
    print(*words, flush=True)

async def worker(id):
    try:
        await trio.sleep_forever()
    finally:
        say(id, "down")

async def polite(id, seconds):
    try:
        with graceful_stop() as stopping:
            await stopping.wait()
            say(id, "asked")
            await trio.sleep(seconds)
    finally:
        say(id, "down")

async def crashes():
    raise ValueError("crashed on purpose")

async def never_ready(*, task_status):
    say("waiting")
    try:
        await trio.sleep_forever()
    finally:
        say("gone")

async def ready():
    say("ready")
    await trio.sleep_forever()

async def exits(code):
    raise SystemExit(code)

async def busy():
    say("ready")
    while True:
        sum(range(10_000))
        await trio.lowlevel.checkpoint()

async def finishes():
    say("done")
"""

TREES = {
    "three": "[child(worker, i, id=i) for i in 'abc'] + [child(ready)]",
    "slow": (
        "[child(polite, i, 600, id=i, shutdown=600) for i in 'ab'] + [child(ready)]"
    ),
    "gives up": "[child(worker, 'a', id='a'), child(crashes)]",
    "half": "[child(worker, 'a', id='a'), child(never_ready, ready='signalled')]",
    "exits": "[child(worker, 'a', id='a'), child(exits, 7)]",
    "busy": "[child(worker, 'a', id='a'), child(busy)]",
    "auto": (
        "supervisor([child(worker, 'a', id='a'), child(finishes, "
        "restart='transient', significant=True)], auto_shutdown='any_significant')"
    ),
}


@contextmanager
def program(tree: str, options: str = "") -> Iterator[subprocess.Popen[str]]:
    text = f"{PROGRAM}\nrun({TREES[tree]}, inspect=False{options})\nsay('returned')\n"
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for got in process.stdout:
        if got.strip() == line:
            return
    assert process.stderr is not None
    raise AssertionError(f"no {line!r}: {process.stderr.read()}")


def finish(process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
    out, err = process.communicate(timeout=30)
    return process.returncode, out.split("\n")[:-1], err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_in_reverse_order_with_exit_code_0(number: int) -> None:
    with program("three") as process:
        read_until(process, "ready")
        process.send_signal(number)
        assert finish(process) == (
            0,
            ["c down", "b down", "a down", "returned"],
            "",
        )


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_collapses_the_graces(first: int, second: int) -> None:
    with program("slow") as process:
        read_until(process, "ready")
        began = time.monotonic()
        process.send_signal(first)
        read_until(process, "b asked")
        process.send_signal(second)
        code, lines, err = finish(process)
        assert (code, err) == (0, "")
        assert lines[0] == "b down"
        assert lines[-2:] == ["a down", "returned"]
        assert time.monotonic() - began < 30  # the graces are 600 s each


def test_giving_up_is_exit_code_1_and_tells_the_story() -> None:
    with program("gives up") as process:
        code, lines, err = finish(process)
        assert (code, lines) == (1, ["a down"])
        assert "gave up: more than 3 restarts in 5 s" in err
        assert err.rstrip().count("ValueError: crashed on purpose") >= 4


def test_a_signal_during_the_start_rolls_back() -> None:
    with program("half") as process:
        read_until(process, "waiting")
        process.send_signal(signal.SIGTERM)
        assert finish(process) == (0, ["gone", "a down", "returned"], "")


def test_system_exit_in_a_child_is_the_programs_exit_code() -> None:
    with program("exits") as process:
        code, lines, _ = finish(process)
        assert (code, lines) == (7, ["a down"])


def test_a_busy_program_stops_at_a_signal() -> None:
    with program("busy") as process:
        read_until(process, "ready")
        process.send_signal(signal.SIGINT)
        assert finish(process) == (0, ["a down", "returned"], "")


def test_auto_shutdown_ends_the_program_in_order() -> None:
    with program("auto") as process:
        assert finish(process) == (0, ["done", "a down", "returned"], "")


def test_without_signal_handling_ctrl_c_is_a_keyboard_interrupt() -> None:
    with program("three", ", handle_signals=False") as process:
        read_until(process, "ready")
        process.send_signal(signal.SIGINT)
        code, lines, err = finish(process)
        assert code in (130, -signal.SIGINT)
        assert lines == ["c down", "b down", "a down"]
        assert err.rstrip().endswith("KeyboardInterrupt")
