"""Where a task waits, and what a kept exception holds on to."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import trio

from trio_sup._core.anatomy import (
    class_name,
    is_a,
    is_showable,
    leaves,
    traceback_of,
)
from trio_sup._core.exits import PastError, describe_error

SHOWN_LEAVES = 10
"""How many exceptions of a group too deep or too large to be shown are shown."""

TRACEBACK_LIMIT = 16_000


def format_error(error: BaseException) -> str:
    """Format an exception, bounded, whatever it is made of and its `str()` does."""
    if is_a(error, PastError):
        return error.traceback
    text = ""
    if is_showable(error):
        try:
            whole = type(error), error, traceback_of(error)
            text = "".join(traceback.format_exception(*whole))
        except Exception:  # noqa: BLE001 - user code
            text = ""
    if not text:
        text = _format_leaves(error)
    if len(text) <= TRACEBACK_LIMIT:
        return text
    half = TRACEBACK_LIMIT // 2
    return f"{text[:half]}\n… (clipped) …\n{text[-half:]}"


def _format_leaves(error: BaseException) -> str:
    """Format what cannot be shown as a whole: only what is at the bottom of it."""
    lines = [f"(not shown as a whole) {describe_error(error)}\n"]
    for leaf in islice(leaves(error), SHOWN_LEAVES):
        try:
            lines += traceback.format_tb(traceback_of(leaf))
        except Exception as broken:  # noqa: BLE001 - user code, such as a loader's
            lines.append(f"<its frames raised {class_name(broken)}>\n")
        lines.append(describe_error(leaf) + "\n")
    return "".join(lines)


_TRIO = str(Path(trio.__file__).parent)


def await_stack(task: trio.lowlevel.Task) -> str:
    """Format where a task waits, the innermost frame last, without Trio's own."""
    return formatted_stack(task.iter_await_frames())


def stack_of_coroutine(coro: object) -> str:
    """Format where a coroutine waits that is driven by hand, the innermost frame last."""
    frames: list[tuple[FrameType, int]] = []
    waits: Any = coro
    while waits is not None:
        kind = "cr" if hasattr(waits, "cr_frame") else "gi"
        frame: FrameType | None = getattr(waits, f"{kind}_frame", None)
        if frame is None:
            break
        frames.append((frame, frame.f_lineno))
        inner = "cr_await" if kind == "cr" else "gi_yieldfrom"
        waits = getattr(waits, inner)
    return formatted_stack(frames)


def formatted_stack(found: Iterable[tuple[FrameType, int]]) -> str:
    """Format frames with their lines, but for Trio's own at the inner end."""
    frames = list(found)
    while len(frames) > 1 and frames[-1][0].f_code.co_filename.startswith(_TRIO):
        frames.pop()
    return "".join(traceback.StackSummary.extract(iter(frames)).format())
