"""Runs a tree once, with one fault, in virtual time."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from trio_sup import current_node

from .faults import Kind, Lines, Steps, scheduled
from .laws import World, check_laws, check_outcome
from .trees import Tree

LIMIT = 500.0
"""Virtual seconds after which a run counts as hung."""


class Hung(BaseException):
    """A run did not end."""


def bounded_clock(hung: list[float]) -> MockClock:
    """Make a clock that ends a run that hangs, as an internal error of Trio."""
    clock = MockClock(autojump_threshold=0)
    tell = clock.current_time

    def current_time() -> float:
        now = tell()
        if now > LIMIT:
            hung.append(now)
            raise Hung
        return now

    setattr(clock, "current_time", current_time)  # noqa: B010 - a method
    return clock


def run(
    body: Tree,
    at: int = -1,
    kind: Kind = "none",
    schedule: str = "0",
    lines: Lines | None = None,
) -> tuple[World, Steps]:
    """Run once with a fault before step `at`; return the world and the steps.

    Args:
        body: What to run.
        at: The number of the step, from 1; none if there are fewer.
        kind: What happens there.
        schedule: As for `scheduled`.
        lines: Counts lines, and may strike at one, while `body` runs.

    Raises:
        AssertionError: it did not end.
    """
    world, hung = World(), list[float]()
    steps = Steps(at, kind, trio.CancelScope())

    async def main() -> None:
        # Keeps the clock going, so that a hang is noticed.
        trio.lowlevel.spawn_system_task(trio.sleep, LIMIT + 1)
        # A hook, as users have them; Ctrl-C may come inside of it.
        current_node().add_hook(str)
        try:
            with steps.scope:
                if lines is not None:
                    lines.counting = True
                await body(world)
                world.finished = True
            world.cancelled = steps.scope.cancelled_caught
        finally:
            if lines is not None:
                lines.counting = False
            node = current_node()
            world.seen = list(node.recent_events())
            world.left = [*node.roots(), *world.stage.up, *node.registry.select()]

    with scheduled(schedule):
        try:
            trio.run(main, clock=bounded_clock(hung), instruments=[steps])
        except BaseException as error:  # noqa: BLE001 - judged by the laws
            world.raised = error
    if len(hung) > 0:
        raise AssertionError(f"{kind} before step {at}, schedule {schedule}: hung")
    world.struck = steps.fired or (lines is not None and lines.where is not None)
    world.injected = steps.injected
    return world, steps


def strike_step(body: Tree, at: int, kind: Kind, schedule: str) -> bool:
    """Strike before a step and check the laws; return whether there is such a step.

    Raises:
        AssertionError: something does not hold.
    """
    world, steps = run(body, at, kind, schedule)
    what = f"{kind} before step {at}, schedule {schedule}"
    check_laws(world, what)
    check_outcome(world, kind, what)
    return steps.count >= at


def strike_line(body: Tree, at: int, schedule: str) -> bool:
    """Press Ctrl-C at a line and check the laws; return whether there is such a line.

    Raises:
        AssertionError: something does not hold.
    """
    lines = Lines(at)
    with lines.watched():
        world, _ = run(body, schedule=schedule, lines=lines)
    what = f"Ctrl-C at executed line {at}, {lines.where}, schedule {schedule}"
    check_laws(world, what)
    check_outcome(world, "sigint" if lines.where else "none", what)
    return lines.where is not None
