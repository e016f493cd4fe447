"""Which nodes are there: where their sockets are, and who answers. Blocking, no Trio.

A node named ``shop`` with process id 4711 owns two files of the runtime
directory: ``shop.4711.sock`` and ``shop.4711.json``. Whether a node is there is
decided by asking its socket; the process id and its start time only explain.
Files are removed only under a lock and only if the kernel says that nobody
listens behind the socket.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trio_sup._core.clean import clean_line
from trio_sup.inspect.finding.directory import (
    DiscoveryError,
    UnsafeDirectory,
    directory_lock,
    open_dir,
    own_uid,
    places_text,
)
from trio_sup.inspect.finding.found_node import FoundNode
from trio_sup.inspect.finding.node_file import read_file
from trio_sup.inspect.finding.peers import peer_ids, reaching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.finding.found_node import Probe, Process
    from trio_sup.inspect.finding.peers import HasOptions

MAX_SOCKET_PATH: Final = 103
"""Bytes of a socket's address: macOS allows 103, Linux 107."""
NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")
"""What a node's file name may be made of."""

MAX_FILES: Final = 10_000
"""Files of a directory that are looked at."""

_FILE: Final = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,32})\.(?P<pid>\d{1,10})\.sock")


class NoSuchNode(DiscoveryError):
    """No running node fits."""


class ForeignNode(DiscoveryError):
    """Somebody else listens there: it is neither believed nor told anything."""


class AmbiguousNode(DiscoveryError):
    """Several running nodes fit, and none was named."""

    def __init__(self, message: str, found: list[FoundNode]) -> None:
        super().__init__(message)
        self.found = found


def socket_path(directory: Path, name: str, pid: int) -> Path:
    """Where the node's socket is.

    Raises:
        ValueError: the name has other characters than `NAME`, or the path is
            longer than the system allows.
    """
    if NAME.fullmatch(name) is None:
        raise ValueError(
            f"node name {name!r}: 1 to 32 letters, digits, '_', '.' or '-' are accepted"
        )
    path = directory / f"{name}.{pid}.sock"
    size = len(os.fsencode(path))
    if size > MAX_SOCKET_PATH:
        raise ValueError(
            f"the socket's path is {size} bytes long, {MAX_SOCKET_PATH} are allowed:"
            f" set TRIO_SUP_RUNTIME_DIR to a shorter directory than {directory}"
        )
    return path


def process_start(pid: int) -> int | None:
    """The kernel's start time of a process in ticks since boot, if it tells."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        # The command, in parentheses, may hold anything; 20 fields follow it.
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def process_state(pid: int, started: int | None) -> Process:
    """What became of the process that had this id when it started then."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except (PermissionError, OverflowError):
        pass
    now = process_start(pid)
    if started is None or now is None:
        return "unknown"
    return "alive" if now == started else "recycled"


def probe(path: Path, dir_fd: int | None = None) -> Probe:
    """Ask the kernel whether somebody listens; sends nothing, never waits.

    Args:
        path: The socket; no symbolic link is followed.
        dir_fd: The directory that it is in, where that is open.
    """
    return _asked(path, dir_fd)[0]


def _asked(path: Path, dir_fd: int | None) -> tuple[Probe, int | None]:
    """As `probe`; and whose the socket is."""
    uid: int | None = None
    try:
        with (
            reaching(path, dir_fd) as (address, uid),
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock,
        ):
            sock.setblocking(False)
            sock.connect(address)
            listener, _ = peer_ids(sock)
            return "listening", uid if listener is None else listener
    except BlockingIOError:
        return "listening", uid  # Its queue of connections is full.
    except PermissionError:
        return "forbidden", uid
    except (FileNotFoundError, NotADirectoryError):
        return "gone", uid
    except OSError:
        return "refused", uid


def check_peer(sock: HasOptions, found: FoundNode) -> None:
    """Ask the kernel who listens, before anything is believed or sent.

    That has to be this user. Root may look at anybody's node, if it is the user's
    whose node was found there.

    Raises:
        ForeignNode: it is somebody else.
        OSError: the socket is not connected.
    """
    mine, uid = own_uid(), peer_ids(sock)[0]
    if uid is None:
        uid = found.uid  # The file's owner stands for it.
    if uid is None or uid == mine or (mine == 0 and uid == found.uid):
        return
    raise ForeignNode(
        f"{found.socket}: {user_text(uid)} listens there, not you (uid {mine});"
        " nothing was sent"
    )


