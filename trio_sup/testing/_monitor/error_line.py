"""An error in one line: what it is, and where in the user's code it was raised."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

import trio

import trio_sup
from trio_sup._core.anatomy import leaves
from trio_sup._core.clean import safe_text

_NOT_THEIRS = (*trio.__path__, *trio_sup.__path__)
_PYTHON = sysconfig.get_path("stdlib")


def told(error: BaseException) -> str:
    """Return type, message and place of an error; of a group those of its leaves."""
    return "; ".join(_told(leaf) for leaf in leaves(error))


def _told(error: BaseException) -> str:
    text = safe_text(error)
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    place = _place(error)
    return f"{said} ({place})" if place else said


def _place(error: BaseException) -> str:
    """Return the innermost line that is not Trio's, Python's or the library's."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        code = frame.f_code
        if not _is_known(code.co_filename):
            return f"{Path(code.co_filename).name}:{line}, in {code.co_name}"
    return ""


def _is_known(file: str) -> bool:
    if file.startswith(_NOT_THEIRS):
        return True
    return file.startswith(_PYTHON) and "site-packages" not in file
