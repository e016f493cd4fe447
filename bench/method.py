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
from collections.abc import Awaitable, Callable, Sequence

import trio
from attrs import frozen

Body = Callable[[int], Awaitable[float]]
"""Does the work n times and returns the thread seconds that it took."""


@frozen
class Variant:
    """One way of doing a piece of work."""

    name: str
    run: Body
    n: int
    """How often the work is done in one round."""
    target: float | None = None
    """The ratio to the base that is aimed at, if one is."""


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
            seconds = trio.run(variant.run, variant.n)
            if turn:  # the first round warms up
                times[variant.name].append(seconds / variant.n * 1e6)
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
        variant.target,
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
