"""Opening the inspector in a program that was not written for it (Python 3.14)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.rig import environment
from trio_sup.cli import main

NEW = hasattr(sys, "remote_exec")
needs_new = pytest.mark.skipif(not NEW, reason="PEP 768 is in Python 3.14")

# Says at SIGUSR1 what is there of the inspector: in the run, on the path, in memory.
IDLE = """
import json, signal, sys, trio
before = set(sys.modules), list(sys.path)
def told(number, frame):
    tasks = [t.name for t in trio.lowlevel.current_root_task().child_nurseries[0].child_tasks]
    print(json.dumps({
        "tasks": [name for name in tasks if "inspector" in name],
        "path": [p for p in sys.path if p not in before[1]],
        "modules": sorted(m for m in set(sys.modules) - before[0] if m.split(".")[0] in ("trio_sup", "cattrs")),
    }), flush=True)
async def ask():
    with trio.open_signal_receiver(signal.SIGUSR1) as signals:
        print("ready", flush=True)
        async for number in signals:
            told(number, None)
async def main():
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.sleep(3600)
trio.run(main)
"""
ASLEEP = """
import trio
async def main():
    print("ready", flush=True)
    await trio.sleep(3600)
trio.run(main)
"""
NO_TRIO = """
import time
print("ready", flush=True)
while True:
    time.sleep(0.01)
"""


@contextmanager
def program(
    directory: Path, text: str, *options: str, alone: bool = False
) -> Generator[subprocess.Popen[str]]:
    environ = environment(directory)
    if alone:
        # It knows nothing of the library: what it needs has to be brought.
        environ["PYTHONPATH"] = ""
    with subprocess.Popen(
        [sys.executable, *options, "-c", text],
        env=environ,
        stdout=subprocess.PIPE,
        cwd=directory,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def directory(short_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(short_dir))
    return short_dir


def ask(process: subprocess.Popen[str]) -> dict[str, list[str]]:
    process.send_signal(signal.SIGUSR1)
    assert process.stdout is not None
    answer: dict[str, list[str]] = json.loads(process.stdout.readline())
    return answer


@needs_new
def test_a_program_that_sleeps_for_an_hour_is_opened(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with program(directory, ASLEEP, alone=True) as process:
        pid = str(process.pid)
        assert main(["inspect", "--pid", pid]) == 0
        capsys.readouterr()
        # It is a node now, as long as somebody comes.
        assert main(["nodes", "--json"]) == 0
        (node,) = json.loads(capsys.readouterr().out)["nodes"]
        assert (node["name"], node["pid"]) == (f"pid-{pid}", process.pid)
        assert main(["inspect", "--pid", pid]) == 0
        assert process.poll() is None


@needs_new
def test_everything_is_undone_when_the_last_has_left(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with program(directory, IDLE) as process:
        nothing: dict[str, list[str]] = {"tasks": [], "path": [], "modules": []}
        assert ask(process) == nothing
        assert main(["inspect", "--pid", str(process.pid)]) == 0
        while ask(process) != nothing:
            assert process.poll() is None
        assert [f.name for f in directory.iterdir() if f.name != ".lock"] == []
        # And it can be done again.
        assert main(["inspect", "--pid", str(process.pid)]) == 0
        assert ask(process)["modules"]
        capsys.readouterr()


@needs_new
def test_what_is_no_trio_program_says_so_and_goes_on(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with program(directory, NO_TRIO) as process:
        assert main(["inspect", "--pid", str(process.pid)]) == 1
        assert "its main thread runs no Trio program" in capsys.readouterr().err
        assert process.poll() is None


@needs_new
def test_where_it_is_disabled_it_is_refused(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with program(directory, ASLEEP, "-X", "disable-remote-debug") as process:
        assert main(["inspect", "--pid", str(process.pid)]) in (1, 5)
        assert f"process {process.pid}" in capsys.readouterr().err
        assert process.poll() is None


@pytest.mark.skipif(NEW, reason="this Python can")
def test_an_older_python_says_what_it_takes(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "--pid", str(os.getpid())]) == 1
    assert "from Python 3.14 on, here and there" in capsys.readouterr().err


@needs_new
def test_there_has_to_be_such_a_process(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "--pid", "4194303"]) == 3
    assert "there is no process 4194303" in capsys.readouterr().err


def test_a_node_and_a_process_are_not_named_together(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["shop", "--pid", "1"], ["--demo", "--pid", "1"]):
        assert main(["inspect", *words]) == 2
    for word in ("0", "-1", "x"):
        with pytest.raises(SystemExit):
            main(["inspect", "--pid", word])
    capsys.readouterr()
