"""Messages in line from which some are taken out before their turn, at no search.

Two policies of a mailbox need that: ``drop_oldest``, for the oldest cast or send, and
``on_crash="keep"``, for what belonged to the life that ended.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from trio_sup._servers.messages import CastNote, InfoNote, Item
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    Line: TypeAlias = deque[tuple[int, Item]]
    Wanted: TypeAlias = Callable[[Item], bool]

# What counts against the capacity. A tuple: a union would be made anew each time.
BOUNDED = (CastNote, InfoNote)


@protected
class Shelf:
    """Messages in two lines, casts and sends apart; their numbers tell the order.

    Takes the place of the list `Queue.batch` and is read as that is: backwards.
    """

    __slots__ = ("_first", "_next", "_notes", "_others")

    def __init__(self, items: Iterable[Item]) -> None:
        self._notes: Line = deque()
        self._others: Line = deque()
        # The numbers for what comes before and behind all that is here.
        self._first = -1
        self._next = 0
        self.extend(items)

    def extend(self, items: Iterable[Item]) -> None:
        """Add messages behind all others."""
        for item in items:
            self._line_of(item).append((self._next, item))
            self._next += 1

    def append(self, item: Item) -> None:
        """Add a message that comes before all others."""
        self._line_of(item).appendleft((self._first, item))
        self._first -= 1

    def _line_of(self, item: Item) -> Line:
        return self._notes if isinstance(item, BOUNDED) else self._others

    def __len__(self) -> int:
        return len(self._notes) + len(self._others)

    def __reversed__(self) -> Iterator[Item]:
        return (item for _, item in heapq.merge(self._notes, self._others))

    def __iter__(self) -> Iterator[Item]:
        lines = reversed(self._notes), reversed(self._others)
        return (item for _, item in heapq.merge(*lines, reverse=True))

    def pop(self) -> Item:
        """Take the message whose turn it is."""
        notes, others = self._notes, self._others
        if not notes or (others and others[0][0] < notes[0][0]):
            notes = others
        return notes.popleft()[1]

    def drop_oldest(self) -> Item:
        """Take the oldest cast or send."""
        return self._notes.popleft()[1]

    def sift(self, known: Item | None, wanted: Wanted) -> tuple[int, bool]:
        """As the function `sift`, newest first."""
        kept: list[tuple[int, Item]] = []
        gone, found = 0, False
        notes, others = self._notes, self._others
        while not found and self:
            in_notes = notes and (not others or notes[-1][0] > others[-1][0])
            line = notes if in_notes else others
            if line[-1][1] is known:
                found = True
                continue
            entry = line.pop()
            if wanted(entry[1]):
                kept.append(entry)
            else:
                gone += isinstance(entry[1], BOUNDED)
        for number, item in reversed(kept):
            self._line_of(item).append((number, item))
        return gone, found


def sift(
    items: list[Item], known: Item | None, wanted: Wanted, *, newest_last: bool
) -> tuple[int, bool]:
    """Take out of a list what is not wanted, as far as that is not known.

    Args:
        items: Some messages in line.
        known: The one up to which, from the oldest on, all are known to be wanted.
        wanted: Tells about one.
        newest_last: Whether the list is in order, else it is reversed.

    Returns:
        How many casts and sends were taken out, and whether `known` was found.
    """
    count, at = 0, len(items)
    for item in reversed(items) if newest_last else items:
        if item is known:
            break
        count += 1
    found = count < at
    new = slice(at - count, at) if newest_last else slice(0, count)
    unknown = items[new]
    kept = [item for item in unknown if wanted(item)]
    if len(kept) < len(unknown):
        items[new] = kept
    bounded = [sum(isinstance(item, BOUNDED) for item in s) for s in (unknown, kept)]
    return bounded[0] - bounded[1], found
