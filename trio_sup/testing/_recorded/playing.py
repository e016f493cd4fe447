"""Plays a recording against a tree: runs until it fits, then judges the last run."""

from __future__ import annotations

from collections.abc import Sized
from typing import Final

from attrs import evolve

from trio_sup.testing._recorded.fitting import Fit
from trio_sup.testing._recorded.reducing import reduced
from trio_sup.testing._run.case import Case
from trio_sup.testing._run.example import run_example
from trio_sup.testing._run.findings import Findings, run_checked
from trio_sup.testing._run.options import Options
from trio_sup.testing.faults import Fault
from trio_sup.testing.report import SupervisionViolation
from trio_sup.testing.scenario import NotPlayed, Scenario
from trio_sup.testing.world import World

MOST_RUNS: Final = 500
"""Runs in which a script may be fitted to a tree."""
BEHIND: Final = 0.5
"""Seconds that a run goes on behind the recording's end."""


def run_case(options: Options, case: Case | Scenario) -> None:
    """Run a case of a corpus: a script with its order, or a recording."""
    __tracebackhide__ = True
    if isinstance(case, Scenario):
        play(options, case)
    else:
        run_checked(options, case.script, case.codes, case.picks)


def play(options: Options, scenario: Scenario, duration: float | None = None) -> World:
    """Play a recording; raise what was found, or what could not be played.

    Args:
        options: How to run the tree.
        scenario: The recording.
        duration: Virtual seconds; by default as long as the recording is.
    """
    __tracebackhide__ = True
    calm = run_checked(options)
    fit = Fit.of(scenario.moments_, calm)
    seconds = fit.begin + scenario.seconds + BEHIND if duration is None else duration
    options = evolve(options, duration=round(seconds, 4))
    world = run_example(options, fit.script())
    for _ in range(MOST_RUNS):
        if not fit.improved(world):
            break
        world = run_example(options, fit.script())
    else:
        fit.give_up(world)
    fit.settle()
    unplayed = list(fit.unplayed())
    if world.problems:
        raise _smallest(options, world, scenario, unplayed)
    if unplayed:
        raise NotPlayed(scenario, unplayed, world)
    return world


def _smallest(
    options: Options, world: World, scenario: Scenario, unplayed: Sized
) -> SupervisionViolation:
    """Return what broke, with as few of the recording's faults as break it."""
    __tracebackhide__ = True

    def fails(script: list[Fault]) -> bool:
        return bool(run_example(options, script).problems)

    until = min(problem.at for problem in world.problems)
    script = reduced(world.script, until, fails)
    found = SupervisionViolation(run_example(options, script), options, script, ())
    violation = Findings(options).verdict(found)
    note = f"found by playing {scenario.source}: {len(world.script)} faults"
    if unplayed:
        note += f", beside {len(unplayed)} that could not be played"
    violation.add_note(note)
    return violation
