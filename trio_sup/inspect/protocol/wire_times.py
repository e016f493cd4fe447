"""The part ``times`` of a child's inside: how long its messages wait and take.

The rules of `wire` hold: fields are only ever added, with a default.
"""

from __future__ import annotations

from attrs import define, field, frozen


@define(slots=True)
class OpTimes:
    """One operation, as an array; seconds, 0 where nothing was measured."""

    op: str
    handled: int
    """Messages whose handler ended, since measuring began; the next six are of them."""
    took_half: float
    """Half of the handlers took no longer."""
    took_most: float
    """99 of a hundred took no longer."""
    took_longest: float
    waited_half: float
    """The same of the time that the messages waited in the mailbox."""
    waited_most: float
    waited_longest: float
    handled_minute: int
    """The same seven of the last minute."""
    took_half_minute: float
    took_most_minute: float
    took_longest_minute: float
    waited_half_minute: float
    waited_most_minute: float
    waited_longest_minute: float


@frozen
class TimesPart:
    """What was measured of a server since somebody asked."""

    at: float
    """The node's clock."""
    since: float
    """When measuring began: at the first request; it ends with the last client."""
    busy: float
    """The share of that time for which its tasks kept the loop busy, 0 to 1."""
    busy_minute: float
    """The same of the last minute."""
    ops: list[OpTimes] = field(factory=list[OpTimes])
    """The operation with the most messages first."""
