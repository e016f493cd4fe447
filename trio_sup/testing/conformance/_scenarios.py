"""Where scenarios come from: Hypothesis, or a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from trio_sup.testing._extra import hypothesis_for
from trio_sup.testing.conformance._grammar import Maker
from trio_sup.testing.scenario import Scenario

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def scenarios() -> SearchStrategy[Scenario]:
    """Draw a supervision tree and a script of what happens to it.

    Trees have up to three levels of up to four children each, with every strategy,
    restart type, `auto_shutdown` and way to stop. Scripts are made of moves: storms
    of crashes up to the limit and beyond, crashes around the edge of the window,
    starts that fail, stops and starts by hand, requests of every kind, and several
    things that reach a supervisor before it looks at the first.

    A failure shrinks towards few plain workers and a short script. Draw schedules
    beside it with `trio_sup.testing.strategies.schedules`.

    Returns:
        A strategy for Hypothesis.

    Raises:
        ImportError: Hypothesis is not installed (extra ``testing``).
    """
    hypothesis_for("scenarios()")
    from trio_sup.testing.conformance._drawn import (  # noqa: PLC0415 - an extra
        drawn_scenarios,
    )

    return drawn_scenarios()


def scenario_for(seed: int) -> Scenario:
    """Make the scenario that belongs to a seed; Hypothesis is not needed.

    It is of the same kind as those of `scenarios`, and made some fifty times faster.
    The same seed gives the same scenario as long as the version of this library is
    the same.

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
