"""The socket to which a program says that it is ready, as it would to systemd."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import struct
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import trio
from trio import socket as trio_socket

MAX_WORDS: Final = 4096
MAX_STATUS: Final = 200


class NotifySocket:
    """Listens for one life of one program."""

    def __init__(self, sock: trio_socket.SocketType, address: str) -> None:
        self._socket = sock
        self.address = address
        """What `NOTIFY_SOCKET` has to say."""
        self.ready: trio.Event = trio.Event()
        self.status = ""
        """The last ``STATUS=``."""
        self.allowed: frozenset[int] = frozenset({os.getuid(), 0})
        """The users who may say anything, where the system tells who it is."""

    def __enter__(self) -> None:
        """It is closed by the end of the block."""

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            data, who, _, _ = await self._socket.recvmsg(
                MAX_WORDS, socket.CMSG_SPACE(struct.calcsize("3i"))
            )
            if self._is_heard(who):
                self._take(data)

    def _is_heard(self, who: list[tuple[int, int, bytes]]) -> bool:
        if not sys.platform.startswith("linux"):
            return True  # nobody else can enter the directory
        for level, kind, data in who:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                return struct.unpack("3i", data[:12])[1] in self.allowed
        return False

    def _take(self, data: bytes) -> None:
        for line in data.decode("utf-8", "replace").split("\n"):
            name, _, value = line.partition("=")
            if name == "READY" and value == "1":
                self.ready.set()
            elif name == "STATUS":
                self.status = value[:MAX_STATUS]


@contextmanager
def notify_socket(user: int | None) -> Generator[NotifySocket]:
    """Open the socket for one life.

    Args:
        user: The user that the program runs as, if not that of the node.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    directory: Path | None = None
    try:
        if sys.platform.startswith("linux"):
            # In no directory: nothing is left behind if the node is killed.
            name = f"trio-sup-{os.getpid()}-{secrets.token_hex(16)}"
            made.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            made.bind(f"\0{name}")
            address = f"@{name}"
        else:
            directory = Path(tempfile.mkdtemp(prefix="trio-sup-"))
            address = str(directory / "notify")
            made.bind(address)
            if user is not None:
                os.chown(address, user, -1)
                os.chown(directory, user, -1)
        listening = NotifySocket(trio_socket.from_stdlib_socket(made), address)
        if user is not None:
            listening.allowed |= {user}
        with listening:
            yield listening
    finally:
        made.close()
        if directory is not None:
            with suppress(OSError):
                shutil.rmtree(directory)
