"""Those who look: one in a terminal, one that is killed, one that is stopped."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "trio_sup")
KEYS = b"1234567jjkk\x1b"
"""Pressed one after the other: screens, rows, and back."""


def resident(pid: int) -> int:
    """Resident memory in bytes; 0 if the process is over."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class Terminal:
    """`trio-sup inspect` on a pseudo-terminal; a key now and then."""

    def __init__(self, env: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        size = struct.pack("HHHH", 40, 120, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self.process = subprocess.Popen(
            [*COMMAND, "inspect", "soak"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env | {"TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(slave)
        self._next = 0
        self.drawn = 0

    def turn(self) -> None:
        """Read what was drawn, press a key, resize."""
        while select.select([self._master], [], [], 0)[0]:
            try:
                self.drawn += len(os.read(self._master, 262_144))
            except OSError:
                return  # it has ended
        key = KEYS[self._next % len(KEYS)]
        self._next += 1
        os.write(self._master, bytes([key]))
        width = 80 + 40 * (self._next % 2)
        size = struct.pack("HHHH", 40, width, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def alive(self) -> bool:
        """Whether it is still there."""
        return bool(resident(self.process.pid))

    def close(self) -> None:
        """End it."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
            os.close(self._master)


class Follower:
    """`trio-sup events` into nowhere; killed and started again, or stopped a while."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self._env = env
        self._log = log
        self.times = 0
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self.times += 1
        with self._log.open("ab") as stderr:
            return subprocess.Popen(
                [*COMMAND, "events", "soak", "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=self._env,
            )

    def kill_and_come_again(self) -> None:
        """As a terminal that is closed, and another that is opened."""
        self.close()
        self.process = self._start()

    def stop(self) -> None:
        """Look no more, and do not say so."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Look again."""
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


def start_chaos(
    env: dict[str, str], seconds: float, seed: int
) -> subprocess.Popen[Any]:
    """`trio-sup chaos` against the node."""
    return subprocess.Popen(
        [
            *(*COMMAND, "chaos", "soak", "--for", f"{seconds:g}s", "--rate", "20"),
            *("--seed", str(seed), "--settle", "30s"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=env,
    )
