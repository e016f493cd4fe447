"""What OTP does in a scenario, what trio-sup does, and whether that is the same."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from tests.proof.supervisors import model
from tests.proof.supervisors.compare import first_cut
from tests.proof.supervisors.rules.cuts import CUTS
from tests.proof.supervisors.rules.deviations import DEVIATIONS
from tests.proof.supervisors.rules.kinds import Cut, Deviation
from tests.proof.supervisors.scenario import Scenario
from tests.proof.supervisors.source import program
from tests.proof.supervisors.subject import TRIO_SUP
from tests.proof.supervisors.trio_driver import run_scenario
from tests.proof.trace import Trace, side_by_side

TITLES = ("expected (OTP)", "trio-sup")


@frozen
class Comparison:
    """A scenario, what OTP does in it, and what trio-sup does.

    As text it is the two traces side by side; ``!`` marks where they part.
    """

    scenario: Scenario
    """What was played."""
    codes: tuple[int, ...]
    """The schedule that trio-sup was played with."""
    otp: Trace
    """What OTP does, as it is."""
    trio_sup: Trace
    """What trio-sup did, as it is."""
    expected: Trace
    """What trio-sup should do: OTP's trace, changed by the deviations that apply."""
    observed: Trace
    """What trio-sup did, in the form in which it is compared.

    What has no order in OTP has one here, and where a cut applies it ends there.
    """
    deviations: tuple[Deviation, ...]
    """The deviations that say something about this scenario."""
    cut: Cut | None
    """Why only the beginning is compared; None if all of it is."""

    @property
    def agrees(self) -> bool:
        """Whether trio-sup did what it should."""
        return self.observed == self.expected

    @property
    def program(self) -> str:
        """A test that repeats it under plain pytest."""
        return program(self.scenario, self.codes)

    def __str__(self) -> str:
        return side_by_side(self.expected, self.observed, TITLES)


def compare_with_otp(
    scenario: Scenario, codes: Sequence[int] = (), *, otp: Trace | None = None
) -> Comparison:
    """Play a scenario on trio-sup and compare it with what OTP does.

    What OTP does is said by the model (`model.run`), which agrees with
    real Erlang and Elixir; neither needs to be installed.

    Args:
        scenario: The tree and its script.
        codes: The schedule, as for `run_scenario`.
        otp: What real OTP did, where somebody asked it.

    Returns:
        Both traces, and the rules that were applied.

    Raises:
        RuntimeError: this version of Trio does not let its schedules be drawn.
    """
    otp = model.run(scenario) if otp is None else otp
    mine = run_scenario(scenario, codes)
    applied = tuple(
        deviation
        for deviation in DEVIATIONS
        if any(deviation.rewrite(scenario, trace) != trace for trace in (otp, mine))
    )
    return Comparison(
        scenario,
        _trimmed(codes),
        otp,
        mine,
        TRIO_SUP.expect(scenario, otp),
        TRIO_SUP.observed(scenario, otp, mine),
        applied,
        _cut_of(scenario, otp),
    )


def _cut_of(scenario: Scenario, otp: Trace) -> Cut | None:
    first = first_cut(scenario, otp, CUTS)
    if first is None:
        return None
    return next(cut for cut in CUTS if cut.begins(scenario, otp) == first)


def _trimmed(codes: Sequence[int]) -> tuple[int, ...]:
    """Without the zeros at the end, which say nothing."""
    last = max((index for index, code in enumerate(codes) if code), default=-1)
    return tuple(codes[: last + 1])


def assert_otp_conformant(scenario: Scenario, codes: Sequence[int] = ()) -> None:
    """Fail if trio-sup does something else in a scenario than OTP does.

    What it does otherwise on purpose has a name, in `DEVIATIONS`, and is expected of
    it; from the moment of one of the `CUTS` on nothing is.

    Args:
        scenario: The tree and its script.
        codes: The schedule, as for `run_scenario`.

    Raises:
        AssertionError: it does; the message holds a program that repeats it, and
            both traces side by side.
        RuntimeError: this version of Trio does not let its schedules be drawn.
    """
    comparison = compare_with_otp(scenario, codes)
    if not comparison.agrees:
        raise AssertionError(_message(comparison))


def _message(comparison: Comparison) -> str:
    indented = "\n".join(
        f"    {line}".rstrip() for line in comparison.program.splitlines()
    )
    named = [f"  {d.name} ({d.row})" for d in comparison.deviations]
    return "\n".join(
        [
            "trio-sup does not do what OTP does",
            "",
            "This repeats it:",
            "",
            indented,
            "",
            "What happened:",
            "",
            str(comparison),
            *(["", "Expected with these deviations:", *named] if named else []),
        ]
    )
