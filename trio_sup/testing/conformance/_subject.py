"""What is compared with OTP, and by which rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from attrs import evolve, frozen

from trio_sup.testing import model
from trio_sup.testing.conformance._compare import before, expected, first_cut, observed
from trio_sup.testing.conformance._cuts import CUTS
from trio_sup.testing.conformance._deviations import DEVIATIONS
from trio_sup.testing.conformance._driver import run_scenario
from trio_sup.testing.conformance._rules import Cut, Deviation
from trio_sup.testing.scenario import Scenario, Trace

Run: TypeAlias = Callable[[Scenario], Trace]


@frozen
class Subject:
    """What is compared with OTP, and how it differs on purpose."""

    name: str
    run: Run
    deviations: Sequence[Deviation] = ()
    cuts: Sequence[Cut] = ()
    under: Callable[[Sequence[int]], Run] | None = None
    """How it runs under a schedule; None if there is nothing to schedule."""

    def scheduled(self, codes: Sequence[int]) -> Subject:
        """The same under a schedule."""
        return self if self.under is None else evolve(self, run=self.under(codes))

    def agrees(self, scenario: Scenario, otp: Trace) -> bool:
        """Whether it does what OTP did, or what it should do instead."""
        return self.observe(scenario, otp) == self.expect(scenario, otp)

    def expect(self, scenario: Scenario, otp: Trace) -> Trace:
        """What it should do, where OTP did this; as far as that can be said."""
        trace = expected(scenario, otp, self.deviations)
        return before(trace, first_cut(scenario, otp, self.cuts))

    def observe(self, scenario: Scenario, otp: Trace) -> Trace:
        """What it does; as far as OTP's trace says what to expect."""
        return self.observed(scenario, otp, self.run(scenario))

    def observed(self, scenario: Scenario, otp: Trace, mine: Trace) -> Trace:
        """The same, where `mine` is what it did."""
        trace = observed(scenario, mine, self.deviations)
        return before(trace, first_cut(scenario, otp, self.cuts))


MODEL = Subject("model", model.run)


def _under(codes: Sequence[int]) -> Run:
    return partial(run_scenario, codes=codes)


TRIO_SUP = Subject("trio_sup", run_scenario, DEVIATIONS, CUTS, _under)
