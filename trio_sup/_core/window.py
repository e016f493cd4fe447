"""The restart window: how many restarts, in how many seconds."""

from __future__ import annotations

import math
from collections import deque


class RestartWindow:
    """Counts restarts against ``max_restarts`` in ``max_seconds``.

    A former restart counts while ``now - then <= max_seconds`` (inclusive, exact
    time: checklist SUP-070..072; OTP compares whole seconds). Recording costs O(1)
    over time, whatever the limit, and only what is inside the window is kept.
    """

    __slots__ = ("_times", "max_restarts", "max_seconds")

    def __init__(self, max_restarts: int, max_seconds: float) -> None:
        self.max_restarts: int = max_restarts
        self.max_seconds: float = max_seconds
        # Invariant: the accepted restarts that may still count, oldest first. None
        # before the first, since an empty deque is larger than all else here.
        self._times: deque[float] | None = None

    def admit(self, now: float) -> bool:
        """Record a restart at `now`; False means that it is one too many."""
        times = self._times
        if times is None:
            times = self._times = deque()
        while times and now - times[0] > self.max_seconds:
            times.popleft()
        if len(times) >= self.max_restarts:
            return False
        times.append(now)
        return True

    def resize(self, max_restarts: int, max_seconds: float) -> None:
        """Count against another limit; what is recorded stays so (SUP-150)."""
        self.max_restarts = max_restarts
        self.max_seconds = max_seconds

    def used(self, now: float) -> int:
        """How many recorded restarts still count at `now`."""
        return sum(1 for then in self._times or () if now - then <= self.max_seconds)

    def frees_at(self, now: float) -> float:
        """When the oldest restart that still counts leaves the window.

        Returns:
            A time; minus infinity if no restart counts.
        """
        for then in self._times or ():
            if now - then <= self.max_seconds:
                return then + self.max_seconds
        return -math.inf

    def clear(self) -> None:
        """Forget all restarts."""
        self._times = None
