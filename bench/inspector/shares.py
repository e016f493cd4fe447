"""How much of a core looking takes, on a machine that may do other things as well.

Processor time is counted for each tick of the node and each look of the application,
of which there are four a second: on a machine that is busy there are fewer, and they
cost the same. A share of the clock would be the smaller the busier the machine is.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

from attrs import frozen

from bench.inspector.counters import RESTARTS, TICKS
from bench.inspector.node import LOADS, TICK
from bench.inspector.processes import Node, Screen, cpu_seconds, waited_seconds

SETTLE = 8
"""Looks after the first rows that do not count."""


@frozen
class Shares:
    """What one look at a load took."""

    node: float
    """Of a core, more than without being looked at."""
    viewer: float
    """Of a core, by the application."""
    restarts: float
    """A minute of the application's."""
    waited: float
    """Seconds that the application waited for a processor, for each that it had."""


def shares(running: Node, directory: Path, seconds: float, load: str) -> Shares:
    """Measure the node alone, then with the application.

    Args:
        running: The node.
        directory: Where a file of the application goes.
        seconds: How much of each, as there would be on a machine that is free.
        load: What the node is told to do.
    """
    running.say(load)
    alone = _share_of_node(running, LOADS[load][1], seconds, None)
    screen = Screen(running, directory)
    try:
        screen.wait_for(b"w000050")
        settled = screen.looked() + SETTLE
        screen.drain_until(lambda: screen.looked() >= settled)
        looks, failed = screen.looked(), running.counters[RESTARTS]
        used, waited = cpu_seconds(screen.pid), waited_seconds(screen.pid)
        attached = _share_of_node(running, LOADS[load][1], seconds, screen)
        due = (screen.looked() - looks) * TICK
        return Shares(
            attached - alone,
            (cpu_seconds(screen.pid) - used) / due,
            (running.counters[RESTARTS] - failed) / due * 60,
            (waited_seconds(screen.pid) - waited) / (cpu_seconds(screen.pid) - used),
        )
    finally:
        screen.close()


def _share_of_node(
    running: Node, pause: float, seconds: float, screen: Screen | None
) -> float:
    """The node's share of a core while its ticks are worth so many seconds."""
    ticks, used = running.counters[TICKS], cpu_seconds(running.pid)
    looks = screen.looked() if screen is not None else 0

    def enough() -> bool:
        if running.process.poll() is not None:
            raise SystemExit("the node ended")
        looked = screen.looked() - looks if screen is not None else math.inf
        due = (running.counters[TICKS] - ticks) * pause
        return due >= seconds and looked * TICK >= seconds

    if screen is not None:
        screen.drain_until(enough)
    else:
        while not enough():
            time.sleep(0.1)
    return (cpu_seconds(running.pid) - used) / (
        (running.counters[TICKS] - ticks) * pause
    )
