"""How far it is, on stderr: a line that is rewritten, or one every so often."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from typing import TextIO

ON_A_TERMINAL = 0.5
"""Seconds between two states of the line on a terminal."""
INTO_A_PIPE = 10.0
"""Seconds between two lines into a pipe or a file."""


class Progress:
    """Counts guests who have been greeted, and tells now and then.

    Args:
        whole: How many there will be.
        out: Where to tell it; by default nowhere.
        clock: Tells seconds.
    """

    def __init__(
        self,
        whole: int,
        out: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.whole = whole
        self.greeted = 0
        self._out = out or io.StringIO()
        self._rewritten = self._out.isatty() and os.environ.get("TERM") != "dumb"
        self._pause = ON_A_TERMINAL if self._rewritten else INTO_A_PIPE
        self._clock = clock
        self._began = clock()
        self._due = self._began + self._pause

    def one_more(self) -> None:
        """One more guest has been greeted."""
        self.greeted += 1
        now = self._clock()
        if now >= self._due:
            self._due = now + self._pause
            self._tell(str(self))

    def end(self) -> None:
        """Make room for what comes after: nothing stays of a line that is rewritten."""
        if self._rewritten:
            self._tell("")

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._clock() - self._began

    @property
    def rate(self) -> float:
        """Guests in a second."""
        return self.greeted / max(self.seconds, 0.001)

    def __str__(self) -> str:
        left = (self.whole - self.greeted) / self.rate if self.greeted else 0.0
        return (
            f"{self.greeted} of {self.whole} guests, "
            f"{self.rate:.0f} a second, {_in_words(left)} left"
        )

    def _tell(self, text: str) -> None:
        line = f"\r\x1b[K{text}" if self._rewritten else f"{text}\n"
        self._out.write(line)
        self._out.flush()


def _in_words(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
