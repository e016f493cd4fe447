"""What is compared with OTP, and by which rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from attrs import evolve, frozen

from tests.proof.supervisors import model
from tests.proof.supervisors.compare import before, expected, first_cut, observed
from tests.proof.supervisors.rules.cuts import CUTS
from tests.proof.supervisors.rules.deviations import DEVIATIONS
from tests.proof.supervisors.rules.kinds import Cut, Deviation
from tests.proof.supervisors.scenario import Scenario
from tests.proof.supervisors.trio_driver import run_scenario
from tests.proof.trace import Trace

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
    codes: tuple[int, ...] = ()

    def scheduled(self, codes: Iterable[int]) -> Subject:
        """The same under a schedule."""
        if self.under is None:
            return self
        chosen = tuple(codes)
        return evolve(self, run=self.under(chosen), codes=chosen)

    def compares_all(self, scenario: Scenario, otp: Trace) -> bool:
        """Whether no cut applies."""
        return first_cut(scenario, otp, self.cuts) is None

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
