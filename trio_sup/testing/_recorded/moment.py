"""One thing that happened on a node: what it was, and the fault that brings it about."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from trio_sup.testing.faults import Fault

FINE: Final = 4
"""Digits of times: a tenth of a millisecond."""


@frozen
class Moment:
    """One thing that happened on the node, and was no work of its supervisors."""

    at: float
    """Seconds since the recording began."""
    path: str
    """Whom it happened to; empty for the whole tree."""
    what: str
    """It in words."""
    fault: Fault | None = None
    """What brings it about; its `at` is that of the recording."""
    why: str = ""
    """Why there is none."""
    kind: str = ""
    """The event, where a child's end may come by itself in the test, too."""
    error: str = ""
    """The full name of the exception's class."""
    into: float | None = None
    """Seconds from the beginning of its life, if the recording saw that."""

    def __str__(self) -> str:
        return f"{self.at:9.3f}  {self.what}"
