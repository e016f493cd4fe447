"""What the step of a task touches, collected while it runs.

Of Trio's own objects (events, locks, channels, nurseries, scopes) each is known by
itself; of the user's code, lines say what they may touch (`lines`); what the library
does counts as one thing, which all that uses it touches.
"""

from __future__ import annotations

import builtins
import collections
from collections.abc import Hashable
from typing import Any, Final

from trio_sup.testing._orders.dpor import Footprint, Name
from trio_sup.testing._orders.lines import ITEMS, Key

LIBRARY: Final[Key] = ("trio_sup", None)
OUTPUT: Final[Key] = ("output", None)

# What Trio needs for itself: nobody sees in which order it was used.
_NOBODYS = frozenset(
    (
        "Deadlines",
        "EntryQueue",
        "EpollIOManager",
        "Instruments",
        "KqueueIOManager",
        "MockClock",
        "Runner",
        "SystemClock",
        "WakeupSocketpair",
        "WindowsIOManager",
        "_Steps",
    )
)
# Methods of Trio's objects after which these are as they were, or of which it does not
# matter which is first: two that wait for an event, two that start a task.
_READERS = frozenset(
    (
        "__bool__",
        "__len__",
        "__repr__",
        "_check_nursery_closed",
        "borrowed_tokens",
        "cancel_called",
        "cancelled_caught",
        "child_tasks",
        "current_effective_deadline",
        "is_set",
        "locked",
        "parent_task",
        "start_soon",
        "statistics",
        "value",
        "wait",
    )
)
_READ_BY = frozenset(
    # A table of words.
    """
    abs all any ascii bin bool callable chr count copy difference dir divmod
    endswith enumerate filter find format get getattr hasattr hash hex id index
    intersection isdisjoint isinstance issubclass issubset issuperset items iter
    join keys len map max min oct ord pow range repr reversed round sorted split
    startswith strip sum symmetric_difference type union values vars zip
    """.split()  # noqa: SIM905
)
_PLAIN = (dict, list, set, collections.deque)
"""Of other types it is not known what their methods do, whatever they are called."""
_NEVER_CHANGE = (str, bytes, int, float, complex, tuple, frozenset, type, type(None))


class Touched:
    """Collects what the present step touches."""

    def __init__(self) -> None:
        self.counts = False
        """Whether a step goes on: between steps nothing counts."""
        self._reads: set[Hashable] = set()
        self._writes: set[Hashable] = set()
        # The objects of Trio that were made in this run, by identity; they are kept,
        # so that no other gets the same.
        self._made: dict[int, tuple[Hashable, object]] = {}
        self._of: Hashable = None
        self._number = 0

    def begin(self) -> None:
        """A run begins."""
        self.counts = False
        self._made.clear()

    def name(self, task: object, name: Name) -> None:
        """Tell what a task is called in all runs."""
        self._made[id(task)] = (name, task)

    def start(self, task: Name, number: int) -> None:
        """A task is about to take its step of this number."""
        self._reads.clear()
        self._writes.clear()
        self._writes.add(task)  # who cancels it writes this, too
        self._of, self._number = (task, number), 0
        self.counts = True

    def stop(self) -> Footprint:
        """The step is over; return what it touched."""
        self.counts = False
        return Footprint(frozenset(self._reads), frozenset(self._writes))

    # What it meets.

    def library(self) -> None:
        """The library does something."""
        self._writes.add(LIBRARY)

    def line(self, touched: Footprint) -> None:
        """A line of the user's code runs."""
        self._reads |= touched.reads
        self._writes |= touched.writes

    def call_of_c(self, name: str, owner: object) -> None:
        """The user's code calls a function that is not written in Python.

        Args:
            name: Its name.
            owner: The object that it is a method of; for other functions a module.
        """
        if name == "print":
            self._writes.add(OUTPUT)
        reads = name in _READ_BY and (owner is builtins or isinstance(owner, _PLAIN))
        if reads or isinstance(owner, _NEVER_CHANGE):
            self._reads.add(ITEMS)
        else:
            self._writes.add(ITEMS)

    def trio(self, method: str, given: Any) -> None:
        """A method of an object of Trio is called.

        Args:
            method: Its name.
            given: Its arguments by their names, ``self`` among them.
        """
        owner = given.get("self")
        kind = type(owner).__name__
        if owner is None or kind in _NOBODYS:
            return
        if method == "__init__":
            self._number += 1
            self._made[id(owner)] = ((self._of, self._number), owner)
            return
        key = self._key(owner)
        if method == "_child_finished":
            reads = type(given.get("outcome")).__name__ == "Value"
        else:
            reads = method in _READERS
        (self._reads if reads else self._writes).add(key)
        if kind == "Nursery" and method == "start_soon":
            # A task that is started is cancelled if its nursery is.
            self._reads.add(self._key(getattr(owner, "_cancel_status", owner)))

    def _key(self, owner: object) -> Hashable:
        owner = getattr(owner, "_state", owner)  # both ends of a channel
        found = self._made.get(id(owner))
        if found is None:  # it was there before the run
            found = self._made[id(owner)] = (("old", id(owner)), owner)
        return found[0]
