"""The restart window: how many restarts, in how many seconds."""

from __future__ import annotations

import math


class RestartWindow:
    """Counts restarts against ``max_restarts`` in ``max_seconds``.

    A former restart counts while ``now - then <= max_seconds`` (inclusive, exact
    time: checklist SUP-070..072; OTP compares whole seconds). Recording is O(1):
    only the last ``max_restarts`` times matter, kept as a ring.
    """

    __slots__ = ("_ring", "_slot", "max_restarts", "max_seconds")

    def __init__(self, max_restarts: int, max_seconds: float) -> None:
        self.max_restarts = max_restarts
        self.max_seconds = max_seconds
        # Invariant: holds the times of the last `max_restarts` accepted restarts,
        # the oldest at `_slot` once the ring is full. Grown on demand, so that a
        # large limit costs nothing until it is used.
        self._ring: list[float] = []
        self._slot = 0

    def admit(self, now: float) -> bool:
        """Record a restart at `now`; False means that it is one too many."""
        limit = self.max_restarts
        if limit == 0:
            return False
        ring = self._ring
        if len(ring) < limit:
            ring.append(now)
            return True
        slot = self._slot
        if now - ring[slot] <= self.max_seconds:
            return False
        ring[slot] = now
        self._slot = slot + 1 if slot + 1 < limit else 0
        return True

    def used(self, now: float) -> int:
        """How many recorded restarts still count at `now`."""
        return sum(1 for then in self._ring if now - then <= self.max_seconds)

    def frees_at(self, now: float) -> float:
        """When the oldest restart that still counts leaves the window."""
        live = [then for then in self._ring if now - then <= self.max_seconds]
        return min(live) + self.max_seconds if live else -math.inf

    def clear(self) -> None:
        """Forget all restarts."""
        self._ring.clear()
        self._slot = 0
