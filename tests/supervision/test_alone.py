"""One specification by itself, of whatever factory, is a tree: it runs, and it ends.

`run` and `serve` make the root of it, or put it below one; whichever way the tree ends,
nothing of it is left behind. Signals are real, and come when systemd would hear that the
tree is up.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import trio_sup
from tests.supervision.alone import ALONE, GIVES_UP, opens_nothing, serve_client, tcp
from trio_sup import (
    ChildSpec,
    ChildSpecError,
    RestartLimitExceeded,
    StartFailed,
    Supervisor,
    listener,
    open_supervisor,
    run,
    serve,
)
from trio_sup._node.node import current_node
from trio_sup._tree.roots import can_be_root

ROOT = Path(__file__).parents[2]

ROOTS = {"supervisor", "supervisor, empty", "partition_supervisor"}
"""What is the root itself."""

factories = pytest.mark.parametrize("factory", ALONE)


def serve_by_trio(spec: ChildSpec[Any]) -> None:
    trio.run(partial(serve, spec, handle_signals=True, inspect=False))


def run_it(spec: ChildSpec[Any]) -> None:
    run(spec, inspect=False)


Entry = Callable[[ChildSpec[Any]], None]


@contextmanager
def systemd(short_dir: Path, patch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What is told when the tree is up, and when it goes down."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(short_dir / "notify"))
        heard.settimeout(60)
        patch.setenv("NOTIFY_SOCKET", str(short_dir / "notify"))
        yield heard


@pytest.mark.parametrize(
    ("entry", "number"),
    [(run_it, signal.SIGTERM), (serve_by_trio, signal.SIGINT)],
    ids=["run", "serve"],
)
@factories
def test_a_signal_ends_it_in_order(
    factory: str,
    entry: Entry,
    number: signal.Signals,
    short_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[bytes] = []

    def send_when_up(heard: socket.socket) -> None:
        said.append(heard.recv(100))
        os.kill(os.getpid(), number)
        said.append(heard.recv(100))

    with systemd(short_dir, monkeypatch) as heard:
        sender = Thread(target=send_when_up, args=(heard,), daemon=True)
        sender.start()
        entry(ALONE[factory](short_dir))
        sender.join(60)
    assert said == [b"READY=1", b"STOPPING=1"]


async def the_root() -> Supervisor:
    """Wait until the tree that is served beside is up, and return its root."""
    await wait_all_tasks_blocked()
    [record] = current_node().trees()
    root: object = record.handle
    assert isinstance(root, Supervisor)
    await root.wait_running()
    return root


@pytest.mark.trio
@pytest.mark.parametrize("end", ["a cancellation", "a stop"])
@factories
async def test_a_cancellation_or_a_stop_of_the_root_ends_it(
    factory: str, end: str, short_dir: Path
) -> None:
    spec = ALONE[factory](short_dir)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(serve, spec, inspect=False))
        root = await the_root()
        children = [each.handle for each in root.which_children()]
        if end == "a stop":
            await root.stop()
        else:
            nursery.cancel_scope.cancel()
    assert current_node().trees() == []
    assert not any(each.record.alive for each in [root, *children])


@pytest.mark.parametrize("factory", GIVES_UP)
def test_when_it_gives_up_that_is_raised_bare(factory: str) -> None:
    with pytest.raises(RestartLimitExceeded):
        run(GIVES_UP[factory](), inspect=False)


def test_when_it_cannot_start_that_is_raised_bare() -> None:
    with pytest.raises(StartFailed, match="never"):
        run(listener(serve_client, opens_nothing), inspect=False)


@pytest.mark.trio
@factories
async def test_open_supervisor_takes_it_in_a_list_and_else_says_so_at_once(
    factory: str, short_dir: Path
) -> None:
    spec = ALONE[factory](short_dir)
    async with open_supervisor([spec]) as root:
        [below] = root.which_children()
    is_root = isinstance(below.handle, Supervisor)
    assert (factory in ROOTS, can_be_root(spec)) == (is_root, is_root)
    if is_root:
        async with open_supervisor(spec) as root:
            assert root.status == "running"
        return
    with pytest.raises(ChildSpecError, match=r"a list of child specs, such as \[spec"):
        open_supervisor(spec)


def test_every_factory_is_among_them() -> None:
    made = {
        name
        for name in dir(trio_sup)
        if str(
            getattr(getattr(trio_sup, name), "__annotations__", {}).get("return")
        ).startswith("ChildSpec")
    }
    assert made == {factory.partition(",")[0] for factory in ALONE}


def test_trio_sup_run_takes_it_reloads_it_and_ends_with_sigterm(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{tcp.__module__}:{tcp.__name__}"
    arguments = ["run", address, "--no-inspect", "--verbose"]
    with (
        systemd(short_dir, monkeypatch) as heard,
        subprocess.Popen(
            [sys.executable, "-m", "trio_sup", *arguments],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        ) as program,
    ):
        assert program.stderr is not None
        try:
            assert heard.recv(100) == b"READY=1"
            program.send_signal(signal.SIGHUP)
            lines = iter(program.stderr.readline, "")
            assert any("reload: nothing changes" in line for line in lines)
            program.send_signal(signal.SIGTERM)
            said = program.communicate(timeout=60)[1]
        finally:
            program.kill()
    assert program.returncode == 0
    assert "Traceback" not in said
