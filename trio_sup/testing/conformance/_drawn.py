"""Scenarios that Hypothesis draws and shrinks; this module imports it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from hypothesis import strategies as st

from trio_sup.testing.conformance._grammar import Maker
from trio_sup.testing.scenario import Scenario

T = TypeVar("T")

# Each part of a scenario is made of bytes of its own: what is taken away, or changed,
# leaves the other parts as they are. In one piece, for Hypothesis makes most lists by
# copying parts of others; and it is fast.
_CHOICES = st.binary(min_size=6, max_size=24)


class _DrawnDraws:
    """Choices that Hypothesis makes and shrinks."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._choices: Iterator[int] = iter(draw(_CHOICES))

    def below(self, bound: int) -> int:
        # Past the end everything is the plainest.
        return next(self._choices, 0) % bound

    def times(self, low: int, high: int) -> Iterable[int]:
        """One choice for each, so that each can be taken away; all are as likely."""
        for done in range(high):
            if done >= low and not self.below(high - done + 1):
                break
            yield done

    def part(self, make: Callable[[], T]) -> T:
        around, self._choices = self._choices, iter(self._draw(_CHOICES))
        try:
            return make()
        finally:
            self._choices = around


@st.composite
def drawn_scenarios(draw: st.DrawFn) -> Scenario:
    """Scenarios in the form that shrinks."""
    return Maker(_DrawnDraws(draw)).scenario()
