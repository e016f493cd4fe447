"""Clients: how one is called, and whether it has gone away."""

from __future__ import annotations

import select
import socket
import struct
import sys
from typing import Any, Final, cast

import trio

from trio_sup._core.anatomy import is_a

_UCRED: Final = struct.Struct("3i")
_GONE: Final = 0 if sys.platform == "win32" else select.POLLHUP | select.POLLERR
_HALF_GONE: Final = getattr(select, "POLLRDHUP", 0)


def peer_name(stream: object) -> str | None:
    """Return how the client at the other end is called; None if that says nothing.

    Raises:
        OSError: it has gone away already.
    """
    sock = _socket_of(stream)
    if sock is None:
        return None
    peer: Any = sock.getpeername()
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        host, port = peer[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    option: int | None = getattr(socket, "SO_PEERCRED", None)
    if sock.family != getattr(socket, "AF_UNIX", None) or option is None:
        return None
    pid, _, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _UCRED.size))
    return f"pid {pid}"


def is_departure(stream: object, error: BaseException) -> bool:
    """Whether an error of a handler's says no more than that its client went away.

    Trio raises the same class for each stream that breaks, one to a database too; so
    the connection itself is asked.
    """
    return _is_all_broken(error) and _has_gone(stream)


def _is_all_broken(error: BaseException) -> bool:
    if is_a(error, BaseExceptionGroup):
        parts: tuple[BaseException, ...] = error.exceptions
        return all(map(_is_all_broken, parts))
    return is_a(error, trio.BrokenResourceError)


def _has_gone(stream: object) -> bool:
    sock = _socket_of(stream)
    if sock is None or not hasattr(select, "poll"):
        return True  # nobody can be asked: the error is believed
    if sock.fileno() < 0:
        return False  # closed here, not there
    # A TLS connection that ends without a farewell is broken, too.
    wanted = _HALF_GONE if isinstance(stream, trio.SSLStream) else 0
    poll = select.poll()
    poll.register(sock.fileno(), wanted)
    return any(found & (_GONE | wanted) for _, found in poll.poll(0))


def _socket_of(stream: object) -> Any:
    """Return the socket at the bottom of a stream, or None."""
    bottom: Any = stream
    while isinstance(bottom, trio.SSLStream):
        bottom = cast("Any", bottom).transport_stream
    return getattr(cast("object", bottom), "socket", None)
