"""Tracebacks as people want to read them: their own frames, the machinery's folded."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import outcome
import trio

from trio_sup._core.anatomy import traceback_of

_HERE = Path(__file__).parent.parent
# The demonstration and the harness are programs like others.
_MACHINERY: tuple[str, ...] = (
    *(str(room) + "/" for room in _HERE.glob("_*") if room.is_dir()),
    str(Path(trio.__file__).parent) + "/",
    str(Path(outcome.__file__).parent) + "/",
)
_IMPORT = ("<frozen importlib", str(Path(importlib.__file__).parent) + "/")
_FOLD = "<folded>"
_MOST_CAUSES = 50


class _Folded(traceback.StackSummary):
    """Frames, with one line in the place of those that belong to the machinery."""

    def format_frame_summary(
        self,
        frame_summary: traceback.FrameSummary,
        **options: Any,  # Python 3.13 has one for colours
    ) -> str:
        if frame_summary.filename != _FOLD:
            return super().format_frame_summary(frame_summary, **options)
        many = frame_summary.name
        return (
            f"  … {many} {'frame' if many == '1' else 'frames'} of trio-sup and Trio\n"
        )


def folded_traceback(error: BaseException, limit: int | None = None) -> str:
    """Format an exception, with the frames of the library and of Trio folded.

    Those of its causes and members, too. May raise what the exception's own code does.

    Args:
        error: The exception.
        limit: How many frames of each traceback are shown at most, the innermost; None
            for all.
    """
    whole = traceback.TracebackException(
        type(error), error, traceback_of(error), compact=True
    )
    todo, seen = [whole], 0
    while todo and seen < _MOST_CAUSES:
        part = todo.pop()
        seen += 1
        part.stack = _folded(part.stack, limit)
        todo += [one for one in (part.__cause__, part.__context__) if one is not None]
        todo += part.exceptions or ()
    return "".join(whole.format()).rstrip("\n")


def _folded(
    stack: Iterable[traceback.FrameSummary], limit: int | None
) -> traceback.StackSummary:
    found: list[traceback.FrameSummary] = []
    folded = 0
    for frame in stack:
        if frame.filename.startswith(_MACHINERY) or frame.filename.startswith(_IMPORT):
            folded += 1
            continue
        if folded:
            found.append(_mark(folded))
            folded = 0
        found.append(frame)
    if folded:
        found.append(_mark(folded))
    if limit is not None:
        found = found[-limit:]
    return _Folded(found)


def _mark(many: int) -> traceback.FrameSummary:
    return traceback.FrameSummary(_FOLD, 0, str(many), lookup_line=False, line="")
