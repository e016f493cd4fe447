"""The node's socket: made safely, watched, removed. The one entry for the node."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import socket
import stat
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio
from attrs import frozen

from trio_sup._trio.log import Log
from trio_sup.inspect.finding.directory import (
    DiscoveryError,
    directory_lock,
    open_dir,
    own_uid,
    runtime_dir as default_runtime_dir,
)
from trio_sup.inspect.finding.discovery import probe, process_start, socket_path
from trio_sup.inspect.finding.found_node import NodeFile, StackPlace
from trio_sup.inspect.finding.node_file import write_file
from trio_sup.inspect.finding.peers import peer_ids
from trio_sup.inspect.node.bounds import MAX_NAME, clip
from trio_sup.inspect.node.forks import stays_here
from trio_sup.inspect.node.hub import Hub
from trio_sup.inspect.node.secret_names import SecretNames
from trio_sup.inspect.node.showing import ALL_SHOWN, Showing
from trio_sup.inspect.node.stack_dump import stacks_at_signal
from trio_sup.inspect.protocol.wire import CAPS, PROTOCOL, ROW_COLUMNS, Hello

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio_sup.inspect.node.actions import Operator
    from trio_sup.inspect.node.source import ObservedNode
    from trio_sup.inspect.node.watchdog import Watchdog

    Leave = Callable[[Callable[[], tuple[int, int]]], Awaitable[None]]

BACKLOG: Final = 16
LOCK_TRIES: Final = 20
LOCK_PAUSE: Final = 0.02
"""A sweep holds the directory's lock for a few milliseconds."""
SECRETS_VARIABLE: Final = "TRIO_SUP_SECRETS"
"""Names that hide their values, between commas: more than the node's own."""
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
    showing: Showing = ALL_SHOWN,
    watchdog: Watchdog | None = None,
    leave: Leave | None = None,
    task_status: trio.TaskStatus[Path] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Let inspectors attach to `node` until cancelled.

    Does no work while no client is attached. No client, whatever it sends or
    fails to read, makes this raise or makes the node wait.

    Args:
        node: What is shown.
        name: The node's name for `trio-sup nodes`: 1 to 32 of ``A-Za-z0-9_.-``.
        runtime_dir: Where the socket is made; the user's own directory if None.
        operator: Who carries out what clients ask for; None: it is only looked at.
        control: Whether clients that ask for it may act on the node.
        showing: What clients may see.
        watchdog: What looks for who holds the loop, if it does so all the time; else
            there is one while somebody is attached.
        leave: A task beside it, that may ask how many clients are attached, and
            how many ever were.
        task_status: Started with the socket's path.

    Raises:
        InspectorUnavailable: before it is started: no socket can be made safely.
    """
    wall, epoch = time.time(), secrets.token_hex(8)
    with stacks_at_signal() as stacks:
        place, sock = await _listen(runtime_dir, name, wall, epoch, stacks)
        try:
            hello = _hello(name, epoch, wall, operator is None or not control)
            hub = Hub(node, hello, operator, showing, _secret_names(showing), watchdog)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(hub.run)
                if leave is not None:
                    nursery.start_soon(leave, lambda: hub.presence)
                task_status.started(place.path)
                logger.debug("inspectors can attach at %s", place.path)
                await _accept(sock, hub, nursery)
        finally:
            sock.close()
            _remove(place)


def _secret_names(showing: Showing) -> SecretNames:
    said = os.environ.get(SECRETS_VARIABLE, "").split(",")
    return SecretNames((*showing.secret_names, *said), showing.shown_names)


@frozen
class _Place:
    """Where a node's files are, and how to know them again."""

    path: Path
    directory: tuple[int, int]
    socket: tuple[int, int]
    pid: int
    """The process that made them: a forked copy of it has no part in them."""


