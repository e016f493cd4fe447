"""Ends runs that would never end: trees that spin, or that wait for nothing."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

import trio
from trio.lowlevel import Task

from trio_sup.testing.schedule import Schedule

MAX_ROUNDS = 10_000
"""Rounds of the scheduler without time passing after which a run is called endless."""


class Endless(BaseException):
    """Raised into Trio's scheduler: nothing else ends such a run."""


class Watchdog(Schedule):
    """A schedule that can put an end to its run."""

    def __init__(self, codes: Sequence[int]) -> None:
        super().__init__(codes)
        self.halt: str | None = None
        """Why the run is to be ended at once."""
        self._rounds = 0
        self._since: float = -1.0

    def shuffle(self, batch: list[Task]) -> None:
        """Order a batch, or end the run."""
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            now = trio.current_time()
            if now == self._since:
                self.halt = self.halt or f"no rest in {MAX_ROUNDS} scheduler rounds"
            self._rounds, self._since = 0, now
        if self.halt is not None:
            raise Endless(self.halt)
        super().shuffle(batch)


def sweep() -> None:
    """Collect what an aborted run left: its coroutines complain, to nobody's use."""
    hook, sys.unraisablehook = sys.unraisablehook, _ignore
    try:
        gc.collect()
    finally:
        sys.unraisablehook = hook


def _ignore(_: object) -> None:
    pass
