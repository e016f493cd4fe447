"""The node's socket: made safely, watched, removed. The one entry for the node."""

from __future__ import annotations

import os
import platform
import secrets
import socket
import struct
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from trio_sup._log import Log
from trio_sup.inspect.directory import (
    DiscoveryError,
    directory_lock,
    make_dir,
    runtime_dir as default_runtime_dir,
)
from trio_sup.inspect.discovery import probe, process_start, socket_path
from trio_sup.inspect.hub import Hub
from trio_sup.inspect.node_file import NodeFile, write_file
from trio_sup.inspect.text import MAX_NAME, clip
from trio_sup.inspect.wire import CAPS, PROTOCOL, ROW_COLUMNS, Hello

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.actions import Operator
    from trio_sup.inspect.source import ObservedNode

BACKLOG: Final = 16
LOCK_TRIES: Final = 20
LOCK_PAUSE: Final = 0.02
"""A sweep holds the directory's lock for a few milliseconds."""
ACCEPT_PAUSE: Final = 0.5
"""Seconds before accepting again when the process is out of file descriptors."""

logger: Log = Log("trio_sup.inspect")


class InspectorUnavailable(Exception):
    """The node cannot be inspected; `str` is one line that says why.

    The program itself is unharmed: report this and go on.
    """


async def serve_inspector(
    node: ObservedNode,
    *,
    name: str,
    runtime_dir: Path | None = None,
    operator: Operator | None = None,
    control: bool = False,
    contents: bool = True,
    redact: Callable[[str], str] | None = None,
    task_status: trio.TaskStatus[Path] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Let inspectors attach to `node` until cancelled.

    Does no work while no client is attached. No client, whatever it sends or
    fails to read, makes this raise or makes the node wait.

    Args:
        node: What is shown.
        name: The node's name for `trio-sup nodes`: 1 to 32 of ``A-Za-z0-9_.-``.
        runtime_dir: Where the socket is made; the user's own directory if None.
        operator: Who carries out what clients ask for; None for a node that can
            only be looked at.
        control: Whether clients that ask for it may act on the node.
        contents: Whether clients may ask for the messages in mailboxes and for
            the state of servers.
        redact: Takes every text of a message or a state and returns what may be
            seen of it. Called in the loop: be quick.
        task_status: Started with the socket's path.

    Raises:
        InspectorUnavailable: the socket cannot be made, or made safely; only
            before it is started.
    """
    started_wall, epoch = time.time(), secrets.token_hex(8)
    path, listening = await _listen(runtime_dir, name, started_wall, epoch)
    identity = _identity(path)
    sock = trio.socket.from_stdlib_socket(listening)
    try:
        readonly = operator is None or not control
        hello = _hello(name, epoch, started_wall, readonly)
        hub = Hub(node, hello, operator, contents=contents, redact=redact)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hub.run)
            task_status.started(path)
            logger.debug("inspectors can attach at %s", path)
            await _accept(sock, hub, nursery)
    finally:
        sock.close()
        _remove(path, identity)


async def _listen(
    directory: Path | None, name: str, started_wall: float, epoch: str
) -> tuple[Path, socket.socket]:
    if not hasattr(socket, "AF_UNIX") or not hasattr(os, "getuid"):
        raise InspectorUnavailable("this system has no unix sockets, or no users")
    try:
        if directory is None:  # here: there may be no place for temporary files
            directory = default_runtime_dir()
        make_dir(directory)
        path = socket_path(directory, name, os.getpid())
        file = _describe(name, started_wall, epoch)
        for _ in range(LOCK_TRIES):
            # Held until the socket listens, so that no sweep takes it for stale.
            with directory_lock(directory) as held:
                if held:
                    return path, _bind(path, file)
            await trio.sleep(LOCK_PAUSE)
        return path, _bind(path, file)
    except (DiscoveryError, OSError, ValueError) as error:
        raise InspectorUnavailable(_why(error)) from error


def _bind(path: Path, file: NodeFile) -> socket.socket:
    if probe(path) == "listening":
        raise ValueError(f"a node already listens at {path}: give one another name")
    # What is left of an earlier process with the same id.
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(os.fspath(path))
        path.chmod(0o600)
        sock.listen(BACKLOG)
        write_file(path.with_suffix(".json"), file)
    except BaseException:
        sock.close()
        path.unlink(missing_ok=True)
        raise
    return sock


async def _accept(
    sock: trio.socket.SocketType, hub: Hub, nursery: trio.Nursery
) -> None:
    complained = False
    while True:
        try:
            connection, _ = await sock.accept()
            uid, pid = peer_of(connection)
            stream = trio.SocketStream(connection)
        except OSError as error:
            if not complained:
                complained = True
                logger.warning("inspector: cannot accept a client: %r", error)
            await trio.sleep(ACCEPT_PAUSE)
            continue
        if uid is not None and uid not in (os.getuid(), 0):
            why = f"uid {uid} may not inspect a node of uid {os.getuid()}"
            nursery.start_soon(hub.refuse, stream, "forbidden", why)
        else:
            nursery.start_soon(hub.serve_client, stream, f"uid={uid} pid={pid}")


def peer_of(connection: trio.socket.SocketType) -> tuple[int | None, int | None]:
    """The user and process id at the other end; None where the system won't say.

    There the modes of directory and socket stand alone.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:  # pragma: no cover - only Linux has it
        return None, None
    packed = connection.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", packed)
    return uid, pid


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino


def _remove(path: Path, identity: tuple[int, int]) -> None:
    """Remove the node's own files, and never somebody else's at the same path."""
    try:
        if _identity(path) == identity:
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
    except OSError:
        pass  # Gone already, or swept.


def _hello(name: str, epoch: str, started_wall: float, readonly: bool) -> Hello:
    return Hello(
        PROTOCOL,
        PROTOCOL,
        name,
        epoch,
        os.getpid(),
        platform.python_version(),
        trio.__version__,
        library_version(),
        started_wall,
        time.time(),
        trio.current_time(),
        list(CAPS),
        readonly,
        list(ROW_COLUMNS),
    )


def _describe(name: str, started_wall: float, epoch: str) -> NodeFile:
    try:
        cwd = os.getcwd()
    except OSError:
        cwd = ""
    return NodeFile(
        name,
        os.getpid(),
        epoch,
        started_wall,
        process_start(os.getpid()),
        clip(sys.argv[0] if sys.argv else "", MAX_NAME),
        clip(cwd, MAX_NAME),
        platform.python_version(),
        library_version(),
        PROTOCOL,
        PROTOCOL,
    )


def library_version() -> str:
    """The installed version of trio-sup, or ``unknown`` in a bare checkout."""
    try:
        return metadata.version("trio-sup")
    except metadata.PackageNotFoundError:
        return "unknown"


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is None:
        return f"cannot make the inspector's socket: {error.strerror or error}"
    return str(error)
