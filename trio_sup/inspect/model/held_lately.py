"""That the loop was held in the last minute, and by whom, as far as is known. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, field

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire import Heartbeat
    from trio_sup.inspect.protocol.wire_details import Hold, Holds

HELD: Final = 0.1
"""Seconds of loop lag."""
LATELY: Final = 60.0
"""Seconds for which something counts as lately."""
BEFORE: Final = 2.5
"""Seconds by which a hold may have ended before the heartbeat that tells of the lag."""
ALIKE: Final = 0.5
"""The share of the lag that a hold has to explain."""


@define
class HeldLately:
    """The heartbeats of the last minute that said the loop was held."""

    _held: deque[tuple[float, float]] = field(
        factory=lambda: deque["tuple[float, float]"](maxlen=64)
    )

    def words(self, beat: Heartbeat | None, holds: Holds | None, now: float) -> str:
        """The worst of the last minute, so that it does not come and go.

        Args:
            beat: The node's last heartbeat.
            holds: What the node has told of who held its loop.
            now: The node's clock.

        Returns:
            Nothing if it was not held.
        """
        held = self._held
        if beat is not None and beat.lag >= HELD and (beat.at, beat.lag) not in held:
            held.append((beat.at, beat.lag))
        while held and now - held[0][0] > LATELY:
            held.popleft()
        if not held:
            return ""
        at, lag = max(held, key=lambda each: each[1])
        text = f"was held for {lag * 1000:.0f} ms"
        hold = _behind(at, lag, holds)
        text += f" {_by(hold)}" if hold is not None else ""
        text += f", {max(0.0, now - at):.0f} s ago"
        if len(held) > 1:
            text += f", the worst of {len(held)} times in a minute"
        if hold is None and holds is not None and holds.holds:
            # A node keeps the worst few of an hour: this one need not be among them.
            worst = holds.holds[0]
            text += f"; {worst.seconds * 1000:.0f} ms in this hour were {_by(worst)}"
        return text


def _by(hold: Hold) -> str:
    where = f" at {hold.where}" if hold.where else ""
    return f"by {hold.name or 'something'}{where}"


def _behind(at: float, lag: float, holds: Holds | None) -> Hold | None:
    """What made the loop late, if the node has told it."""
    found = [
        hold
        for hold in ([] if holds is None else holds.holds)
        if at - BEFORE <= hold.at <= at and hold.seconds >= ALIKE * lag
    ]
    return max(found, key=lambda hold: hold.seconds, default=None)
