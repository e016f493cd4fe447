"""The file in which a node says who it is, beside its socket."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import asdict, frozen

from trio_sup.inspect.checked import anchor, text

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = 1
"""The version of the describing file and of every JSON output."""

MAX_BYTES: Final = 65_536
"""The longest describing file."""


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


def read_file(path: Path) -> NodeFile | None:
    """The describing file, or None if it is missing or says something else."""
    try:
        with path.open("rb") as file:
            data: object = json.loads(file.read(MAX_BYTES))
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
        return NodeFile(
            **cast("dict[str, Any]", {n: _checked(v) for n, v in known.items()})
        )
    except (TypeError, ValueError):
        return None


def _checked(value: object) -> object:
    """The value as it may be shown: another user may have written the file."""
    if isinstance(value, str):
        return text(value)
    return anchor(value) if isinstance(value, float) else value


def write_file(path: Path, file: NodeFile) -> None:
    """Write the describing file at once or not at all, for this user alone."""
    scratch = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(scratch, flags, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(file), out)
        out.write("\n")
    scratch.replace(path)
