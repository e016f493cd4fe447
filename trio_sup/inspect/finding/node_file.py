"""The file in which a node says who it is, beside its socket."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import asdict

from trio_sup._core.clean import clean_line
from trio_sup.inspect.finding.found_node import NodeFile
from trio_sup.inspect.protocol.checked import anchor

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE: Final = 65_536
"""Bytes of a describing file that are read."""
MAX_NUMBER: Final = 1e15
"""No number of a describing file is as large."""
MAX_SHOWN: Final = 200
"""Characters of each of its texts that are shown; an honest node writes no more."""


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
    "stack_signal": (int,),
    "stack_fd": (int,),
}


def read_file(path: Path, dir_fd: int | None = None) -> NodeFile | None:
    """The describing file, or None if it is missing or says something else.

    Follows no symbolic link, waits for nobody (a pipe is no description), and
    reads no more than a description needs. Its texts come out as printable lines.

    Args:
        path: Which file.
        dir_fd: The directory that it is in, where that is open.
    """
    try:
        data: object = json.loads(_content(path, dir_fd))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    fields = cast("dict[str, object]", data)
    known = {name: value for name, value in fields.items() if name in _FIELD_TYPES}
    for name, value in known.items():
        if not isinstance(value, _FIELD_TYPES[name]) or not _sane(value):
            return None
    try:
        return NodeFile(
            **cast("dict[str, Any]", {n: _checked(v) for n, v in known.items()})
        )
    except (TypeError, ValueError):
        return None


def _sane(value: object) -> bool:
    return not isinstance(value, float | int) or -MAX_NUMBER < value < MAX_NUMBER


def _checked(value: object) -> object:
    """The value as it may be shown: another user may have written the file."""
    if isinstance(value, str):
        return clean_line(value, MAX_SHOWN)
    return anchor(value) if isinstance(value, float) else value


def _content(path: Path, dir_fd: int | None) -> str:
    name = path if dir_fd is None else path.name
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(name, flags, dir_fd=dir_fd), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("no regular file")
        return file.read(MAX_FILE).decode()


def write_file(path: Path, file: NodeFile, dir_fd: int | None = None) -> None:
    """Write the describing file at once or not at all, for this user alone.

    Args:
        path: Where.
        file: What.
        dir_fd: The directory that it is in, where that is open.
    """
    scratch = path.with_name(f".{path.name}.new")
    target: Path | str = path
    source: Path | str = scratch
    if dir_fd is not None:
        source, target = scratch.name, path.name
    with contextlib.suppress(FileNotFoundError):
        os.unlink(source, dir_fd=dir_fd)  # Of a process that was killed here.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(source, flags, 0o600, dir_fd=dir_fd)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(asdict(file), out)
        out.write("\n")
    os.replace(source, target, src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
