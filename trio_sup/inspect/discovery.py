"""Where nodes leave their sockets, and which nodes are there. Blocking, no Trio.

A node named ``shop`` with process id 4711 owns two files of the runtime
directory: ``shop.4711.sock`` and ``shop.4711.json``. Whether a node is there is
decided by asking its socket; the process id and its start time only explain.
Files are removed only under a lock and only if the kernel says that nobody
listens behind the socket.
"""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

from attrs import asdict, frozen

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

SCHEMA: Final = 1
"""The version of the describing file and of every JSON output."""
MAX_SOCKET_PATH: Final = 103
"""Bytes of a socket's address: macOS allows 103, Linux 107."""
NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,32}")
"""What a node's file name may be made of."""

_FILE: Final = re.compile(r"(?P<name>[A-Za-z0-9_.-]{1,32})\.(?P<pid>\d{1,10})\.sock")

Probe: TypeAlias = Literal["listening", "refused", "gone", "forbidden"]
"""What a socket answered: somebody listens, nobody does, no file, no permission."""
Process: TypeAlias = Literal["alive", "gone", "recycled", "unknown"]
"""What became of a process: ``recycled`` means that another one has its id."""


class DiscoveryError(Exception):
    """The base of what can go wrong in finding a node; `str` is one line."""


class UnsafeDirectory(DiscoveryError):
    """The runtime directory could be used by others: it is not looked at."""


class NoSuchNode(DiscoveryError):
    """No running node fits."""


class AmbiguousNode(DiscoveryError):
    """Several running nodes fit, and none was named."""

    def __init__(self, message: str, found: list[FoundNode]) -> None:
        super().__init__(message)
        self.found = found


@frozen
class NodeFile:
    """What a node writes beside its socket."""

    name: str
    pid: int
    epoch: str
    started_wall: float
    """Seconds since 1970."""
    process_start: int | None
    """The kernel's start time of the process, None where it has none."""
    argv0: str
    cwd: str
    python: str
    trio_sup: str
    proto_min: int
    proto_max: int
    readonly: bool = True
    schema: int = SCHEMA


_FIELD_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "name": (str,),
    "pid": (int,),
    "epoch": (str,),
    "started_wall": (float, int),
    "process_start": (int, type(None)),
    "argv0": (str,),
    "cwd": (str,),
    "python": (str,),
    "trio_sup": (str,),
    "proto_min": (int,),
    "proto_max": (int,),
    "readonly": (bool,),
    "schema": (int,),
}


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


# --- the directory -----------------------------------------------------------


def runtime_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The directory in which this user's nodes meet; it need not exist.

    ``$TRIO_SUP_RUNTIME_DIR``, else ``$XDG_RUNTIME_DIR/trio-sup``, else
    ``trio-sup-<uid>`` in the temporary directory.
    """
    environ = os.environ if environ is None else environ
    if explicit := environ.get("TRIO_SUP_RUNTIME_DIR"):
        return Path(explicit)
    if session := environ.get("XDG_RUNTIME_DIR"):
        return Path(session) / "trio-sup"
    return Path(tempfile.gettempdir()) / f"trio-sup-{os.getuid()}"


def check_dir(directory: Path) -> bool:
    """Whether the directory exists.

    Raises:
        UnsafeDirectory: it is a symbolic link, no directory, belongs to somebody
            else, or lets others in.
    """
    try:
        status = directory.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UnsafeDirectory(f"{directory}: {error.strerror}") from error
    if stat.S_ISLNK(status.st_mode):
        raise UnsafeDirectory(f"{directory} is a symbolic link: refused")
    if not stat.S_ISDIR(status.st_mode):
        raise UnsafeDirectory(f"{directory} is not a directory")
    own = os.getuid()
    if own not in (status.st_uid, 0):
        raise UnsafeDirectory(
            f"{directory} belongs to uid {status.st_uid}, not to you (uid {own})"
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise UnsafeDirectory(
            f"{directory} has mode {mode:04o} and lets others in: chmod 700 it"
        )
    return True


def make_dir(directory: Path) -> None:
    """Make the directory, for this user alone, unless it is there.

    Raises:
        UnsafeDirectory: see `check_dir`; or it cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, exist_ok=False)
    except FileExistsError:
        pass
    except OSError as error:
        raise UnsafeDirectory(f"cannot make {directory}: {error.strerror}") from error
    check_dir(directory)


@contextmanager
def directory_lock(directory: Path) -> Generator[bool, None, None]:
    """Hold the directory's lock, if it is free; never waits.

    Yields:
        Whether the lock is held.
    """
    import fcntl  # Here, so that the module can be imported where there is none.

    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(directory / ".lock", flags, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES, errno.ENOLCK):
                raise
            yield False
        else:
            yield True
    finally:
        os.close(handle)


# --- nodes -------------------------------------------------------------------


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


def read_file(path: Path) -> NodeFile | None:
    """The describing file, or None if it is missing or says something else."""
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    fields = cast("dict[str, object]", data)
    known = {name: value for name, value in fields.items() if name in _FIELD_TYPES}
    for name, value in known.items():
        if not isinstance(value, _FIELD_TYPES[name]):
            return None
    try:
        return NodeFile(**cast("dict[str, Any]", known))
    except TypeError:
        return None


def write_file(path: Path, file: NodeFile) -> None:
    """Write the describing file at once or not at all, for this user alone."""
    scratch = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(scratch, flags, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(file), out)
        out.write("\n")
    scratch.replace(path)


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
