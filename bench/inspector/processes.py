"""The processes of the bench, and what the kernel says of them. Linux only."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from trio_sup.inspect.protocol.codec import Malformed, encode, server_decoder
from trio_sup.inspect.protocol.wire import Attach, ServerMessage, SnapEnd

ROWS, COLUMNS = 104, 160
"""Of the terminal: 100 rows of children and what stands around them."""


def cpu_seconds(pid: int) -> float:
    """Seconds on a processor, all threads, by the scheduler's own count."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Node:
    """A running node."""

    def __init__(self, process: subprocess.Popen[str], socket: str) -> None:
        self.process = process
        self.socket = socket

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def say(self, word: str) -> None:
        """Ask for a load."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()


@contextmanager
def node(children: int, directory: Path) -> Generator[Node]:
    """Run a node of so many servers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.inspector.node", str(children), str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        word, _, path = process.stdout.readline().strip().partition(" ")
        if word != "ready":
            raise SystemExit("the node did not start")
        yield Node(process, path)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class Screen:
    """The application on a pseudo-terminal that is drained."""

    def __init__(self, node: Node, directory: Path) -> None:
        self.drawn = 0
        self.seen: dict[bytes, float] = {}
        self._tail = b""
        self._note = note = directory / f"attached-{time.monotonic_ns()}"
        self._master, slave = pty.openpty()
        size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        keep = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.inspector.viewer", node.socket, str(note)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=keep | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
            start_new_session=True,
        )
        os.close(slave)

    def drain(self, seconds: float, until: bytes | None = None) -> float | None:
        """Read what is drawn.

        Returns:
            When `until` was drawn, None if it was not.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._master], [], [], left)
            if ready:
                data = os.read(self._master, 262_144)
                self.drawn += len(data)
                if until is not None:
                    if until in self._tail + data:
                        return time.monotonic()
                    self._tail = data[-len(until) :]
        return None

    def attached_at(self) -> tuple[float, float]:
        """When it was connected to the node, and its processor time by then."""
        moment, used = self._note.read_text(encoding="ascii").split()
        return float(moment), float(used)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


class RawClient:
    """A client over a plain socket; reads only when told to."""

    def __init__(self, path: str, rate_hz: float) -> None:
        import socket

        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.connect(path)
        self._decoder = server_decoder()
        self.rate_hz = rate_hz

    def attach(self) -> None:
        """Say who it is, and read up to the end of the snapshot."""
        self._sock.sendall(encode(Attach(1, "bench", rate_hz=self.rate_hz)))
        while not any(isinstance(m, SnapEnd) for m in self.read(30.0)):
            pass

    def read(self, seconds: float) -> list[ServerMessage | Malformed]:
        """The messages that come next, or none after so many seconds."""
        self._sock.settimeout(seconds)
        try:
            data = self._sock.recv(262_144)
        except TimeoutError:
            return []
        return self._decoder.feed(data)

    def close(self) -> None:
        """Leave."""
        self._sock.close()
