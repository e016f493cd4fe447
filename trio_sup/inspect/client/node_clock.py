"""The node's clock as a client knows it, and how long nothing was heard. Pure."""

from __future__ import annotations


class NodeClock:
    """Goes on by itself between two words of the node."""

    def __init__(self) -> None:
        self._heard = 0.0
        self._said: tuple[float, float] | None = None

    def hear(self, now: float) -> None:
        """The node was heard, whatever it said; or there is a new connection."""
        self._heard = now

    def silence(self, now: float) -> float:
        """Seconds since the node was last heard."""
        return max(0.0, now - self._heard)

    def tell(self, at: float, now: float) -> None:
        """The node said what time it has."""
        self._said = (at, now)

    def reset(self) -> None:
        """Forget what it said: another story begins."""
        self._said = None

    def time(self, now: float | None, *, live: bool) -> float | None:
        """The node's time, None before it said any.

        Args:
            now: The client's own clock; None for when the node was heard last.
            live: Else it stands still at what was heard last, so that durations
                shown of a dead node do not grow.
        """
        if self._said is None:
            return None
        at, heard = self._said
        if now is None:
            now = self._heard
        elif not live:
            now = min(now, self._heard)
        return at + max(0.0, now - heard)
