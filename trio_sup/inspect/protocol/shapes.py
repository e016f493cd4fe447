"""The quick way past the checks of `checked`, for records that come by the thousand.

Nearly all rows of a tree have the same few shapes: the same types in the same columns.
Of a record whose shape was checked before, column by column, it is enough to look at
all strings together, and at the least and the largest of the numbers.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Pick = Callable[[Any], tuple[Any, ...]]

MAX_TEXT: Final = 1_000
"""Characters of a line: a node sends at most 500."""
MAX_WHOLE: Final = 2**53
"""The largest count: larger ones are brought down to it."""
MAX_SECONDS: Final = 1e10
"""Some 317 years: the longest duration, and how far clocks may be from their zero.
Sums of three of these are still dates that Python knows."""
MAX_SHAPES: Final = 64
"""Shapes of one record that are remembered."""


@frozen
class Shape:
    """Which columns hold what."""

    strings: Pick
    numbers: tuple[tuple[float, float, Pick], ...]
    """The least and the largest that columns may hold, and which ones."""

    def fits(self, columns: list[object]) -> bool:
        """Whether each column is as it may be; False says only: look closely."""
        text = "".join(self.strings(columns))
        if len(text) > MAX_TEXT or not (text.isascii() and text.isprintable()):
            return False
        for least, most, pick in self.numbers:
            found = pick(columns)
            if min(found) < least or max(found) > most:
                return False
        return True


def shape_of(kinds: Sequence[type], least: Sequence[float]) -> Shape:
    """The shape of records with these types.

    Args:
        kinds: The type of each column.
        least: The least number that each column may hold.
    """
    groups: dict[tuple[float, float], list[int]] = {}
    for at, kind in enumerate(kinds):
        if kind in (int, float):
            most = MAX_WHOLE if kind is int else MAX_SECONDS
            groups.setdefault((least[at], most), []).append(at)
    strings = [at for at, kind in enumerate(kinds) if kind is str]
    return Shape(
        _pick(strings), tuple((*ends, _pick(at)) for ends, at in groups.items())
    )


def _pick(columns: list[int]) -> Pick:
    if not columns:
        return lambda values: ()
    # Of a single column `itemgetter` gives the value itself, no tuple.
    return itemgetter(*columns) if len(columns) > 1 else lambda v: (v[columns[0]],)
