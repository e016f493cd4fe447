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
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from bench.inspector.counters import (
    ATTACHED_AT,
    ATTACHED_USED,
    OF_NODE,
    TICKS,
    Counters,
)
from trio_sup.inspect.protocol.codec import Malformed, encode, server_decoder
from trio_sup.inspect.protocol.wire import Attach, ServerMessage, SnapEnd

ROWS, COLUMNS = 104, 160
"""Of the terminal: 100 rows of children and what stands around them."""
ENOUGH = 60.0
"""Seconds of a processor after which what should have been drawn will not be."""
PATIENCE = 540.0
"""Seconds by the clock after which a process that is given no processor is left."""
SAY_EVERY = 10.0
"""Seconds between two words on what is waited for."""


def progress(text: str) -> None:
    """Say what is being done, beside the figures."""
    print(f"  ... {text}", file=sys.stderr, flush=True)


def cpu_seconds(pid: int) -> float:
    """Seconds on a processor, all threads, by the scheduler's own count."""
    return _scheduled(pid, 0)


def waited_seconds(pid: int) -> float:
    """Seconds for which it could run and had to wait for a processor."""
    return _scheduled(pid, 1)


def _scheduled(pid: int, place: int) -> float:
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[place])
    return total / 1e9


def resident(pid: int) -> int:
    """Resident memory in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Node:
    """A running node."""

    def __init__(
        self, process: subprocess.Popen[str], socket: str, counters: Counters
    ) -> None:
        self.process = process
        self.socket = socket
        self.counters = counters

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
    """Run a node of so many servers; files of it stand beside `directory`."""
    counters = Counters(directory.parent / OF_NODE)
    progress(f"a node of {children:,} children starts")
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
            raise SystemExit(f"the node did not start: it ended with {process.wait()}")
        yield Node(process, path, counters)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class NotDrawn(SystemExit):
    """The application did not do what was waited for; says what it did."""


class Screen:
    """The application on a pseudo-terminal that is drained."""

    def __init__(self, node: Node, directory: Path) -> None:
        self.drawn = 0
        self._tail = b""
        note = directory / f"viewer-{time.monotonic_ns()}.counters"
        self.counters = Counters(note)
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

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def wait_for(self, text: bytes) -> float:
        """Read what is drawn, until `text` is.

        A machine that does other things as well gives the application little of a
        processor: what it was given is what its patience is counted in.

        Returns:
            When that was.

        Raises:
            NotDrawn: it ended, or had its time and did not draw it.
        """
        began = said = time.monotonic()
        while (now := time.monotonic()) - began < PATIENCE:
            if self._read(0.5, text):
                return time.monotonic()
            if self.process.poll() is not None:
                raise NotDrawn(self._failure("ended", text, began))
            if (used := cpu_seconds(self.pid)) >= ENOUGH:
                break
            if now - said >= SAY_EVERY:
                said = now
                progress(
                    f"{text.decode()} is not drawn yet: {now - began:.0f} s, of which"
                    f" the application was given {used:.1f} s of a processor"
                )
        raise NotDrawn(self._failure("did not draw it", text, began))

    def drain_until(self, done: Callable[[], bool]) -> None:
        """Read what is drawn, until something is the case.

        Raises:
            NotDrawn: it ended, or it is not the case for too long.
        """
        began = time.monotonic()
        while not done():
            self._read(0.02)
            if self.process.poll() is not None:
                raise NotDrawn(self._failure("ended", b"", began))
            if time.monotonic() - began > PATIENCE:
                raise NotDrawn(self._failure("looked too seldom", b"", began))

    def _read(self, seconds: float, text: bytes = b"") -> bool:
        """Read once; whether `text` was drawn."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 262_144)
        except OSError:  # so a pseudo-terminal says that its other side has ended
            return False
        self.drawn += len(data)
        before, self._tail = self._tail, (self._tail + data)[-4096:]
        return bool(text) and text in before + data

    def _failure(self, what: str, text: bytes, began: float) -> str:
        took = time.monotonic() - began
        wanted = f" while {text.decode()} was waited for" if text else ""
        ended = self.process.poll()
        used = f", exit code {ended}" if ended is not None else ""
        if ended is None:
            used = f", {cpu_seconds(self.pid):.1f} s of a processor were given to it"
        return (
            f"the application {what}{wanted}: after {took:.0f} s{used},"
            f" {self.drawn} bytes drawn, the last of them: {self._tail[-600:]!r}"
        )

    def looked(self) -> float:
        """How often it took what it had heard, and painted it."""
        return self.counters[TICKS]

    def attached_at(self) -> tuple[float, float]:
        """When it was connected to the node, and its processor time by then."""
        return self.counters[ATTACHED_AT], self.counters[ATTACHED_USED]

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
