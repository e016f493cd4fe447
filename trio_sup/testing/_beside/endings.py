"""Lives: under what they run, how they are asked to end, and how long they may take."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define
from trio.lowlevel import currently_ki_protected

from trio_sup.testing._beside import laws

if TYPE_CHECKING:
    from trio_sup._children.record import Record

ROUNDING = 1e-6
"""Seconds."""


@define(eq=False)
class Life:
    """One life that runs."""

    number: int
    until: float = math.inf
    """When its grace is over at the latest, as far as that was seen."""


class EndingsModel:
    """All lives of one run that are no supervisor's.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self.broken = broken
        self._lives: dict[Record, Life] = {}

    def begins(self, record: Record) -> None:
        """A life begins to run, as its own task."""
        self._lives[record] = Life(record.life)
        if record.scope is not None and not record.scope.shield:
            words = "a cancellation from outside reaches it past its supervisor"
            self.broken(laws.SHIELDED, record.path_text, words)

    def over(self, record: Record) -> None:
        """It runs no more."""
        self._lives.pop(record, None)

    def inside(self, record: Record, what: str) -> None:
        """The library is at work: Ctrl-C must wait until it is done."""
        if not currently_ki_protected():
            words = f"Ctrl-C could come while {what}"
            self.broken(laws.PROTECTED, record.path_text, words)

    def settled(self) -> None:
        """Nothing more happens by itself."""
        for record, life in self._lives.items():
            if not record.alive or record.life != life.number:
                continue
            until = record.ending.deadline
            if until > life.until + ROUNDING:
                words = f"its grace was over at {life.until:g}, and is now at {until:g}"
                self.broken(laws.GRACE, record.path_text, words)
            life.until = min(life.until, until)
            event = record.stop_event
            if event is not None and record.asked is not None and not event.is_set():
                words = "it was asked to end, and waits to hear of that"
                self.broken(laws.GRACEFUL, record.path_text, words)
