"""What a check has found: once it did, all that is left is to make that smaller."""

from __future__ import annotations

import time
from collections.abc import Sequence

from trio_sup.testing._orders.one_by_one import Picked
from trio_sup.testing._run.arguments import check_spare
from trio_sup.testing._run.example import run_example
from trio_sup.testing._run.options import Options
from trio_sup.testing._run.smaller import smallest
from trio_sup.testing.faults import Fault
from trio_sup.testing.report import SupervisionViolation
from trio_sup.testing.schedule import shortened
from trio_sup.testing.world import World


def run_checked(
    options: Options,
    script: Sequence[Fault] = (),
    codes: Sequence[int] = (),
    picks: Sequence[int] | None = None,
) -> World:
    """Run one example and raise if anything is wrong with it."""
    __tracebackhide__ = True
    order = None if picks is None else Picked(picks)
    world = run_example(options, script, codes, order)
    if world.problems:
        raise SupervisionViolation(world, options, script, codes, picks=picks or ())
    return world


def undisturbed(options: Options, spare: Sequence[str] = ()) -> World:
    """Run the tree without a fault, and see that who is to be spared is there."""
    __tracebackhide__ = True
    world = run_checked(options)
    check_spare(spare, [world.name_of(record.path_text) for record in world.records_])
    return world


class Findings:
    """Runs examples; once something was found, none of them twice.

    What shrinks a failure asks for many drawn bytes that stand for a case it has seen.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._fine: set[object] = set()
        self._failed: object = None
        self.violation: SupervisionViolation | None = None
        """The last one, which is the smallest in the end."""
        self.since = 0.0
        """Processor time of the first failure; all that follows is its shrinking."""

    def run(self, script: Sequence[Fault], codes: Sequence[int]) -> World | None:
        """Run a case; None if it was run before and nothing was wrong.

        Raises:
            SupervisionViolation: something is, or was when it was run before.
        """
        __tracebackhide__ = True
        case = (tuple(script), tuple(shortened(codes)))
        if self.violation is not None and case == self._failed:
            raise self.violation
        if case in self._fine:
            return None
        try:
            world = run_checked(self._options, script, codes)
        except SupervisionViolation as violation:
            self.since = self.since or time.process_time()
            self._failed, self.violation = case, violation
            raise
        if self.violation is not None:
            self._fine.add(case)
        return world

    def verdict(self, violation: SupervisionViolation) -> SupervisionViolation:
        """Return what to raise for it: tried again, and as small as can be."""
        last = violation

        def fails(script: Sequence[Fault], codes: Sequence[int]) -> bool:
            __tracebackhide__ = True
            nonlocal last
            try:
                run_checked(self._options, script, codes)
            except SupervisionViolation as another:
                last = another
                return True
            return False

        case = violation.script, violation.codes
        if fails(*case):
            smallest(*case, fails)
        else:
            last = SupervisionViolation(
                violation.world, self._options, *case, comes_again=False
            )
        last.found_at = self.since
        return last
