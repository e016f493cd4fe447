"""The inspector is optional: with it, without it, or in vain, a program is the same."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from hypothesis import given, strategies as st

import trio_sup.inspect.node.listener
from tests.directories import short_directory
from trio_sup import (
    RestartLimitExceeded,
    child,
    open_inspector,
    open_supervisor,
    run,
    serve,
    supervisor,
)
from trio_sup._inspected.inspection import INSPECT_VARIABLE
from trio_sup.inspect.node.hub import Hub

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Frozen(Exception):
    """Nothing can be set on it, its traceback included."""

    text: str


class Own(BaseException):
    """Neither an Exception nor known to anybody."""


SINGLE: list[Callable[[], BaseException]] = [
    lambda: ValueError("bare"),
    lambda: SystemExit(3),
    lambda: SystemExit(0),
    KeyboardInterrupt,
    GeneratorExit,
    StopIteration,
    StopAsyncIteration,
    lambda: Frozen("x"),
    Own,
    RecursionError,
    lambda: RestartLimitExceeded("of another", 1, 1, []),
]

errors = st.recursive(
    st.sampled_from(SINGLE),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(
        lambda makes: lambda: BaseExceptionGroup("a group", [make() for make in makes])
    ),
    max_leaves=5,
)

HOWS = ["inspected", "control", "off", "switched off", "refused"]


@pytest.fixture(scope="module")
def directory() -> Generator[Path]:
    with short_directory() as path:
        (path / "file").touch()
        yield path


def in_environment(how: str, directory: Path, body: Callable[[Any], None]) -> None:
    wanted = {"off": False, "control": "control"}.get(how, True)
    runtime = directory / ("file/run" if how == "refused" else "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIO_SUP_RUNTIME_DIR", str(runtime))
        if how == "switched off":
            patch.setenv(INSPECT_VARIABLE, "off")
        body(wanted)


@given(make=errors, how=st.sampled_from(HOWS), tree=st.booleans())
def test_the_very_exception_of_the_body_comes_out_of_open_inspector(
    make: Callable[[], BaseException], how: str, tree: bool, directory: Path
) -> None:
    error = make()
    caught: list[BaseException] = []

    async def main(wanted: Any) -> None:
        try:
            async with open_inspector("same", inspect=wanted) as inspection:
                assert bool(inspection.problem) == (how == "refused")
                if tree:
                    async with open_supervisor([]):
                        raise error
                raise error
        except BaseException as got:  # noqa: BLE001
            caught.append(got)

    in_environment(how, directory, lambda wanted: trio.run(main, wanted))
    assert caught[0] is error


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("make", SINGLE)
@pytest.mark.parametrize("program", ["run", "serve"])
@pytest.mark.parametrize("ready", ["spawned", "signalled"])
def test_run_and_serve_raise_the_same_inspected_or_not(
    how: str,
    make: Callable[[], BaseException],
    program: str,
    ready: Any,
    directory: Path,
) -> None:
    error = make()

    async def raises(**ready: object) -> None:
        raise error

    def body(wanted: Any) -> None:
        spec = supervisor([child(raises, ready=ready)], max_restarts=0)
        if program == "run":
            run(spec, inspect=wanted, name="same")
        else:
            trio.run(lambda: serve(spec, inspect=wanted, name="same"))

    with pytest.raises(BaseException) as info:  # noqa: PT011 - any
        in_environment(how, directory, body)
    if not isinstance(error, Exception):
        assert info.value is error
    else:
        assert type(info.value).__name__ in ("RestartLimitExceeded", "StartFailed")


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("make", SINGLE)
def test_the_body_and_giving_up_are_the_same_group(
    how: str, make: Callable[[], BaseException], directory: Path
) -> None:
    error, gave_up = make(), ValueError("gives up")

    async def raises(entered: trio.Event) -> None:
        await entered.wait()
        raise gave_up

    async def main(wanted: Any) -> None:
        entered = trio.Event()
        async with open_inspector("same", inspect=wanted):
            async with open_supervisor([child(raises, entered)], max_restarts=0):
                entered.set()
                try:
                    await trio.sleep_forever()
                finally:
                    raise error

    with pytest.raises(BaseExceptionGroup) as info:
        in_environment(how, directory, lambda wanted: trio.run(main, wanted))
    assert info.value.message == "the block and its supervision tree both failed"
    assert [type(e) for e in info.value.exceptions] == [
        type(error),
        RestartLimitExceeded,
    ]


@pytest.mark.trio
@pytest.mark.parametrize("how", ["inspected", "off"])
async def test_cancellations_pass_through(how: str) -> None:
    """One around the block, and one that comes with something else in a group."""
    wanted = how == "inspected"
    with trio.move_on_after(0) as scope:
        async with open_inspector("same", inspect=wanted):
            await trio.sleep_forever()
    assert scope.cancelled_caught
    with trio.CancelScope() as scope:
        with pytest.raises(BaseExceptionGroup) as info:
            async with open_inspector("same", inspect=wanted):
                scope.cancel()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    raise ValueError("beside")
    leaves = [type(e) for e in info.value.exceptions]
    assert ValueError in leaves
    assert not scope.cancelled_caught


@pytest.mark.trio
async def test_the_block_keeps_serving_while_it_is_being_cancelled() -> None:
    with short_directory() as directory:
        with trio.CancelScope() as scope:
            async with open_inspector("late", runtime_dir=directory / "r") as found:
                scope.cancel()
                try:
                    await trio.sleep_forever()
                finally:
                    assert found.path is not None
                    assert found.path.exists()
        assert found.path is not None
        assert not found.path.exists()


# --- why there is none ---------------------------------------------------------------


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
