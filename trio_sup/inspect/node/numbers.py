"""Serial numbers for tasks and nurseries, as long as they live."""

from __future__ import annotations

from weakref import WeakKeyDictionary


class Numbers:
    """Gives each object a number of its own, never the same to two of them."""

    def __init__(self) -> None:
        self._numbers: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._last = 0

    def of(self, thing: object) -> int:
        """The number of a task or nursery."""
        number = self._numbers.get(thing)
        if number is None:
            self._last = number = self._last + 1
            self._numbers[thing] = number
        return number
