"""Makes the order of a failing run plainer: fewer tasks overtake others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trio_sup.testing.schedule import shortened

MOST_RUNS = 150
"""Runs that are spent on it."""


def plainest(
    picks: Sequence[int],
    fails: Callable[[Sequence[int]], bool],
    most: int = MOST_RUNS,
) -> list[int]:
    """Return picks that fail, none of which can be left out.

    Whole blocks are left out first, from the end on: of the many picks of a long run
    few count.

    Args:
        picks: Those of a run that failed. 0 is the plain one; codes are like that, too.
        fails: Runs others; whether that fails, too.
        most: How often it is asked.
    """
    kept, size, left = shortened(picks), len(picks), most
    while size and left:
        plainer = False
        for place in range(len(kept) - size, -size, -size):
            block = range(max(place, 0), min(place + size, len(kept)))
            if not left or not any(kept[each] for each in block):
                continue
            left -= 1
            tried = [0 if each in block else pick for each, pick in enumerate(kept)]
            if fails(shortened(tried)):
                kept, plainer = shortened(tried), True
        size = size // 2 if size > 1 else int(plainer)
    return kept
