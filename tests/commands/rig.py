"""What the tests of the command share: failing right, a false peer, a terminal."""

import contextlib
import fcntl
import os
import pty
import socket
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Generator
from pathlib import Path

from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import Message

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "trio_sup"]
PROGRAM = ROOT / "tests" / "inspect" / "program.py"

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(directory: Path) -> dict[str, str]:
    """For a process whose nodes meet in a directory."""
    return {
        **os.environ,
        "TRIO_SUP_RUNTIME_DIR": str(directory),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "inspector")]),
        "PYTHONIOENCODING": "utf-8",
        # What a developer's own inspector remembers is nobody's business here.
        "XDG_CONFIG_HOME": str(directory / "config"),
    }


def refusal(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """It failed with this code and said why in one line, and nothing else."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("trio-sup: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


@contextlib.contextmanager
def peer(
    directory: Path, *messages: Message, raw: bytes = b""
) -> Generator[Path, None, None]:
    """Something that accepts and says what it is told to, then waits."""
    path = directory / "shop.77.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(5)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    answer(server.accept()[0])

        def answer(connection: socket.socket) -> None:
            # Who only looks whether somebody listens is gone by now.
            with connection, contextlib.suppress(OSError):
                connection.sendall(raw + b"".join(map(encode, messages)))
                while connection.recv(1000):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def in_a_terminal(command: list[str], environ: dict[str, str]) -> tuple[int, str]:
    """Run to the end with a terminal on all three; the exit code and the output."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        command, env=environ, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        output = b""
        with contextlib.suppress(OSError):  # How a terminal says that all is closed.
            while data := os.read(master, 65536):
                output += data
        os.close(master)
        return process.wait(20), output.decode()


@contextlib.contextmanager
def in_terminal(
    directory: Path, *args: str
) -> Generator[tuple[subprocess.Popen[bytes], int]]:
    """Run the command in a terminal of 24 lines of 80 columns, for the block at most."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environ = {**environment(directory), "TERM": "xterm-256color"}
    environ.pop("PYTHONUNBUFFERED", None)  # it would hide what a signal can break in
    process = subprocess.Popen(
        [*COMMAND, *args],
        env=environ,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    try:
        yield process, master
    finally:
        process.kill()
        os.close(master)
        process.wait()


def read_until(master: int, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        seen += os.read(master, 65536)
    return seen
