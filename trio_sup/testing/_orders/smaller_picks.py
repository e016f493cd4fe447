"""Makes the order of a failing run plainer: fewer tasks overtake others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from trio_sup.testing.schedule import shortened

MOST_RUNS = 100
"""Runs that are spent on it."""


def plainest(picks: Sequence[int], fails: Callable[[Sequence[int]], bool]) -> list[int]:
    """Return picks that fail, none of which can be left out.

    Args:
        picks: Those of a run that failed.
        fails: Runs others; whether that fails, too.
    """
    kept = shortened(picks)
    left, tries = MOST_RUNS, _plainer(kept)
    while left > 0:
        candidate = next(tries, None)
        if candidate is None:
            break
        left -= 1
        if fails(candidate):
            kept = candidate
            tries = _plainer(kept)
    return kept


def _plainer(picks: list[int]) -> Iterator[list[int]]:
    if picks:
        yield []
    for size in (len(picks) // 2, len(picks) - 1):
        if 0 < size < len(picks):
            yield shortened(picks[:size])
    for place, pick in enumerate(picks):
        if pick:
            yield shortened([*picks[:place], 0, *picks[place + 1 :]])
