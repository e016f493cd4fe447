"""Who holds the loop is seen while it is held, whatever holds it."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from attrs import evolve

from tests.commands.rig import environment
from trio_sup import child, current_node, open_supervisor
from trio_sup._inspected.inspection import checked_watchdog, open_inspector
from trio_sup.cli import main
from trio_sup.inspect.finding import discovery
from trio_sup.inspect.finding.stack_place import NoStacks, stacks_of
from trio_sup.inspect.node.watchdog import HELD_SECONDS, KEPT, Watchdog
from trio_sup.inspect.protocol.codec import encode, server_decoder
from trio_sup.inspect.protocol.wire_details import Frame, Hold, Holds


def compute(watchdog: Watchdog) -> None:
    """Hold the loop until the other thread has seen it."""
    began = time.perf_counter()
    while not watchdog.samples or time.perf_counter() - began < 2 * HELD_SECONDS:
        if time.perf_counter() - began > 30:
            raise AssertionError("nobody looked")


@pytest.mark.trio
async def test_who_computes_is_named_with_the_line_and_the_stack() -> None:
    watchdog = Watchdog(current_node().child_of)

    async def greedy() -> None:
        await trio.lowlevel.checkpoint()
        compute(watchdog)
        await trio.sleep_forever()

    watchdog.start()
    watchdog.start()
    try:
        async with open_supervisor([child(greedy, id="greedy")], id="shop"):
            while not watchdog.worst:
                await trio.sleep(0.01)
    finally:
        watchdog.stop()
        watchdog.stop()
    [hold, *_] = watchdog.holds().holds
    assert hold.name == "shop/greedy"
    assert hold.child > 0
    assert hold.where.startswith("tests/inspect/test_watchdog.py:")
    assert hold.where.endswith(" in compute")
    assert 0 < hold.samples <= hold.looks
    assert hold.seconds >= HELD_SECONDS
    names = [frame.function.rpartition(".")[2] for frame in hold.frames]
    assert names[-2:] == ["greedy", "compute"]
    assert "unrolled_run" not in names
    assert any("compute(watchdog)" in frame.code for frame in hold.frames)


@pytest.mark.trio
async def test_the_worst_are_kept_and_those_of_an_hour_ago_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watchdog = Watchdog(lambda task: (0, ""))
    for n in range(30):
        watchdog.keep(Hold(float(n), 0.1 * n, 0, "x", "", 0, 0))
    assert [round(each.seconds, 1) for each in watchdog.worst] == [
        round(0.1 * n, 1) for n in range(29, 29 - KEPT, -1)
    ]
    watchdog.keep(Hold(3600.0 + 25.0, 0.1, 0, "late", "", 0, 0))
    assert {each.at for each in watchdog.worst} == {
        25.0,
        26.0,
        27.0,
        28.0,
        29.0,
        3625.0,
    }


@pytest.mark.trio
async def test_what_is_held_for_long_is_a_warning_while_it_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_inspector("holdy", inspect=False, watchdog=0.2):
        caplog.set_level(logging.WARNING, "trio_sup")
        await trio.testing.wait_all_tasks_blocked()
        began = time.perf_counter()
        while not caplog.records and time.perf_counter() - began < 30:
            pass
        [record, *_] = caplog.records
        assert "the loop has been held for" in record.getMessage()
        assert "test_watchdog.py" in record.getMessage()


@pytest.mark.parametrize("seconds", [0, -1.0, float("inf"), float("nan"), True])
def test_a_watchdog_has_a_number_of_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="a number of seconds above 0"):
        checked_watchdog(seconds)
    assert checked_watchdog(None) is None


def test_holds_are_read_as_they_were_written() -> None:
    frames = [Frame("shop.py", 3, "f", "while True: pass")]
    message = Holds(2.0, [Hold(1.0, 0.5, 7, "shop/a", "shop.py:3 in f", 2, 3, frames)])
    assert server_decoder().feed(encode(message)) == [message]


# --- a process of its own ----------------------------------------------------------

BEGINNING = """
import re, sys, time, trio
from trio_sup import child, run
async def stuck():
    print("ready", flush=True)
    await trio.sleep(0.1)
    {}
run([child(stuck, id="stuck")], name="held", inspect=True)
"""
IN_C = "re.match(r'(a+)+$', 'a' * 60 + 'b')"
IN_A_LOOP = "exec('while True: pass')"
NOT = "await trio.sleep_forever()"


@contextmanager
def running(directory: Path, line: str) -> Generator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", BEGINNING.format(line)],
        env=environment(directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process.pid
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="a signal and memory of Linux")
@pytest.mark.parametrize("line", [IN_C, IN_A_LOOP, NOT])
def test_show_stacks_works_whatever_the_loop_does(
    line: str,
    short_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(short_dir))
    monkeypatch.setattr("trio_sup.inspect.client.conversation.TIMEOUT", 0.5)
    with running(short_dir, line):
        wanted = "in stuck" if line != NOT else "in get_events"
        document: dict[str, Any] = {"threads": []}
        for _ in range(100):  # until it is held
            assert main(["show", "held", "--stacks", "--json"]) == 0
            document = json.loads(capsys.readouterr().out)
            if any(wanted in each for each in document["threads"]):
                break
        assert any(wanted in each for each in document["threads"])
        assert document["by"] == "faulthandler"
        assert (document["holds"] == []) == (line == NOT)
        assert main(["show", "held", "--stacks"]) == 0
        assert "most recent call first" in capsys.readouterr().out
        _no_signal_to_a_liar(short_dir)


def _no_signal_to_a_liar(directory: Path) -> None:
    """What a describing file says is not believed."""
    found = discovery.find_node(directory, "held")
    assert found.file is not None
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        for lie in (
            evolve(found, pid=victim.pid),
            evolve(found, file=evolve(found.file, stack_signal=int(signal.SIGKILL))),
            evolve(found, file=evolve(found.file, stack_signal=50)),
            evolve(found, file=evolve(found.file, stack_fd=1)),
            evolve(found, file=evolve(found.file, stack_signal=0)),
            evolve(found, file=None),
            evolve(found, uid=12345),
        ):
            with pytest.raises(NoStacks):
                stacks_of(lie)
        assert victim.poll() is None
        os.kill(found.pid, 0)
    finally:
        victim.kill()
        victim.wait()


@pytest.mark.parametrize(
    "words", [["x", "y", "--stacks"], ["x", "--stacks", "-pstate"]]
)
def test_stacks_are_those_of_a_node(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", *words]) == 2
    assert "name no child" in capsys.readouterr().err
    assert main(["show"]) == 2
    assert "which child?" in capsys.readouterr().err
