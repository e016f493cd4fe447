"""Who is at the other end of a unix socket, and how to reach that socket alone.

A path can be swapped between two looks at it. So a socket is opened once, without
following a symbolic link, and connected to by its descriptor; and before a word is
believed or sent, the kernel is asked who listens.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator

_NOBODY: Final = 0xFFFFFFFF
"""The uid of a socket that is not connected."""
_UCRED: Final = struct.Struct("=iII")
"""Linux: process, user, group."""
_XUCRED: Final = struct.Struct("=II")
"""macOS and FreeBSD, the beginning of it: version, user."""
_XUCRED_SIZE: Final = 128
_SOL_LOCAL: Final = 0
_LOCAL_PEERCRED: Final = 1
_LOCAL_PEERPID: Final = 2


class HasOptions(Protocol):
    """A socket, Python's or Trio's."""

    def getsockopt(self, level: int, optname: int, buflen: int, /) -> bytes:
        """As `socket.socket.getsockopt`."""
        ...


def peer_ids(sock: HasOptions) -> tuple[int | None, int | None]:
    """The user and the process at the other end, by the kernel's word.

    Of a socket that was connected to, that is who listens. None where the system
    does not say: there the modes of directory and socket stand alone.

    Raises:
        OSError: the socket is not connected.
    """
    option: int | None = getattr(socket, "SO_PEERCRED", None)
    if option is not None and sys.platform == "linux":
        packed = sock.getsockopt(socket.SOL_SOCKET, option, _UCRED.size)
        pid, uid, _ = _UCRED.unpack(packed)
        if uid == _NOBODY:
            raise OSError(errno.ENOTCONN, "does not accept connections")
        return uid, pid
    if sys.platform == "darwin" or sys.platform.startswith("freebsd"):
        packed = sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_SIZE)
        return uid_of_xucred(packed), _bsd_pid(sock)
    return None, None


def uid_of_xucred(packed: bytes) -> int:
    """The user in what macOS and FreeBSD say of a peer."""
    version, uid = _XUCRED.unpack_from(packed)
    if version != 0:
        raise OSError(f"the system describes peers in version {version}, not 0")
    return int(uid)


def _bsd_pid(sock: HasOptions) -> int | None:
    if sys.platform != "darwin":
        return None
    try:
        packed = sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4)
    except OSError:
        return None
    return int(struct.unpack("=i", packed)[0])


@contextmanager
def reaching(
    path: Path, dir_fd: int | None = None
) -> Generator[tuple[str, int], None, None]:
    """Where to connect, so that this very file answers and none that it leads to.

    Args:
        path: The socket.
        dir_fd: The directory that it is in, where that is open.

    Yields:
        The address, valid inside the block, and the uid of the file's owner.

    Raises:
        OSError: there is no such file, or it is no socket.
    """
    name = path if dir_fd is None else path.name
    if not hasattr(os, "O_PATH"):  # pragma: no cover - macOS
        # Looked up twice here; whoever connects asks for the peer's uid.
        status = os.stat(name, dir_fd=dir_fd, follow_symlinks=False)
        _only_socket(path, status)
        yield os.fspath(path), status.st_uid
        return
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, dir_fd=dir_fd)
    try:
        status = os.fstat(handle)
        _only_socket(path, status)
        address = Path(f"/proc/self/fd/{handle}")
        # There are containers without /proc.
        known = address.exists()
        yield os.fspath(address if known else path), status.st_uid
    finally:
        os.close(handle)


def _only_socket(path: Path, status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise OSError(
            errno.ELOOP, "is a symbolic link: name what it leads to", os.fspath(path)
        )
    if not stat.S_ISSOCK(status.st_mode):
        raise ConnectionRefusedError(errno.ECONNREFUSED, "is no socket", str(path))
