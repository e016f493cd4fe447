"""Lets Hypothesis draw cases, and counts what became of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from trio_sup.testing import situations
from trio_sup.testing._beside.beside import STAND_INS
from trio_sup.testing._beside.stand_ins import StandIn, stand_ins
from trio_sup.testing._extra import hypothesis_for
from trio_sup.testing._run.case import Case
from trio_sup.testing._run.findings import Findings
from trio_sup.testing.report import SupervisionViolation
from trio_sup.testing.situations import Guide
from trio_sup.testing.world import World

MANY = 10_000_000
"""Examples that no time is enough for."""


class _Enough(BaseException):
    """The time is over; Hypothesis lets it pass."""


class Tried:
    """What Hypothesis has tried, counted.

    Args:
        found: Runs the cases.
        reject: Called for a run in which an `assume` did not hold.
        until: When no further example is begun.
        guide: Told of the situations of each example, if that is asked for.
    """

    def __init__(
        self,
        found: Findings,
        reject: Callable[[], object],
        until: float,
        guide: Guide | None = None,
    ) -> None:
        self.found = found
        self.guide = guide
        self._reject = reject
        self._until = until
        self.examples: int = 0
        self.discarded: int = 0
        self.outcomes: dict[str, int] = {}
        self.faults: dict[str, tuple[int, int]] = {}

    def one(self, case: Case) -> None:
        """Run one example; raises what was found."""
        __tracebackhide__ = True
        over = self.examples > 0 and time.perf_counter() >= self._until
        if over and self.found.violation is None:
            raise _Enough
        world = self.found.run(case)
        if world is None:
            return
        if not world.assumed:
            self.discarded += 1
            self._reject()
        self.examples += 1
        self._count(world)
        if self.guide is not None:
            hypothesis = hypothesis_for("check_supervision")
            for label, score in self.guide.ran(world.situations_):
                hypothesis.target(score, label=label)

    def _count(self, world: World) -> None:
        self.outcomes[world.outcome] = self.outcomes.get(world.outcome, 0) + 1
        happened = {id(hit.fault): not hit.missed for hit in world.hits}
        for fault in world.script:
            name = type(fault).__name__
            drawn, hits = self.faults.get(name, (0, 0))
            self.faults[name] = (drawn + 1, hits + happened.get(id(fault), False))


def search(tried: Tried, settings: Any, cases: Any, name: str) -> None:
    """Try drawn cases until there are enough, or raise what was found.

    Args:
        tried: Tries one.
        settings: Hypothesis' settings.
        cases: Its strategy.
        name: Under which it keeps failures.
    """
    __tracebackhide__ = True
    hypothesis = hypothesis_for("check_supervision")

    def test(case: Case) -> None:
        __tracebackhide__ = True
        tried.one(case)

    test.__qualname__ = f"check_supervision({name})"
    try:
        telling: tuple[StandIn, ...] = STAND_INS
        if tried.guide is not None:
            telling += situations.STAND_INS
        with stand_ins(telling):  # once, not for each example
            settings(hypothesis.given(cases)(test))()
    except _Enough:
        pass
    except SupervisionViolation as violation:
        raise tried.found.verdict(violation) from None
    except hypothesis.errors.Unsatisfiable:
        raise ValueError(
            f"an assume() gave up all of {tried.discarded} runs: nothing was tried"
        ) from None


def settings_of(
    hypothesis: Any, given: Any, max_examples: int | None, derandomize: bool
) -> Any:
    """Return how Hypothesis is to search: it must be quiet, the report is ours."""
    chosen: dict[str, Any] = {}
    if max_examples is not None:
        chosen["max_examples"] = max_examples
    if derandomize:
        chosen |= {"derandomize": True, "database": None}
    given = hypothesis.settings.default if given is None else given
    return hypothesis.settings(
        given,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        phases=[each for each in given.phases if each.name != "explain"],
        verbosity=hypothesis.Verbosity.quiet,
        **chosen,
    )


def full_name(function: object) -> str:
    """Return what a function is called, with its module."""
    module = getattr(function, "__module__", "")
    return f"{module}.{getattr(function, '__qualname__', repr(function))}"
