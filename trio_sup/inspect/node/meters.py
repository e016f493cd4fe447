"""What happened in the last second, in two numbers each. Pure; `now` is passed in."""

from __future__ import annotations

import math


class Spent:
    """Adds up; tells the sum of the last whole second."""

    def __init__(self) -> None:
        self._second: float = -math.inf
        self._sum = 0.0
        self._before = 0.0

    def add(self, amount: float, now: float) -> None:
        """Count `amount` at `now`."""
        self._turn(now)
        self._sum += amount

    def last(self, now: float) -> float:
        """The sum of the second before this one."""
        self._turn(now)
        return self._before

    def _turn(self, now: float) -> None:
        second = math.floor(now)
        if second != self._second:
            self._before = self._sum if second == self._second + 1 else 0.0
            self._second, self._sum = second, 0.0


class Worst:
    """Keeps the largest value of this second and of the one before."""

    def __init__(self) -> None:
        self._second: float = -math.inf
        self._max = 0.0
        self._before = 0.0

    def note(self, value: float, now: float) -> None:
        """Take a value into account at `now`."""
        self._turn(now)
        self._max = max(self._max, value)

    def last(self, now: float) -> float:
        """The largest value since the second before this one began."""
        self._turn(now)
        return max(self._max, self._before)

    def _turn(self, now: float) -> None:
        second = math.floor(now)
        if second != self._second:
            self._before = self._max if second == self._second + 1 else 0.0
            self._second, self._max = second, 0.0
