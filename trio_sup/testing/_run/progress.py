"""A progress bar for long searches: one line of text, where a terminal shows it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO, TypeAlias

Progress: TypeAlias = Callable[[int, int], object]
"""Called with how many runs are done, and how many there are."""

WIDTH = 30


class ProgressBar:
    """Draws how much is done, and how long the rest will take.

    Args:
        stream: Where to draw; by default standard error.
        interval: Seconds between two drawings.
    """

    def __init__(self, stream: TextIO | None = None, *, interval: float = 0.1) -> None:
        self._stream = stream or sys.stderr
        self._interval = interval
        self._began = time.monotonic()
        self._drawn = -interval

    def __call__(self, done: int, of: int) -> None:
        """Draw, if the last drawing is old enough or this is the last one."""
        passed = time.monotonic() - self._began
        if done < of and passed - self._drawn < self._interval:
            return
        self._drawn = passed
        filled = WIDTH * done // of
        bar = "#" * filled + "." * (WIDTH - filled)
        rest = passed / done * (of - done)
        text = f"\r[{bar}] {done}/{of} runs, {rest:.0f} s left "
        self._stream.write(text + ("\n" if done == of else ""))
        self._stream.flush()


def chosen(progress: Progress | bool | None) -> Progress | None:
    """Return whom to tell: a bar by default, if somebody can see it."""
    if progress is None:
        progress = sys.stderr.isatty()
    if isinstance(progress, bool):
        return ProgressBar() if progress else None
    return progress
