"""When the last fault hit, and whether what it does still goes on."""

from __future__ import annotations

from attrs import define


@define
class Disturbance:
    """What demands count their time from.

    Most faults are over in the moment in which they hit. A slow child is slow for a
    while, a deaf one is deaf for a while: until then nobody can ask the tree to be in
    order again.
    """

    last: float = 0.0
    """Virtual time at which the last of it was over."""
    number: int = 0
    """Grows with each: who has begun to judge before one judges nothing."""
    going: int = 0
    """How many faults are still at work."""

    def hit(self, now: float) -> None:
        """A fault took place."""
        self.last = now
        self.number += 1

    def begin(self, now: float) -> None:
        """A fault begins to be felt."""
        self.hit(now)
        self.going += 1

    def end(self, now: float) -> None:
        """It is felt no more."""
        self.hit(now)
        self.going -= 1