def user_text(uid: int) -> str:
    """A user, for people."""
    import pwd  # noqa: PLC0415 - not every system has it

    try:
        return f"{clean_line(pwd.getpwuid(uid).pw_name, 40)} (uid {uid})"
    except (KeyError, OverflowError):
        return f"uid {uid}"


def list_nodes(places: Path | Sequence[Path]) -> list[FoundNode]:
    """Every node of the directories, running or not, by name and process id.

    Root may list anybody's directory: `FoundNode.owner` says whose node each is.

    Args:
        places: A directory; or several: those that are not safe are passed over
            then, but for the first.

    Raises:
        UnsafeDirectory: see `check_dir`. A missing directory holds no nodes.
    """
    first, *others = (places,) if isinstance(places, Path) else places
    found = _nodes_of(first)
    for other in others:
        with contextlib.suppress(UnsafeDirectory):
            found += _nodes_of(other)
    return sorted(found, key=lambda node: (node.name, node.pid))


def _nodes_of(directory: Path) -> list[FoundNode]:
    with open_dir(directory, own=False) as handle:
        return [] if handle is None else _listed(directory, handle)


def _listed(directory: Path, handle: int) -> list[FoundNode]:
    try:
        with os.scandir(handle) as entries:
            names = [entry.name for entry in islice(entries, MAX_FILES)]
    except OSError as error:
        raise UnsafeDirectory(f"{directory}: {error.strerror}") from error
    matches = [(name, _FILE.fullmatch(name)) for name in names]
    return [
        _found(directory / name, match["name"], int(match["pid"]), handle)
        for name, match in matches
        if match is not None
    ]


def _found(path: Path, name: str, pid: int, dir_fd: int | None = None) -> FoundNode:
    file = read_file(path.with_suffix(".json"), dir_fd)
    started = file.process_start if file is not None else None
    answer, uid = _asked(path, dir_fd)
    process = process_state(pid, started)
    owner = "" if uid is None or uid == own_uid() else user_text(uid)
    return FoundNode(name, pid, path, answer, process, file, uid, owner)


def sweep(directory: Path) -> list[FoundNode]:
    """Remove the files of nodes that nobody listens for any more.

    Does nothing while another process holds the directory's lock: nodes hold it
    while they bind, so that a socket that does not listen *yet* is left alone. Nor
    does it touch what root may only look at: a directory of somebody else.

    Returns:
        The nodes whose files were removed.

    Raises:
        UnsafeDirectory: see `check_dir`.
    """
    with open_dir(directory, own=False) as handle:
        if handle is None or os.fstat(handle).st_uid != own_uid():
            return []
        try:
            with directory_lock(directory, handle) as held:
                return _swept(directory, handle) if held else []
        except OSError as error:
            raise UnsafeDirectory(f"{directory}: {error.strerror}") from error


def _swept(directory: Path, handle: int) -> list[FoundNode]:
    stale = [node for node in _listed(directory, handle) if node.probe == "refused"]
    for node in stale:
        for name in (node.socket.name, node.socket.with_suffix(".json").name):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=handle)
    return stale


def find_node(places: Path | Sequence[Path], wanted: str | None = None) -> FoundNode:
    """The one running node that is meant.

    Args:
        places: Where to look: see `list_nodes`.
        wanted: A name, a process id, ``name.pid``, or the path of a socket. None
            means the only one that runs.

    Raises:
        NoSuchNode: none fits.
        AmbiguousNode: several fit.
        UnsafeDirectory: see `check_dir`.
    """
    if wanted is not None and "/" in wanted:
        return _by_path(Path(wanted))
    running = [node for node in list_nodes(places) if node.running]
    if wanted is None:
        fitting = running
    else:
        fitting = [n for n in running if wanted in (n.name, n.title, str(n.pid))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise AmbiguousNode(
            f"{len(fitting)} nodes run, say which: {_titles(fitting)}", fitting
        )
    if running:
        raise NoSuchNode(f"no node {wanted!r} runs, but {_titles(running)} does")
    looked = f"looked in {places_text(places)}"
    raise NoSuchNode(f"no node runs ({looked}): start a program of yours, or the demo")


def _by_path(path: Path) -> FoundNode:
    match = _FILE.fullmatch(path.name)
    name, pid = (match["name"], int(match["pid"])) if match else (path.name, 0)
    node = _found(path, name, pid)
    if node.probe == "gone":
        raise NoSuchNode(f"there is no socket {path}")
    if node.probe == "refused":
        if path.is_symlink():
            raise NoSuchNode(f"{path} is a symbolic link: name what it leads to")
        raise NoSuchNode(f"nobody listens at {path}")
    return node


def _titles(nodes: list[FoundNode]) -> str:
    return ", ".join(node.title for node in nodes)
