"""What of trio-sup is compared with OTP, and how it differs on purpose."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import frozen

from tests.proof.servers import trio_driver
from tests.proof.servers.deviations import expected, is_comparable
from tests.proof.servers.scenario import Scenario
from tests.proof.trace import Trace

NOT_COMPARED = Trace((), None)


@frozen
class Subject:
    """A program that plays scenarios; there is one order of tasks in each."""

    name: str
    run: Callable[[Scenario], Trace]
    codes: tuple[int, ...] = ()

    def scheduled(self, codes: Iterable[int]) -> Subject:
        """The same: there is nothing to schedule."""
        return self

    def compares_all(self, scenario: Scenario, otp: Trace) -> bool:
        """Whether the scenario has a counterpart in trio-sup; else none of it."""
        return is_comparable(scenario, otp)

    def expect(self, scenario: Scenario, otp: Trace) -> Trace:
        """What it should do, where OTP did this."""
        comparable = is_comparable(scenario, otp)
        return expected(scenario, otp) if comparable else NOT_COMPARED

    def observe(self, scenario: Scenario, otp: Trace) -> Trace:
        """What it does."""
        return self.run(scenario) if is_comparable(scenario, otp) else NOT_COMPARED


TRIO_SUP = Subject("trio-sup", trio_driver.run)
