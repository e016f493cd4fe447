"""Scenarios that Hypothesis draws and shrinks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from hypothesis import strategies as st

from tests.proof.supervisors.drawn.grammar import Maker
from tests.proof.supervisors.scenario import Scenario

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
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw a supervision tree and a script of what happens to it.

    Trees have up to three levels of up to four children each, with every strategy,
    restart type, `auto_shutdown` and way to stop. Scripts are made of moves: storms
    of crashes up to the limit and beyond, crashes around the edge of the window,
    starts that fail, stops and starts by hand, requests of every kind, and several
    things that reach a supervisor before it looks at the first.

    A failure shrinks towards few plain workers and a short script. Draw schedules
    beside it with `trio_sup.testing.strategies.schedules`.
    """
    return Maker(_DrawnDraws(draw)).scenario()
