"""The directory in which a user's nodes meet: where it is, that it is safe, its lock."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


class DiscoveryError(Exception):
    """The base of what can go wrong in finding a node; `str` is one line."""


class UnsafeDirectory(DiscoveryError):
    """The runtime directory could be used by others: it is not looked at."""


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
