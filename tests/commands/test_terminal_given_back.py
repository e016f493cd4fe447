"""However a command ends that fills the screen, the terminal is as it was before."""

import contextlib
import os
import signal
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, environment, in_a_terminal, in_terminal

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
    process, master = in_terminal(directory, *modes(tmp_path)[mode])
    with process:
        # The other side of the terminal has what is to be found again.
        before = termios.tcgetattr(master)
        seen = painted(master)
        process.send_signal(number)
        assert process.wait(20) == 128 + number
        after = termios.tcgetattr(master)
        seen += rest(master)
        os.close(master)
    assert ALTERNATE in seen
    assert seen.rindex(MAIN) > seen.rindex(ALTERNATE)
    if MOUSE_ON in seen:
        assert seen.rindex(MOUSE_OFF) > seen.rindex(MOUSE_ON)
    assert after[3] & termios.ICANON
    assert after[3] & termios.ECHO
    assert after[:2] == before[:2] or not before[3] & termios.ICANON


def test_ctrl_z_gives_the_terminal_back_until_top_goes_on(
    start: Start, directory: Path
) -> None:
    start("shop")
    process, master = in_terminal(directory, "top", "shop", "-i", "0.2")
    with process:
        painted(master)
        process.send_signal(signal.SIGTSTP)
        assert os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT) is not None
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
        os.close(master)
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
