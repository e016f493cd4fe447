"""What the application remembers of its user: theme, sort, columns. Knows no Textual.

``trio-sup/inspector.json`` of the user's configuration holds it. Several inspectors may
run: each writes only what its own user changed, into what the file says by then. A
file that cannot be read is left alone, whatever is chosen meanwhile.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import fields, frozen

from trio_sup.inspect.model.order import BY_ID, ORDERS
from trio_sup_inspector.config import ConfigError, config_path, read_object, reason
from trio_sup_inspector.lines.columns import USUAL, all_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Mapping

    from trio_sup.inspect.model.order import Order


@frozen
class Remembered:
    """What a user chose, None where nothing was."""

    theme: str | None = None
    sort: str | None = None
    """By what the process list is sorted: the id of an `Order`."""
    reverse: bool | None = None
    tree: tuple[str, ...] | None = None
    """The columns of the tree, but for the first."""
    list: tuple[str, ...] | None = None
    """Those of the process list."""

    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns of each list for which some were chosen."""
        chosen = {"tree": self.tree, "list": self.list}
        return {name: ids for name, ids in chosen.items() if ids is not None}


def settings_path(environ: Mapping[str, str] | None = None) -> Path | None:
    """Where the file is: ``trio-sup/inspector.json`` of the configuration."""
    return config_path("inspector.json", environ)


# --- reading -----------------------------------------------------------------


def load(path: Path) -> tuple[Remembered, str]:
    """What the file remembers, and what is wrong with it; a missing one is empty.

    What is wrong in itself is passed over, the rest is taken.

    Raises:
        ConfigError: nothing of it can be taken.
    """
    data = read_object(path)
    wrong: list[str] = []
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name not in _NAMES:
            continue  # of a younger inspector
        try:
            found[name] = _CHECKS[name](value)
        except ConfigError as error:
            wrong.append(f"{name}: {error}")
    return Remembered(**found), f"{path}: {'; '.join(wrong)}" if wrong else ""


def _theme(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ConfigError("the name of a theme is expected")
    return value


def _sort(value: object) -> str:
    if not isinstance(value, str) or value not in BY_ID:
        raise ConfigError(f"no order {value!r}, but {', '.join(BY_ID)}")
    return value


def _reverse(value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigError("true or false is expected")
    return value


def _columns(name: str, value: object) -> tuple[str, ...]:
    known = all_columns(name)
    if not isinstance(value, list):
        raise ConfigError(f"a list is expected, of {', '.join(known)}")
    given: list[object] = [*value]
    for each in given:
        if not isinstance(each, str) or each not in known:
            raise ConfigError(f"no column {each!r}, but {', '.join(known)}")
    return tuple(dict.fromkeys(map(str, given)))


_CHECKS: Final[dict[str, Callable[[object], object]]] = {
    "theme": _theme,
    "sort": _sort,
    "reverse": _reverse,
    "tree": lambda value: _columns("tree", value),
    "list": lambda value: _columns("list", value),
}
_NAMES: Final = tuple(field.name for field in fields(Remembered))
assert set(USUAL) <= set(_NAMES)


# --- writing -----------------------------------------------------------------


def keep(path: Path, before: Remembered, after: Remembered) -> bool:
    """Write what changed into the file, in one step; the rest stays as it is there.

    Returns:
        False if another process writes just now: try again soon.

    Raises:
        ConfigError: it cannot be written, or what is there cannot be read: then it
            is left alone.
    """
    changed = {
        name: new
        for name in _NAMES
        if (new := getattr(after, name)) != getattr(before, name)
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock(path) as held:
            if not held:
                return False
            data = read_object(path)
            data.update(changed)
            # Nothing chosen is nothing to remember.
            kept = {name: v for name, v in data.items() if v is not None}
            # The user may have laid the file elsewhere.
            _replace(Path(os.path.realpath(path)), json.dumps(kept, indent=2) + "\n")
    except OSError as error:
        raise ConfigError(f"{path}: {reason(error)}") from error
    return True


@contextmanager
def _lock(path: Path) -> Generator[bool, None, None]:
    """Hold the right to write, if it is free; never waits."""
    import fcntl  # noqa: PLC0415 - not every system has it

    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    handle = os.open(path.with_name(f".{path.name}.lock"), flags, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            os.close(handle)
            yield False
            return
        # Not every file system has locks; then the last one to write wins.
    try:
        yield True
    finally:
        os.close(handle)


def _replace(path: Path, text: str) -> None:
    """Put a text into the place of a file, whole or not at all."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mode = 0o600
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(handle, mode)
            os.fsync(handle)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise


class Sorted(Protocol):
    """What has an order, as a `NodeState` has."""

    order: Order
    reverse: bool


class Memory:
    """What one application remembers, and when it writes.

    Args:
        path: The file; None to remember nothing beyond the program's end.
    """

    def __init__(self, path: Path | None) -> None:
        self.columns: dict[str, tuple[str, ...]] = {}
        """The columns that are chosen for a list, by its name."""
        self._path = path
        self._usual_theme = ""
        # What the file says, as far as this application knows or wants it.
        self._kept = Remembered()

    def recall(self, theme: str, themes: Container[str]) -> tuple[str, str]:
        """Read the file.

        Args:
            theme: The usual theme.
            themes: All that there are.

        Returns:
            The theme to show, and what is wrong with the file.
        """
        self._usual_theme, wrong = theme, ""
        if self._path is None:
            return theme, ""
        try:
            self._kept, wrong = load(self._path)
        except ConfigError as error:
            wrong = f"{error}: the usual settings hold, and nothing is written there"
        self.columns.update(self._kept.columns())
        if self._kept.theme is None:
            return theme, wrong
        if self._kept.theme in themes:
            return self._kept.theme, wrong
        wrong = wrong or f"{self._path}: theme: no theme {self._kept.theme!r}"
        return theme, wrong

    def order(self, before: Sorted | None) -> tuple[Order, bool]:
        """By what to sort, and whether the other way round.

        Args:
            before: What was on screen until now, if there was anything.
        """
        if before is not None:
            return before.order, before.reverse
        return BY_ID.get(self._kept.sort or "", ORDERS[0]), bool(self._kept.reverse)

    def keep(self, theme: str, order: Order, reverse: bool) -> str:
        """Write what was chosen since the last time; what went wrong, once."""
        if self._path is None:
            return ""
        kept = self._kept
        # What nobody ever chose is not worth a line.
        now = Remembered(
            kept.theme if theme == (kept.theme or self._usual_theme) else theme,
            kept.sort if order.id == (kept.sort or ORDERS[0].id) else order.id,
            kept.reverse if reverse == bool(kept.reverse) else reverse,
            self.columns.get("tree"),
            self.columns.get("list"),
        )
        if now == kept:
            return ""
        try:
            if keep(self._path, kept, now):
                self._kept = now
        except ConfigError as error:
            self._kept = now
            return f"not remembered: {error}"
        return ""
