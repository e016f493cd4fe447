"""Scenarios that Hypothesis draws and shrinks; this module imports it."""

from __future__ import annotations

from functools import lru_cache

from attrs import define
from hypothesis import strategies as st

from trio_sup.testing.scenario import Scenario

from ._grammar import Maker


@lru_cache
def _integers(bound: int) -> st.SearchStrategy[int]:
    return st.integers(0, bound - 1)


@define
class DrawnDraws:
    """Choices that Hypothesis makes and shrinks."""

    draw: st.DrawFn

    def below(self, bound: int) -> int:
        """A number from 0 up to, not including, `bound`."""
        return self.draw(_integers(bound))


@st.composite
def drawn_scenarios(draw: st.DrawFn) -> Scenario:
    """Scenarios in the form that shrinks."""
    return Maker(DrawnDraws(draw)).scenario()
