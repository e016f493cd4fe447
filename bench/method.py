"""The method: paired rounds, thread time, medians of ratios.

All variants of one table run in one process, in an order that is shuffled anew each
round, after one round of warm-up. A ratio is taken inside each round, against the
base measured in the same round; the median of these is what is quoted. Machines that
are shared drift by a factor of two; paired ratios move by a few per cent.
"""

from __future__ import annotations

import gc
import random
import statistics
from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import frozen

from bench.lap import Clock, Lap

Run: TypeAlias = Callable[[int, Lap], None]
"""Does the work so many times, and says which of it counts."""


@frozen
class Variant:
    """One way of doing a piece of work."""

    name: str
    run: Run
    n: int
    """How often the work is done in one round."""
    counted: int = 0
    """How often it is done to count its instructions; 0 for never."""
    must: float | None = None
    """Of the floor's instructions it takes at most so many times as many."""
    goal: float | None = None
    """And it shall take no more than so many."""


@frozen
class Table:
    """Ways of doing the same work; the first of them is the floor."""

    name: str
    what: str
    variants: tuple[Variant, ...]

    def named(self, name: str) -> Variant:
        """Return the variant of this name."""
        return next(variant for variant in self.variants if variant.name == name)


@frozen
class Row:
    """What was measured of one variant."""

    name: str
    microseconds: float
    """The median over the rounds, for doing the work once."""
    ratio: float
    """The median of the ratios to the base of the same round."""
    low: float
    high: float
    target: float | None


def measure(variants: Sequence[Variant], rounds: int) -> list[Row]:
    """Measure variants against the first of them, the base."""
    times: dict[str, list[float]] = {v.name: [] for v in variants}
    order = list(variants)
    for turn in range(rounds + 1):
        random.shuffle(order)
        for variant in order:
            gc.collect()
            clock = Clock()
            variant.run(variant.n, clock)
            if turn:  # the first round warms up
                times[variant.name].append(clock.processor / variant.n * 1e6)
    base = times[variants[0].name]
    return [_row(v, times[v.name], base) for v in variants]


def _row(variant: Variant, own: list[float], base: list[float]) -> Row:
    ratios = sorted(mine / theirs for mine, theirs in zip(own, base, strict=True))
    return Row(
        variant.name,
        statistics.median(own),
        statistics.median(ratios),
        ratios[0],
        ratios[-1],
        variant.must,
    )


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print one table."""
    print(f"\n{title}")
    print(
        f"  {'variant':<44} {'us':>8} {'ratio':>7} {'min':>7} {'max':>7} {'target':>7}"
    )
    for row in rows:
        target = "" if row.target is None else f"{row.target:.2f}"
        print(
            f"  {row.name:<44} {row.microseconds:>8.2f} {row.ratio:>7.2f} "
            f"{row.low:>7.2f} {row.high:>7.2f} {target:>7}"
        )
