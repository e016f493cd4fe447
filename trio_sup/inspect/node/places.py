"""Places in code, in few words."""

from __future__ import annotations

import sys
import sysconfig
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

if TYPE_CHECKING:
    from types import CodeType

_TRIO: Final = str(Path(trio.__file__).parent)
_INSPECTOR: Final = str(Path(__file__).parent)
_OWN: Final = str(Path(__file__).parent.parent)
_ROOMS: Final = tuple(
    str(Path(__file__).parents[2] / room)
    for room in ("_children", "_node", "_servers", "_supervisors", "_tasks", "_trio")
)
_FOREIGN: Final = (
    *{
        path
        for n, path in sysconfig.get_paths().items()
        if n.endswith(("lib", "stdlib"))
    },
    *_ROOMS,
    _OWN,
    _TRIO,
    "<frozen ",
)


def is_machinery(filename: str) -> bool:
    """Whether a file is Trio's: where a task waits is what called it."""
    return filename.startswith(_TRIO)


def is_library(filename: str) -> bool:
    """Whether a file is this library's own."""
    return filename.startswith(_OWN)


def is_foreign(filename: str) -> bool:
    """Whether a file is no part of the program: Python's, a package's, or ours."""
    return filename.startswith(_FOREIGN)


def is_inspector(filename: str) -> bool:
    """Whether a file belongs to the node's side of the inspector."""
    return filename.startswith(_INSPECTOR)


@lru_cache(maxsize=1024)
def short_file(filename: str) -> str:
    """A file as one would import it: below the entry of the path that holds it."""
    fitting = [entry for entry in sys.path if entry and filename.startswith(entry)]
    if not fitting:
        return filename
    longest = max(fitting, key=len)
    return filename[len(longest) :].lstrip("/\\") or filename


def place(code: CodeType, line: int) -> str:
    """A place as ``file:line in function``."""
    return f"{short_file(code.co_filename)}:{line} in {code.co_qualname}"
