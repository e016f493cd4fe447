"""The method: paired rounds, processor time, medians of ratios.

All variants of one table run in one process, in an order that is shuffled anew each
round, after one round of warm-up. A ratio is taken inside each round, against the
floor measured in the same round; the median of these is what is quoted, with the
lowest and the highest. Machines that are shared drift by a factor of two; paired
ratios move by a few per cent.
"""

from __future__ import annotations

import gc
import importlib.util
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from attrs import evolve, frozen

from bench.lap import Clock, Lap
from bench.report import LeftOut, Row, Say

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
    own: bool = False
    """Whether it is this library."""
    needs: str = ""
    """What has to be installed for it."""


@frozen
class Table:
    """Ways of doing the same work; the first of them is the floor."""

    name: str
    what: str
    variants: tuple[Variant, ...]

    def named(self, name: str) -> Variant:
        """Return the variant of this name."""
        return next(variant for variant in self.variants if variant.name == name)


def measure(
    table: Table,
    rounds: int,
    scale: float,
    instructions: Mapping[str, float],
    say: Say,
) -> list[Row | LeftOut]:
    """Measure what can be measured here.

    Args:
        table: What is compared.
        rounds: How many are measured, after one that warms up.
        scale: By how much less than usual is done in a round.
        instructions: What was counted of the variants, by their names.
        say: Hears how far it is.
    """
    left_out: list[LeftOut] = []
    there: list[Variant] = []
    for variant in table.variants:
        if not variant.needs or importlib.util.find_spec(variant.needs) is not None:
            there.append(evolve(variant, n=max(100, int(variant.n * scale))))
        else:
            left_out.append(LeftOut(variant.name, f"{variant.needs} is not installed"))
    times: dict[str, list[tuple[float, float]]] = {v.name: [] for v in there}
    order = list(there)
    for turn in range(rounds + 1):
        say(f"{table.name}: " + (f"round {turn} of {rounds}" if turn else "warm-up"))
        random.shuffle(order)
        for variant in order:
            gc.collect()
            clock = Clock()
            variant.run(variant.n, clock)
            if turn:
                spent = (clock.processor, clock.wall)
                times[variant.name].append(
                    (spent[0] / variant.n * 1e6, spent[1] / variant.n * 1e6)
                )
    say("")
    floor = there[0].name
    rows = [_row(v, times[v.name], times[floor]) for v in there]
    return [_counted(row, instructions, floor) for row in rows] + left_out


def _row(
    variant: Variant,
    own: Sequence[tuple[float, float]],
    floor: Sequence[tuple[float, float]],
) -> Row:
    ratios = sorted(
        mine[0] / theirs[0] for mine, theirs in zip(own, floor, strict=True)
    )
    return Row(
        variant.name,
        variant.own,
        statistics.median(processor for processor, _ in own),
        statistics.median(wall for _, wall in own),
        statistics.median(ratios),
        ratios[0],
        ratios[-1],
        must=variant.must,
        goal=variant.goal,
    )


def _counted(row: Row, instructions: Mapping[str, float], floor: str) -> Row:
    found = instructions.get(row.name)
    if found is None:
        return row
    return evolve(
        row, instructions=found, instruction_ratio=found / instructions[floor]
    )