async def _listen(
    directory: Path | None,
    name: str,
    started_wall: float,
    epoch: str,
    stacks: StackPlace,
) -> tuple[_Place, trio.socket.SocketType]:
    if not hasattr(socket, "AF_UNIX") or not hasattr(os, "getuid"):
        raise InspectorUnavailable("this system has no unix sockets, or no users")
    try:
        if directory is None:  # here: there may be no place for temporary files
            directory = default_runtime_dir()
        with open_dir(directory, own=True, make=True) as handle:
            assert handle is not None  # It was made.
            path = _socket_path(directory, name)
            file = _describe(name, started_wall, epoch, stacks)
            for _ in range(LOCK_TRIES):
                # Held until the socket listens, so that no sweep takes it for stale.
                with directory_lock(directory, handle) as held:
                    if held:
                        return _bind(path, file, handle)
                await trio.sleep(LOCK_PAUSE)
            return _bind(path, file, handle)
    except (DiscoveryError, OSError, ValueError) as error:
        raise InspectorUnavailable(_why(error)) from error


def _socket_path(directory: Path, name: str) -> Path:
    # The program may change its directory before the files are removed.
    return socket_path(directory.absolute(), name, os.getpid())


def _bind(
    path: Path, file: NodeFile, handle: int
) -> tuple[_Place, trio.socket.SocketType]:
    """Make the node's files in a directory that is this user's alone, and open."""
    if probe(path, handle) == "listening":
        raise ValueError(f"a node already listens at {path}: give one another name")
    # What is left of an earlier process with the same id.
    _unlink(path.name, handle)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        identity = _bind_for_user(sock, path, handle)
        sock.listen(BACKLOG)
        write_file(path.with_suffix(".json"), file, handle)
    except BaseException:
        sock.close()
        _unlink(path.name, handle)
        raise
    stays_here(sock)
    place = _Place(path, _identity(os.fstat(handle)), identity, os.getpid())
    return place, trio.socket.from_stdlib_socket(sock)


def _bind_for_user(sock: socket.socket, path: Path, handle: int) -> tuple[int, int]:
    """Bind in the opened directory, whatever has become of its path meanwhile."""
    with contextlib.suppress(OSError):
        # The file's mode from its first moment; Linux takes it from here.
        os.fchmod(sock.fileno(), 0o600)
    opened = Path(f"/proc/self/fd/{handle}")
    address = opened / path.name if opened.is_dir() else path
    sock.bind(os.fspath(address))
    made = os.stat(path.name, dir_fd=handle, follow_symlinks=False)
    if address is path and _identity(made) != _identity(path.lstat()):
        raise ValueError(f"{path.parent} was swapped for another directory")
    if stat.S_IMODE(made.st_mode) != 0o600:
        # An umask took too much, or the system does not take a mode from the
        # descriptor. In this directory nobody else could have put a link there.
        os.chmod(path.name, 0o600, dir_fd=handle)
    return _identity(made)


def _unlink(name: str, handle: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=handle)


async def _accept(
    sock: trio.socket.SocketType, hub: Hub, nursery: trio.Nursery
) -> None:
    complained = False
    while True:
        try:
            connection, _ = await sock.accept()
            stays_here(connection)
            uid, pid = peer_ids(connection)
            stream = trio.SocketStream(connection)
        except OSError as error:
            if not complained:
                complained = True
                logger.warning("inspector: cannot accept a client: %r", error)
            await trio.sleep(ACCEPT_PAUSE)
            continue
        if uid is not None and uid not in (own_uid(), 0):
            why = f"uid {uid} may not inspect a node of uid {own_uid()}"
            nursery.start_soon(hub.refuse, stream, "forbidden", why)
        else:
            nursery.start_soon(hub.serve_client, stream, f"uid={uid} pid={pid}")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _remove(place: _Place) -> None:
    """Remove the node's own files: not another's at the same path, nor in a fork."""
    if os.getpid() != place.pid:
        return
    try:
        with open_dir(place.path.parent, own=True) as handle:
            if handle is None or _identity(os.fstat(handle)) != place.directory:
                return
            name = place.path.name
            made = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if _identity(made) == place.socket:
                _unlink(name, handle)
                _unlink(place.path.with_suffix(".json").name, handle)
    except (DiscoveryError, OSError):
        pass  # Gone already, swept, or not ours any more.


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


def _describe(
    name: str, started_wall: float, epoch: str, stacks: StackPlace
) -> NodeFile:
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
        stack_signal=stacks.signal,
        stack_fd=stacks.fd,
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
