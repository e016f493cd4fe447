"""What a run can be blamed for, and which faults hit."""

from __future__ import annotations

from attrs import field, frozen

from trio_sup.testing.faults import Fault


@frozen
class Problem:
    """Something that must not be."""

    at: float
    invariant: str
    what: str
    place: int = field(default=0, repr=False, eq=False)
    """How many events there had been."""

    def __str__(self) -> str:
        return f"t={self.at:g}  {self.invariant}: {self.what}"


@frozen
class Hit:
    """A fault that happened, or was missed because its child did not live."""

    at: float
    fault: Fault
    missed: bool = False
    place: int = field(default=0, repr=False, eq=False)
    """How many events there had been."""
