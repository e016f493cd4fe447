"""systemd's variables are meant for this process, and for none that it starts."""

import contextlib
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from trio_sup import child, run, supervisor
from trio_sup._tree.systemd import systemd_notifier
from trio_sup._tree.systemd_variables import VARIABLES, take_variables

ENVIRON = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def systemd(short_dir: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(short_dir / "notify"))
        sock.settimeout(20)
        yield sock


@pytest.fixture
def told(
    systemd: socket.socket, short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> socket.socket:
    monkeypatch.setenv("NOTIFY_SOCKET", str(short_dir / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    return systemd


def a_tree(seen: list[dict[str, str]]) -> None:
    async def job() -> None:
        out = await trio.run_process(
            [sys.executable, "-c", ENVIRON], capture_stdout=True
        )
        seen.append(json.loads(out.stdout))

    run(
        supervisor(
            [child(job, restart="transient", significant=True)],
            auto_shutdown="any_significant",
        ),
        inspect=False,
    )


def heard(systemd: socket.socket) -> list[bytes]:
    said = [systemd.recv(100)]
    while said[-1] != b"STOPPING=1":
        said.append(systemd.recv(100))
    return said


def test_a_subprocess_does_not_inherit_the_line_to_systemd(told: socket.socket) -> None:
    seen: list[dict[str, str]] = []
    a_tree(seen)
    assert not set(VARIABLES) & seen[0].keys()
    assert not set(VARIABLES) & os.environ.keys()
    assert b"READY=1" in heard(told)


def test_a_second_tree_of_the_process_speaks_to_systemd_as_well(
    told: socket.socket,
) -> None:
    for _ in range(2):
        a_tree([])
        said = heard(told)
        assert b"READY=1" in said
        assert b"WATCHDOG=1" in said


def test_a_line_that_nobody_listens_on_any_more_is_forgotten(
    told: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    a_tree([])
    told.close()
    a_tree([])
    assert not take_variables(os.environ)
    assert caplog.records == []


def test_variables_of_another_process_are_taken_and_not_obeyed() -> None:
    environ = {"NOTIFY_SOCKET": "none", "WATCHDOG_PID": "1", "HOME": "/"}
    assert systemd_notifier(environ) is None
    assert environ == {"HOME": "/"}


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_copy_does_not_speak_for_the_service(
    systemd: socket.socket, short_dir: Path
) -> None:
    environ = {"NOTIFY_SOCKET": str(short_dir / "notify")}
    notifier = systemd_notifier(environ)
    assert notifier is not None
    with contextlib.closing(notifier):
        copy = os.fork()
        if copy == 0:
            notifier.send("STOPPING=1")
            os._exit(0)
        os.waitpid(copy, 0)
        notifier.send("READY=1")
    assert systemd.recv(100) == b"READY=1"
