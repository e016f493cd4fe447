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
    from collections.abc import Callable, Generator, Mapping, Sequence


class DiscoveryError(Exception):
    """The base of what can go wrong in finding a node; `str` is one line."""


class UnsafeDirectory(DiscoveryError):
    """The runtime directory could be used by others: it is not looked at."""


def own_uid() -> int:
    """The user that this process acts as, to whom the kernel gives its files.

    Raises:
        UnsafeDirectory: the system has no users that could be told apart.
    """
    ask: Callable[[], int] | None = getattr(os, "geteuid", None)
    if ask is None:
        raise UnsafeDirectory("this system does not tell users apart")
    return ask()


def runtime_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The directory in which this user's nodes meet; it need not exist.

    ``$TRIO_SUP_RUNTIME_DIR``, else ``$XDG_RUNTIME_DIR/trio-sup``, else
    ``trio-sup-<uid>`` in the temporary directory. An ``$XDG_RUNTIME_DIR`` that
    belongs to somebody else, as ``sudo -E`` leaves it, is passed over.
    """
    environ = os.environ if environ is None else environ
    if explicit := environ.get("TRIO_SUP_RUNTIME_DIR"):
        return Path(explicit)
    session = environ.get("XDG_RUNTIME_DIR")
    if session and not _of_somebody_else(Path(session)):
        return Path(session) / "trio-sup"
    return Path(tempfile.gettempdir()) / f"trio-sup-{own_uid()}"


def runtime_dirs(environ: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """Every directory that a node of this user may have chosen, this one's own first.

    A node of a system service, of cron or of ``sudo -u`` may have had no
    ``$XDG_RUNTIME_DIR`` where this process has one, or the other way round, and
    another temporary directory. An explicit ``$TRIO_SUP_RUNTIME_DIR`` is the only one.
    """
    environ = os.environ if environ is None else environ
    if explicit := environ.get("TRIO_SUP_RUNTIME_DIR"):
        return (Path(explicit),)
    uid = own_uid()
    temporary = tempfile.gettempdir(), "/tmp", "/var/tmp"  # noqa: S108
    others = (Path(place) / f"trio-sup-{uid}" for place in temporary)
    session = Path(f"/run/user/{uid}/trio-sup")
    return tuple(dict.fromkeys((runtime_dir(environ), session, *others)))


def places_text(places: Path | Sequence[Path]) -> str:
    """The directories that nodes are looked for in, for people."""
    return str(places) if isinstance(places, Path) else ", ".join(map(str, places))


def _of_somebody_else(directory: Path) -> bool:
    try:
        return directory.stat().st_uid != own_uid()
    except (OSError, ValueError):
        return False


def check_dir(directory: Path, *, own: bool = False) -> bool:
    """Whether the directory exists.

    Args:
        directory: Which one.
        own: Whether it has to be this user's; else root may look at a private
            directory of anybody.

    Raises:
        UnsafeDirectory: it is a symbolic link, no directory, belongs to somebody
            else, or lets others in.
    """
    with open_dir(directory, own=own) as handle:
        return handle is not None


@contextmanager
def open_dir(
    directory: Path, *, own: bool, make: bool = False
) -> Generator[int | None, None, None]:
    """Open the directory: what is done by its descriptor, nobody can divert.

    Args:
        directory: Which one.
        own: As for `check_dir`: whoever makes or removes something says True.
        make: Make it, for this user alone, unless it is there.

    Yields:
        The descriptor; None if it does not exist.

    Raises:
        UnsafeDirectory: see `check_dir`; or it cannot be made.
    """
    if make:
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            pass
        except OSError as error:
            why = f"cannot make {directory}: {error.strerror}"
            raise UnsafeDirectory(why) from error
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(directory, flags)
    except FileNotFoundError:
        if make:
            raise UnsafeDirectory(f"{directory} was removed") from None
        yield None
        return
    except (OSError, ValueError) as error:
        raise UnsafeDirectory(_why_closed(directory, error)) from error
    try:
        if wrong := _what_is_wrong(directory, os.fstat(handle), own=own):
            raise UnsafeDirectory(wrong)
        yield handle
    finally:
        os.close(handle)


def _why_closed(directory: Path, error: Exception) -> str:
    """Words for a directory that could not be opened."""
    try:
        wrong = _what_is_wrong(directory, directory.lstat(), own=False)
    except (OSError, ValueError):
        wrong = ""
    return wrong or f"{directory}: {getattr(error, 'strerror', None) or error}"


def _what_is_wrong(directory: Path, status: os.stat_result, *, own: bool) -> str:
    if stat.S_ISLNK(status.st_mode):
        return f"{directory} is a symbolic link: refused"
    if not stat.S_ISDIR(status.st_mode):
        return f"{directory} is not a directory"
    mine, owner = own_uid(), status.st_uid
    if owner != mine and (own or mine != 0):
        return (
            f"{directory} belongs to uid {owner}, not to you (uid {mine}):"
            " set TRIO_SUP_RUNTIME_DIR to a directory of your own"
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        return f"{directory} has mode {mode:04o} and lets others in: chmod 700 it"
    return ""


def make_dir(directory: Path) -> None:
    """Make the directory, for this user alone, unless it is there.

    Raises:
        UnsafeDirectory: see `check_dir`, also for root; or it cannot be made.
    """
    with open_dir(directory, own=True, make=True):
        pass


@contextmanager
def directory_lock(
    directory: Path, dir_fd: int | None = None
) -> Generator[bool, None, None]:
    """Hold the directory's lock, if it is free; never waits.

    Args:
        directory: Which one.
        dir_fd: The same, where it is open.

    Yields:
        Whether the lock is held.
    """
    import fcntl  # noqa: PLC0415 - not every system has it

    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    place = directory / ".lock" if dir_fd is None else ".lock"
    handle = os.open(place, flags, 0o600, dir_fd=dir_fd)
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
