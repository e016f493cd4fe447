"""What a look costs in instructions: the same on a machine that is busy or slow."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from bench.counting import NoCounter, sections
from bench.inspector.counted_node import COUNTED
from bench.inspector.heard import SPEED, decode, recall
from bench.inspector.node import TICK
from bench.inspector.processes import progress

TIMED: Final = 5
"""How often the work is timed that tells how fast this machine is."""


@frozen
class Look:
    """What one look takes under a load."""

    load: str
    node: float
    """Instructions, more than without being looked at."""
    viewer: float
    """Instructions of the application."""
    a_second: float
    """Instructions that a core of this machine executes in a second at such work."""

    def share(self, instructions: float) -> float:
        """The share of a core of this machine that so many of each look are."""
        return instructions / TICK / self.a_second


def looks() -> Iterator[Look]:
    """Count what a look costs node and application under each load.

    Raises:
        SystemExit: they cannot be counted here.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        try:
            of_node = _of_node(name)
            of_viewer = _of_viewer(name)
        except NoCounter as error:
            raise SystemExit(str(error)) from error
        a_second = of_viewer[SPEED] / _seconds(Path(name))
    for load in COUNTED:
        yield Look(load, of_node[load], of_viewer[load], a_second)


def _of_node(directory: str) -> dict[str, float]:
    alone: dict[str, float] = {}
    found: dict[str, float] = {}
    for (load, who, n), total in sections("bench.inspector.counted_node", [directory]):
        progress(f"{load}: the node {who} is counted")
        if who == "alone":
            alone[load] = total / int(n)
        else:
            found[load] = total / int(n) - alone[load]
    return found


def _of_viewer(directory: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for (load, n), total in sections("bench.inspector.counted_viewer", [directory]):
        progress(f"{load}: the application is counted")
        found[load] = total / int(n)
    return found


def _seconds(directory: Path) -> float:
    """Seconds of a processor for what was counted as `SPEED`."""
    heard = recall(COUNTED[0], directory)
    decode(heard)
    took: list[float] = []
    for _ in range(TIMED):
        began = time.process_time()
        decode(heard)
        took.append(time.process_time() - began)
    return min(took)
