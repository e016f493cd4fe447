"""However a command ends that fills the screen, the terminal is as it was before."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import (
    COMMAND,
    environment,
    in_a_terminal,
    in_terminal,
    read_until,
)

Start = Callable[..., int]
ALTERNATE, MAIN = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_ON, MOUSE_OFF = b"\x1b[?1003h", b"\x1b[?1003l"


def painted(master: int) -> bytes:
    """What came until the screen has the node on it."""
    seen = b""
    while b"shop" not in seen.partition(ALTERNATE)[2]:
        seen += os.read(master, 65536)
    return seen


def rest(master: int) -> bytes:
    seen = b""
    with contextlib.suppress(OSError):
        while data := os.read(master, 65536):
            seen += data
    return seen


def modes(tmp_path: Path) -> dict[str, list[str]]:
    return {
        "inspect": ["inspect", "shop"],
        "picker": ["inspect"],
        "replay": ["inspect", str(tmp_path / "a.rec")],
        "top": ["top", "shop"],
    }


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("mode", ["inspect", "picker", "replay", "top"])
def test_a_signal_gives_the_terminal_back(
    mode: str, number: signal.Signals, start: Start, directory: Path, tmp_path: Path
) -> None:
    start("shop")
    if mode == "picker":
        start("other")
    if mode == "replay":
        args = ["snapshot", "shop", str(tmp_path / "a.rec")]
        assert in_a_terminal([*COMMAND, *args], environment(directory))[0] == 0
    with in_terminal(directory, *modes(tmp_path)[mode]) as (process, master):
        # The other side of the terminal has what is to be found again.
        before = termios.tcgetattr(master)
        seen = painted(master)
        process.send_signal(number)
        assert process.wait(20) == 128 + number
        after = termios.tcgetattr(master)
        seen += rest(master)
        assert ALTERNATE in seen
        assert seen.rindex(MAIN) > seen.rindex(ALTERNATE)
        if MOUSE_ON in seen:
            assert seen.rindex(MOUSE_OFF) > seen.rindex(MOUSE_ON)
        assert after[3] & termios.ICANON
        assert after[3] & termios.ECHO
        assert after[:2] == before[:2] or not before[3] & termios.ICANON


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["inspect", "picker", "top"])
def test_who_lost_the_terminal_without_a_signal_ends(
    mode: str, start: Start, directory: Path, tmp_path: Path
) -> None:
    start("shop")
    if mode == "picker":
        start("other")
    with in_terminal(directory, *modes(tmp_path)[mode]) as (process, master):
        painted(master)
        gone = os.open(os.devnull, os.O_RDONLY)
        os.dup2(gone, master)  # the terminal's other side is closed
        os.close(gone)
        assert process.wait(60) in (0, 1, 128 + signal.SIGHUP)


def stopped(process: subprocess.Popen[bytes]) -> None:
    """Return when it is stopped; it may not end."""
    kinds = os.WSTOPPED | os.WEXITED | os.WNOWAIT
    found = os.waitid(os.P_PID, process.pid, kinds)
    assert found is not None
    assert found.si_code == os.CLD_STOPPED, "it ended"


def fill(process: subprocess.Popen[bytes]) -> None:
    """Return when the terminal takes no more, so that whoever writes to it waits."""
    status = Path(f"/proc/{process.pid}/status")
    last, since = "", time.monotonic()
    while time.monotonic() < since + 1.0:
        (switches,) = re.findall(r"^voluntary.*", status.read_text(), re.MULTILINE)
        if switches != last:
            last, since = switches, time.monotonic()
        time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_z_in_the_middle_of_a_look_stops_top_all_the_same(
    start: Start, directory: Path
) -> None:
    start("shop")
    with in_terminal(directory, "top", "shop", "-i", "0.1") as (process, master):
        painted(master)
        fill(process)
        process.send_signal(signal.SIGTSTP)
        read_until(master, MAIN)
        stopped(process)
        process.send_signal(signal.SIGCONT)
        read_until(master, ALTERNATE)
        os.write(master, b"q")
        rest(master)
        assert process.wait(20) == 0


def test_ctrl_z_gives_the_terminal_back_until_top_goes_on(
    start: Start, directory: Path
) -> None:
    start("shop")
    with in_terminal(directory, "top", "shop", "-i", "0.2") as (process, master):
        painted(master)
        process.send_signal(signal.SIGTSTP)
        stopped(process)
        assert termios.tcgetattr(master)[3] & termios.ICANON
        process.send_signal(signal.SIGCONT)
        seen = b""
        while ALTERNATE not in seen:
            seen += os.read(master, 65536)
        assert MAIN in seen
        os.write(master, b"q")
        rest_until = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < rest_until:
            with contextlib.suppress(OSError):
                os.read(master, 65536)
        assert process.returncode == 0


@pytest.mark.parametrize("command", [["inspect", "shop"], ["top", "shop", "--count=1"]])
def test_a_dumb_terminal_gets_lines(
    command: list[str], start: Start, directory: Path
) -> None:
    start("shop")
    environ = {**environment(directory), "TERM": "dumb"}
    code, shown = in_a_terminal([*COMMAND, *command], environ)
    assert code == 0
    assert "\x1b" not in shown
    assert "boards" in shown


@pytest.mark.parametrize("where", [{"LC_ALL": "C"}, {"LANG": "C"}, {"LANG": "POSIX"}])
def test_the_c_locale_gets_ascii(
    where: dict[str, str], start: Start, directory: Path
) -> None:
    start("shop")
    environ = environment(directory)
    for name in ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONIOENCODING", "PYTHONUTF8"):
        environ.pop(name, None)
    code, shown = in_a_terminal([*COMMAND, "tree", "shop"], {**environ, **where})
    assert code == 0
    assert shown.isascii()
