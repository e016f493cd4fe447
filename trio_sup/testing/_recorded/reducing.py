"""Makes a long script that breaks a tree short, by halves and quarters.

After Zeller and Hildebrandt's ddmin. A recording may hold hundreds of faults of which
two matter; leaving out one at a time would take as many runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from trio_sup.testing.faults import Fault

MOST_RUNS: Final = 300
"""Runs that are spent on it."""


def reduced(
    script: Sequence[Fault], until: float, fails: Callable[[list[Fault]], bool]
) -> list[Fault]:
    """Return a part of a failing script that fails, too.

    Args:
        script: In order of time.
        until: When the first thing was wrong: what comes later matters hardly ever.
        fails: Runs a script; whether it fails. It is asked `MOST_RUNS` times at most.
    """
    left = MOST_RUNS - 1
    kept = list(script)
    early = [fault for fault in kept if fault.at is None or fault.at <= until]
    if len(early) < len(kept) and fails(early):
        kept = early
    pieces = 2
    while len(kept) > 1 and left > 0:
        size = -(-len(kept) // pieces)
        # The earliest first: what broke the tree stands at the end, mostly.
        for start in range(0, len(kept), size):
            candidate = [*kept[:start], *kept[start + size :]]
            left -= 1
            if candidate and fails(candidate):
                kept, pieces = candidate, max(pieces - 1, 2)
                break
            if left == 0:
                return kept
        else:
            if pieces >= len(kept):
                break
            pieces = min(2 * pieces, len(kept))
    return kept
