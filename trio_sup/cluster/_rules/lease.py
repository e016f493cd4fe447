"""Until when a node may act: what it knows of its own lease, by its own clock.

The engine counts the lease from when the request reached it, the node from when it sent
it, and less: so the node is through first, as long as the two clocks run at the same rate
within five per cent.
"""

from __future__ import annotations

import math
from typing import Final

from attrs import define

MARGIN: Final = 0.95
"""How much of a lease a node uses."""

BEATS: Final = 3
"""How many heartbeats there are in one lease."""

LATER: Final = 1000
"""Which part of a lease after the end of another one it is surely over."""

RETRIES: Final = 30
"""How many more are tried in it when the engine does not answer."""


@define
class Lease:
    """The lease of one incarnation of a node."""

    ttl: float
    deadline: float = -math.inf
    """From then on nothing that hangs on it may run."""
    over: bool = False
    """Whether the end was noticed; it never begins again."""

    def renewed(self, sent: float) -> None:
        """The engine has granted what was asked for at `sent`."""
        if not self.over:
            self.deadline = max(self.deadline, sent + MARGIN * self.ttl)

    def valid(self, now: float) -> bool:
        """Whether the node may act."""
        return not self.over and now < self.deadline

    def expired(self, now: float) -> bool:
        """Whether its end has come and nobody has noticed yet."""
        return not self.over and now >= self.deadline

    def end(self) -> bool:
        """Note the end; return whether that is new."""
        new, self.over = not self.over, True
        return new

    def next_beat(
        self, sent: float, *, answered: bool, other_ends: float = math.inf
    ) -> float:
        """Return when to renew it after a heartbeat that was sent at `sent`.

        Args:
            sent: When it was sent.
            answered: Whether an answer came.
            other_ends: When the next lease of another node ends if it is not renewed:
                then is the time to look whether that one is gone.
        """
        due = sent + self.ttl / (BEATS if answered else RETRIES)
        return min(due, max(sent, other_ends) + self.ttl / LATER)

    @property
    def tolerance(self) -> float:
        """How late a heartbeat may be before that is worth a word."""
        return self.ttl / 10

    @property
    def patience(self) -> float:
        """How many seconds to wait for an answer of the engine."""
        return self.ttl / BEATS
