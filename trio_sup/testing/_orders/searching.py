"""Runs something under many orders, until one fails or none is left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import define, frozen

from trio_sup.testing._orders.dpor import Explorer
from trio_sup.testing._orders.footprints import seen
from trio_sup.testing._orders.one_by_one import Explored, OneByOne, Picked
from trio_sup.testing._orders.pct import Priorities, probability
from trio_sup.testing._orders.smaller_picks import plainest
from trio_sup.testing._orders.touched import Touched

Run: TypeAlias = Callable[[OneByOne], AssertionError | None]
"""Runs something in an order; returns what is wrong with it."""


@frozen
class ScheduleReport:
    """What orders were tried."""

    runs: int
    seconds: float
    interleavings: int | None = None
    """Of `every_schedule`: how many different ones were run."""
    complete: bool = False
    """Whether there is no other one."""
    tasks: int = 0
    """Of `likely_schedules`: the most tasks that a run had."""
    steps: int = 0
    """Of `likely_schedules`: the most steps that they took."""
    depth: int = 0
    failure: AssertionError | None = None
    """The first that was found; its order made plainer."""

    @property
    def probability(self) -> float:
        """How likely these runs find a bug of this depth, at the least."""
        if self.interleavings is not None:
            return 1.0 if self.complete else 0.0
        return probability(self.tasks, self.steps, self.depth, self.runs)

    def check(self) -> None:
        """Raise the failure, if there was one.

        Raises:
            AssertionError: something does not hold.
        """
        __tracebackhide__ = True
        if self.failure is not None:
            self.failure.add_note(str(self))
            raise self.failure

    def __str__(self) -> str:
        took = f"{self.runs} runs, {self.seconds:.1f} s"
        found = ", the last one failed" if self.failure is not None else ""
        if self.interleavings is not None:
            there = "all of them" if self.complete else "there are more"
            return f"{self.interleavings} interleavings, {there} ({took}){found}"
        if found:
            return took + found
        return (
            f"{took}: {self.tasks} tasks and {self.steps} steps at the most; a "
            f"bug of depth {self.depth} is found with {self.probability:.2g} at the least"
        )


@define
class Limits:
    """When a search ends before it is done."""

    most: float
    seconds: float = math.inf
    runs: int = 0
    began: float = 0.0

    def __attrs_post_init__(self) -> None:
        """Begin."""
        self.began = time.perf_counter()

    @property
    def taken(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self.began

    def more(self) -> bool:
        """Whether there may be one more run; counts it."""
        if self.runs >= self.most or (self.runs and self.taken >= self.seconds):
            return False
        self.runs += 1
        return True


def every(run: Run, limits: Limits) -> ScheduleReport:
    """Run each interleaving.

    Raises:
        ValueError: a run did not go the way that it went before.
    """
    explorer, touched = Explorer(), Touched()
    failure, going_on = None, True
    while going_on and limits.more():
        order = Explored(explorer, touched)
        with seen(touched):
            found = run(order)
        if order.astray:
            raise ValueError(
                "the same order of tasks led to another state than before: what is run "
                "depends on more than that (random numbers, the real time, what is left "
                "of earlier runs, threads), so not all orders can be tried"
            )
        if found is not None:
            failure = plainer(run, order, found)
            explorer.finish()
            break
        going_on = explorer.finish()
    complete = explorer.complete and failure is None
    return ScheduleReport(
        limits.runs, limits.taken, explorer.distinct, complete, failure=failure
    )


def likely(run: Run, limits: Limits, depth: int, seed: int) -> ScheduleReport:
    """Run by drawn priorities."""
    calm = Priorities(1, 1, seed)
    failure, order = run(calm), calm
    tasks, steps = calm.tasks, calm.steps
    while failure is None and limits.more():
        order = Priorities(depth, steps, seed + limits.runs)
        failure = run(order)
        tasks, steps = max(tasks, order.tasks), max(steps, order.steps)
    if failure is not None:
        failure = plainer(run, order, failure)
    return ScheduleReport(
        limits.runs,
        limits.taken,
        tasks=tasks,
        steps=steps,
        depth=depth,
        failure=failure,
    )


def plainer(run: Run, order: OneByOne, failure: AssertionError) -> AssertionError:
    """Return a failure in a plainer order, if there is one."""
    last = failure

    def fails(picks: Sequence[int]) -> bool:
        nonlocal last
        found = run(Picked(picks))
        if found is not None:
            last = found
        return found is not None

    plainest(order.picks, fails)
    return last
