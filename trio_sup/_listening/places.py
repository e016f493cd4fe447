"""Where clients come to: TCP ports, and paths of unix sockets."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

import trio
from attrs import frozen

from trio_sup._listening.accepting import Opened

TRIES: Final = 8
"""How many free ports are tried, if one is to be free at several addresses."""


@frozen
class Given:
    """What a function of the user's opens."""

    open: Callable[[], Awaitable[Sequence[trio.abc.Listener[Any]]]]

    async def __call__(self) -> Opened:
        listeners = tuple(await self.open())
        return Opened(listeners, listeners)


@frozen
class TcpPort:
    """A TCP port, at one or all addresses of the machine."""

    port: int
    host: str | bytes | None
    backlog: int | None
    ssl_context: ssl.SSLContext | None
    https_compatible: bool

    async def __call__(self) -> Opened:
        listeners = await self._open()
        port: int = listeners[0].socket.getsockname()[1]
        if self.ssl_context is None:
            return Opened(listeners, port)
        secure = [
            trio.SSLListener(
                one, self.ssl_context, https_compatible=self.https_compatible
            )
            for one in listeners
        ]
        return Opened(secure, port)

    async def _open(self) -> list[trio.SocketListener]:
        """Open it; a free port is one number for all addresses."""
        if self.port != 0:
            return await self._open_at(self.port)
        for attempt in range(1, TRIES + 1):
            listeners = await self._open_at(0)
            ports: set[int] = {one.socket.getsockname()[1] for one in listeners}
            if len(ports) == 1:
                return listeners
            for one in listeners:
                one.socket.close()
            try:
                return await self._open_at(ports.pop())
            except OSError as error:
                if error.errno != errno.EADDRINUSE or attempt == TRIES:
                    raise
        raise AssertionError

    async def _open_at(self, port: int) -> list[trio.SocketListener]:
        return await trio.open_tcp_listeners(port, host=self.host, backlog=self.backlog)


@frozen
class UnixPath:
    """A path at which a unix socket listens."""

    path: Path
    mode: int

    async def __call__(self) -> Opened:
        _remove_stale(self.path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with contextlib.suppress(OSError):
                # The file's mode from its first moment; Linux takes it from here.
                os.fchmod(sock.fileno(), self.mode)
            sock.bind(os.fspath(self.path))
            self.path.chmod(self.mode)
            sock.listen(0xFFFF)
            made = _identity(self.path)
            sock.setblocking(False)
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(sock))
        except BaseException:
            sock.close()
            raise
        return Opened([UnixListener(listener, self.path.absolute(), made)], self.path)


@frozen
class UnixListener(trio.abc.Listener[trio.SocketStream]):
    """A socket that takes its file with it when it is closed."""

    socket: trio.SocketListener
    path: Path
    made: tuple[int, int]

    async def accept(self) -> trio.SocketStream:
        """Accept one client."""
        return await self.socket.accept()

    async def aclose(self) -> None:
        """Close, and remove the file, unless it is another's by now."""
        with contextlib.suppress(OSError):
            if _identity(self.path) == self.made:
                self.path.unlink()
        await self.socket.aclose()


def _remove_stale(path: Path) -> None:
    """Remove the socket of a program that was killed: nobody listens there.

    Raises:
        OSError: somebody does, or it is no socket.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "is there already, and no socket", str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
        except BlockingIOError:  # its queue is full
            pass
        else:
            raise OSError(errno.EADDRINUSE, "somebody listens there", str(path))


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
