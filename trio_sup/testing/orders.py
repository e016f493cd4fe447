"""Orders of tasks: all that can make a difference, or those that likely show a bug."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trio_sup.testing._orders.one_by_one import OneByOne, Picked
from trio_sup.testing._orders.searching import (
    Limits,
    Run,
    ScheduleReport as ScheduleReport,
    every,
    likely,
)
from trio_sup.testing._run.arguments import (
    check_count,
    check_run,
    check_seconds,
    make_options,
    nothing_to_try,
)
from trio_sup.testing._run.example import run_example
from trio_sup.testing._run.options import Client, Options
from trio_sup.testing.faults import Fault
from trio_sup.testing.invariants import Check, Invariant
from trio_sup.testing.report import SupervisionViolation
from trio_sup.testing.schedule import schedules_are_drawn
from trio_sup.testing.world import BuildTree

SHORT = 1.0
"""Virtual seconds of a run: a small scenario, or there are too many orders."""


def every_schedule(
    build_tree: BuildTree,
    *,
    client: Client | None = None,
    invariants: Iterable[Invariant | Check] = (),
    script: Sequence[Fault] = (),
    allow: Iterable[type[BaseException]] = (),
    duration: float = SHORT,
    most: int = 10_000,
    max_seconds: float | None = None,
    check: bool = True,
) -> ScheduleReport:
    """Run a tree in every order of its tasks that can make a difference, each once.

    Whichever task is ready may go on next; time passes when none is. Two orders are
    the same interleaving if they differ only in neighbouring steps that touch nothing
    in common: one of them is run. What a step touches is seen by tracing it, so these
    runs are slow, some hundred in a second. Take a small tree, and a short time.

    Args:
        build_tree: As for `check_supervision`, like what is not named here.
        client: Uses the tree.
        invariants: What must hold in each order.
        script: Faults that hit in each of these runs.
        allow: Exceptions that are no failure.
        duration: Virtual seconds.
        most: Runs after which it ends, and the report says that there are more.
        max_seconds: Real seconds after which no further run is begun.
        check: Whether to raise what was found.

    Returns:
        How many interleavings there are, and whether all were tried.

    Raises:
        SupervisionViolation: something does not hold, and `check` is true. It holds a
            program that repeats it.
        TypeError: an argument is of a wrong type.
        ValueError: `duration`, `most` or `max_seconds` is not above 0, there is
            nothing that could fail, or the tree does not do the same in the same order.
        RuntimeError: this is called from async code, or this version of Trio does not
            let its schedules be chosen.
    """
    __tracebackhide__ = True
    options = make_options(build_tree, client, invariants, allow, duration)
    run = _tree(options, script)
    report = every(run, _limits(most, max_seconds))
    if check:
        report.check()
    return report


def likely_schedules(
    build_tree: BuildTree,
    *,
    depth: int = 3,
    runs: int = 500,
    seed: int = 0,
    client: Client | None = None,
    invariants: Iterable[Invariant | Check] = (),
    script: Sequence[Fault] = (),
    allow: Iterable[type[BaseException]] = (),
    duration: float = 10.0,
    max_seconds: float | None = None,
    check: bool = True,
) -> ScheduleReport:
    """Run a tree by drawn priorities of its tasks, with a few changes of them.

    The *depth* of a bug is the number of pairs of steps that have to come in one order
    for it to show: two for most races, one for most deadlocks and lost wake-ups. Of n
    tasks with k steps each run finds a bug of depth d with a probability of at least
    1/(n·k^(d-1)); the report says what that is. In trees that are too large for
    `every_schedule` this finds more than orders that are drawn freely.

    Args:
        build_tree: As for `check_supervision`, like what is not named here.
        depth: In one run priorities change so often, less one.
        runs: How many.
        seed: What is drawn from: the same seed, the same runs.
        client: Uses the tree.
        invariants: What must hold in each order.
        script: Faults that hit in each of these runs.
        allow: Exceptions that are no failure.
        duration: Virtual seconds.
        max_seconds: Real seconds after which no further run is begun.
        check: Whether to raise what was found.

    Returns:
        What was tried, and how likely that finds a bug.

    Raises:
        SupervisionViolation: something does not hold, and `check` is true. It holds a
            program that repeats it.
        TypeError: an argument is of a wrong type.
        ValueError: a number is not above 0, or there is nothing that could fail.
        RuntimeError: this is called from async code, or this version of Trio does not
            let its schedules be chosen.
    """
    __tracebackhide__ = True
    options = make_options(build_tree, client, invariants, allow, duration)
    check_count("depth", depth)
    run = _tree(options, script)
    report = likely(run, _limits(runs, max_seconds, "runs"), depth, seed)
    if check:
        report.check()
    return report


def _limits(most: int, seconds: float | None, name: str = "most") -> Limits:
    __tracebackhide__ = True
    check_count(name, most)
    if seconds is None:
        return Limits(most)
    check_seconds("max_seconds", seconds)
    return Limits(most, seconds)


def _tree(options: Options, script: Sequence[Fault]) -> Run:
    """Return what runs a tree in an order."""
    __tracebackhide__ = True
    check_run(script, ())
    can_be_chosen()
    calm = run_example(options, script, order=Picked())
    children = [each for each in calm.records_ if each.parent is not None]
    if not (children or options.client or options.invariants):
        raise nothing_to_try(calm, ())

    def run(order: OneByOne) -> AssertionError | None:
        world = run_example(options, script, order=order)
        if not world.problems:
            return None
        return SupervisionViolation(world, options, script, (), picks=order.picks)

    return run


def can_be_chosen() -> None:
    """See that schedules can be chosen.

    Raises:
        RuntimeError: they cannot.
    """
    if not schedules_are_drawn():
        raise RuntimeError(
            "this version of Trio does not let its schedules be chosen: "
            "schedules_are_drawn() is False"
        )
