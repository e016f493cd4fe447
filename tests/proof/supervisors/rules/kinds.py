"""What a rule of the comparison is: a deviation, or a cut."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from tests.proof.supervisors.scenario import Scenario
from tests.proof.trace import Trace


@frozen
class Deviation:
    """A difference from OTP that is meant."""

    name: str
    """What it is called in reports and in the documentation."""
    row: str
    """The rows of the OTP checklist that it deviates from."""
    reason: str
    """Why it is better."""
    rewrite: Callable[[Scenario, Trace], Trace]
    """Makes the expected trace out of OTP's."""
    both: bool = False
    """Whether it takes away from both traces what is not comparable.

    Without it the rewritten trace has to be matched to the letter.
    """


@frozen
class Cut:
    """A moment from which on OTP's trace does not say what to expect.

    What came before is compared as ever.
    """

    name: str
    """What it is called in reports and in the documentation."""
    row: str
    """The rows of the OTP checklist that trio-sup deviates from."""
    reason: str
    """Why it is better."""
    begins: Callable[[Scenario, Trace], int | None]
    """The first operation, by its index, that goes another way; None if none does.

    It is given the scenario and what OTP did in it.
    """
