"""Why there is no inspector, told in the log; and the program runs on without one."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

import trio_sup.inspect.node.listener
from tests.directories import short_directory
from trio_sup import (
    child,
    open_inspector,
    run,
    serve,
    supervisor,
)
from trio_sup.inspect.node.hub import Hub

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def directory() -> Generator[Path]:
    with short_directory() as path:
        (path / "file").touch()
        yield path


def job(done: list[str]) -> Any:
    async def works() -> None:
        done.append("worked")

    return supervisor(
        [child(works, restart="temporary", significant=True)],
        auto_shutdown="any_significant",
    )


Broken = Callable[[pytest.MonkeyPatch], None]


def no_users(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(os, "getuid")


def no_unix_sockets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(trio_sup.inspect.node.listener, "socket", SimpleNamespace())


def no_temporary_directory(patch: pytest.MonkeyPatch) -> None:
    patch.delenv("TRIO_SUP_RUNTIME_DIR", raising=False)
    patch.delenv("XDG_RUNTIME_DIR", raising=False)

    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    patch.setattr(tempfile, "gettempdir", nowhere)


def modules_cannot_be_read(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "trio_sup.inspect.node.listener", None)


def the_operator_cannot_be_read(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(sys.modules, "trio_sup._inspected.operator", None)


def anything_else(patch: pytest.MonkeyPatch) -> None:
    def hello(*args: object) -> None:
        raise ZeroDivisionError("a bug")

    patch.setattr(trio_sup.inspect.node.listener, "_hello", hello)


def out_of_files(patch: pytest.MonkeyPatch) -> None:
    def open_dir(directory: Path, *, own: bool, make: bool) -> None:
        raise OSError(24, "Too many open files")

    patch.setattr(trio_sup.inspect.node.listener, "open_dir", open_dir)


REASONS: list[tuple[Broken, str]] = [
    (no_users, "no unix sockets, or no users"),
    (no_unix_sockets, "no unix sockets, or no users"),
    (no_temporary_directory, "No usable temporary directory"),
    (modules_cannot_be_read, "ModuleNotFoundError"),
    (the_operator_cannot_be_read, "ModuleNotFoundError"),
    (anything_else, "ZeroDivisionError: a bug"),
    (out_of_files, "Too many open files"),
]


@pytest.mark.parametrize(("breaks", "why"), REASONS)
def test_without_an_inspector_the_program_runs_and_the_log_says_why(
    breaks: Broken,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    breaks(monkeypatch)
    done: list[str] = []
    run(job(done), name="alone")
    assert done == ["worked"]
    (said,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert said.startswith("no inspector: ")
    assert why in said


@pytest.mark.trio
@pytest.mark.parametrize(("breaks", "why"), REASONS)
async def test_open_inspector_tells_its_block_why(
    breaks: Broken, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    async with open_inspector("alone") as inspection:
        assert inspection.path is None
        assert why in inspection.problem


@pytest.mark.trio
async def test_an_inspector_that_breaks_later_ends_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    breaks = trio.Event()

    async def run_hub(hub: object) -> None:
        await breaks.wait()
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Hub, "run", run_hub)
    async with open_inspector("later") as inspection:
        assert inspection.path is not None
        breaks.set()
        await trio.testing.wait_all_tasks_blocked()
        assert not inspection.path.exists()
        assert "ZeroDivisionError: a bug" in caplog.text


def test_a_fatal_error_in_the_inspector_comes_out_bare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From a user's `redact`, say."""
    ended: list[str] = []

    async def run_hub(hub: object) -> None:
        raise SystemExit(5)

    async def works() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append("in order")

    monkeypatch.setattr(Hub, "run", run_hub)
    with pytest.raises(SystemExit) as info:
        run([child(works)], name="fatal")
    assert info.value.code == 5
    assert ended == ["in order"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give up its rights")
def test_a_program_that_has_given_up_its_rights_runs_without_an_inspector() -> None:
    program = (
        "import os, sys, trio\n"
        "from trio_sup import child, run, supervisor\n"
        "async def works(): print('worked', flush=True)\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "sys.path[:] = []\n"
        "run(supervisor([child(works, restart='temporary', significant=True)],\n"
        "    auto_shutdown='any_significant'))\n"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    environ["TRIO_SUP_RUNTIME_DIR"] = "/proc/none"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd="/",
    )
    assert done.stdout == "worked\n", done.stderr
    assert done.returncode == 0
    assert "no inspector: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text",
    ["", "0", "x", "²", "9" * 5000, "-1", "1e6"],
)
def test_systemds_variables_harm_no_program_whatever_they_hold(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setenv("NOTIFY_SOCKET", "/" + "long" * 100)
    monkeypatch.setenv("WATCHDOG_USEC", text)
    run(job(done), inspect=False)
    assert done == ["worked"]


@pytest.mark.parametrize("notify", ["", "/nowhere/at/all"])
def test_ctrl_c_is_bare_whether_systemd_is_told_or_not(
    notify: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    async def presses() -> None:
        await trio.lowlevel.checkpoint()
        trio.lowlevel.spawn_system_task(press)
        await trio.sleep_forever()

    async def press() -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setenv("NOTIFY_SOCKET", notify)
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")

    async def main() -> None:
        try:
            await serve([child(presses)], inspect=False)
        except KeyboardInterrupt:
            caught.append("bare")

    caught: list[str] = []
    trio.run(main)
    assert caught == ["bare"]
