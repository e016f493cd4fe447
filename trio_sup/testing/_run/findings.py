"""What a check has found: once it did, all that is left is to make that smaller."""

from __future__ import annotations

import time
from collections.abc import Sequence

from trio_sup.testing._orders.one_by_one import OneByOne, Picked
from trio_sup.testing._orders.pct import LikelyOrders
from trio_sup.testing._run.arguments import check_spare
from trio_sup.testing._run.case import Case
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
    *,
    order: OneByOne | None = None,
) -> World:
    """Run one example and raise if anything is wrong with it."""
    __tracebackhide__ = True
    if order is None and picks is not None:
        order = Picked(picks)
    world = run_example(options, script, codes, order)
    if world.problems:
        done = None if order is None else order.picks
        raise SupervisionViolation(world, options, script, codes, picks=done)
    return world


def undisturbed(options: Options, spare: Sequence[str] = ()) -> World:
    """Run the tree without a fault, and see that who is to be spared is there."""
    __tracebackhide__ = True
    world = run_checked(options)
    check_spare(spare, [world.name_of(record.path_text) for record in world.records_])
    return world


MOST_RUNS = 300
"""Runs in which Hypothesis makes smaller what priorities found. Of another script, or
another seed, it can know nothing but by trying."""


class Findings:
    """Runs examples; once something was found, none of them twice.

    What shrinks a failure asks for many drawn bytes that stand for a case it has seen.
    """

    def __init__(self, options: Options, orders: LikelyOrders | None = None) -> None:
        self._options = options
        self.orders = orders
        """What orders tasks by priorities, if anything does."""
        self._fine: set[object] = set()
        self._failed: object = None
        self._broken: set[object] = set()  # all that failed
        self._left = MOST_RUNS
        self.violation: SupervisionViolation | None = None
        """The last one, which is the smallest in the end."""
        self.since = 0.0
        """Processor time of the first failure; all that follows is its shrinking."""

    def run(self, case: Case) -> World | None:
        """Run a case; None if it was run before and nothing was wrong.

        Raises:
            SupervisionViolation: something is, or was when it was run before.
        """
        __tracebackhide__ = True
        known = (tuple(case.script), tuple(shortened(case.codes)), case.seed)
        if self.violation is not None and known == self._failed:
            raise self.violation
        if known in self._fine or (known not in self._broken and self._tired()):
            return None
        try:
            world = self._run(case)
        except SupervisionViolation as violation:
            self.since = self.since or time.process_time()
            self._failed, self.violation = known, violation
            self._broken.add(known)
            raise
        if self.violation is not None:
            self._fine.add(known)
        return world

    def _tired(self) -> bool:
        if self.violation is None or self.orders is None:
            return False
        self._left -= 1
        return self._left < 0

    def _run(self, case: Case) -> World:
        __tracebackhide__ = True
        if self.orders is None or case.seed is None:
            return run_checked(self._options, case.script, case.codes, case.picks)
        faults = len(case.script)
        order = self.orders.order(case.seed, faults)
        world = run_checked(self._options, case.script, order=order)
        self.orders.ran(order, faults)
        return world

    def verdict(self, violation: SupervisionViolation) -> SupervisionViolation:
        """Return what to raise for it: tried again, and as small as can be."""
        last = violation

        def fails(
            script: Sequence[Fault],
            codes: Sequence[int],
            picks: Sequence[int] | None = None,
        ) -> bool:
            __tracebackhide__ = True
            nonlocal last
            try:
                run_checked(self._options, script, codes, picks)
            except SupervisionViolation as another:
                last = another
                return True
            return False

        script, codes, picks = violation.script, violation.codes, violation.picks
        if not fails(script, codes, picks):
            last = SupervisionViolation(
                violation.world,
                self._options,
                script,
                codes,
                comes_again=False,
                picks=picks,
            )
        elif picks is None or fails(script, codes):  # it needs no such order
            smallest(script, codes, fails)
        else:
            smallest(script, picks, lambda script, picks: fails(script, (), picks))
        last.found_at = self.since
        return last
