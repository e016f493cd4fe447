"""Scenarios from a seed: very many in a short time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import TypeVar

from tests.proof.supervisors.drawn.grammar import Maker
from tests.proof.supervisors.scenario import Scenario

T = TypeVar("T")


def scenario_for(seed: int) -> Scenario:
    """Make the scenario that belongs to a seed; Hypothesis is not needed.

    It is of the same kind as those of `scenarios`, and made some fifty times faster.
    The same seed gives the same scenario as long as the grammar is the same.

    Args:
        seed: Any whole number.
    """
    return Maker(_SeededDraws(seed)).scenario()


class _SeededDraws:
    """Pseudo-random choices, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def below(self, bound: int) -> int:
        return int(self._random() * bound)

    def times(self, low: int, high: int) -> Iterable[int]:
        return range(low + self.below(high - low + 1))

    def part(self, make: Callable[[], T]) -> T:
        return make()
