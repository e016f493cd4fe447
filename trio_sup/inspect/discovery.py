"""Which nodes are there: where their sockets are, and who answers. Blocking, no Trio.

A node named ``shop`` with process id 4711 owns two files of the runtime
directory: ``shop.4711.sock`` and ``shop.4711.json``. Whether a node is there is
decided by asking its socket; the process id and its start time only explain.
Files are removed only under a lock and only if the kernel says that nobody
listens behind the socket.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Final, Literal, TypeAlias

from attrs import frozen

from trio_sup.inspect.directory import (
    DiscoveryError,
    UnsafeDirectory,
    check_dir,
    directory_lock,
)
from trio_sup.inspect.node_file import NodeFile, read_file

MAX_SOCKET_PATH: Final = 103
"""Bytes of a socket's address: macOS allows 103, Linux 107."""
NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")
"""What a node's file name may be made of."""

_FILE: Final = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,32})\.(?P<pid>\d{1,10})\.sock")

Probe: TypeAlias = Literal["listening", "refused", "gone", "forbidden"]
"""What a socket answered: somebody listens, nobody does, no file, no permission."""
Process: TypeAlias = Literal["alive", "gone", "recycled", "unknown"]
"""What became of a process: ``recycled`` means that another one has its id."""


class NoSuchNode(DiscoveryError):
    """No running node fits."""


class AmbiguousNode(DiscoveryError):
    """Several running nodes fit, and none was named."""

    def __init__(self, message: str, found: list[FoundNode]) -> None:
        super().__init__(message)
        self.found = found


@frozen
class FoundNode:
    """A pair of files in the runtime directory."""

    name: str
    pid: int
    socket: Path
    probe: Probe
    process: Process
    file: NodeFile | None
    """None if the describing file is missing or unreadable."""

    @property
    def running(self) -> bool:
        """Whether something accepts connections."""
        return self.probe in ("listening", "forbidden")

    @property
    def title(self) -> str:
        """``name.pid``: what to type when the name alone is ambiguous."""
        return f"{self.name}.{self.pid}"

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return str(self.socket)


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


def probe(path: Path) -> Probe:
    """Ask the kernel whether somebody listens; sends nothing, never waits."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            sock.connect(os.fspath(path))
        except BlockingIOError:
            return "listening"  # Its queue of connections is full.
        except PermissionError:
            return "forbidden"
        except (FileNotFoundError, NotADirectoryError):
            return "gone"
        except OSError:
            return "refused"
    return "listening"


def list_nodes(directory: Path) -> list[FoundNode]:
    """Every node of the directory, running or not, by name and process id.

    Raises:
        UnsafeDirectory: see `check_dir`. A missing directory holds no nodes.
    """
    if not check_dir(directory):
        return []
    try:
        names = sorted(entry.name for entry in directory.iterdir())
    except OSError as error:
        raise UnsafeDirectory(f"{directory}: {error.strerror}") from error
    found: list[FoundNode] = []
    for name in names:
        match = _FILE.fullmatch(name)
        if match is not None:
            found.append(_found(directory / name, match["name"], int(match["pid"])))
    return sorted(found, key=lambda node: (node.name, node.pid))


def _found(path: Path, name: str, pid: int) -> FoundNode:
    file = read_file(path.with_suffix(".json"))
    started = file.process_start if file is not None else None
    return FoundNode(name, pid, path, probe(path), process_state(pid, started), file)


def sweep(directory: Path) -> list[FoundNode]:
    """Remove the files of nodes that nobody listens for any more.

    Does nothing while another process holds the directory's lock: nodes hold it
    while they bind, so that a socket that does not listen *yet* is left alone.

    Returns:
        The nodes whose files were removed.

    Raises:
        UnsafeDirectory: see `check_dir`.
    """
    if not check_dir(directory):
        return []
    try:
        with directory_lock(directory) as held:
            if not held:
                return []
            stale = [node for node in list_nodes(directory) if node.probe == "refused"]
            for node in stale:
                node.socket.unlink(missing_ok=True)
                node.socket.with_suffix(".json").unlink(missing_ok=True)
            return stale
    except OSError as error:
        raise UnsafeDirectory(f"{directory}: {error.strerror}") from error


def find_node(directory: Path, wanted: str | None = None) -> FoundNode:
    """The one running node that is meant.

    Args:
        directory: Where to look.
        wanted: A name, a process id, ``name.pid``, or the path of a socket. None
            means the only one that runs.

    Raises:
        NoSuchNode: none fits.
        AmbiguousNode: several fit.
        UnsafeDirectory: see `check_dir`.
    """
    if wanted is not None and "/" in wanted:
        return _by_path(Path(wanted))
    running = [node for node in list_nodes(directory) if node.running]
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
    raise NoSuchNode(
        f"no node runs (looked in {directory}): start a program of yours, or the demo"
    )


def _by_path(path: Path) -> FoundNode:
    match = _FILE.fullmatch(path.name)
    name, pid = (match["name"], int(match["pid"])) if match else (path.name, 0)
    node = _found(path, name, pid)
    if node.probe == "gone":
        raise NoSuchNode(f"there is no socket {path}")
    if node.probe == "refused":
        raise NoSuchNode(f"nobody listens at {path}")
    return node


def _titles(nodes: list[FoundNode]) -> str:
    return ", ".join(node.title for node in nodes)
