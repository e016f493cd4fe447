"""A fault before every step of a tree that does everything; see `injection`."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import sys
from collections.abc import Iterator
from types import CodeType
from typing import Any

import pytest

import trio_sup
from tests.supervision.injection import (
    World,
    check_laws,
    check_outcome,
    run,
    scenario,
)

MONITORING: Any = getattr(sys, "monitoring", None)


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Thousands of crashes are expected here."""
    logger = logging.getLogger("trio_sup")
    logger.disabled = True
    yield
    logger.disabled = False


def test_the_tree_without_a_fault_obeys_the_laws() -> None:
    for seed in range(20):
        world, _ = run(-1, "none", seed)
        assert world.raised is None
        assert world.finished
        check_laws(world, f"seed {seed}")


@pytest.mark.parametrize("kind", ["cancel", "sigint"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_fault_before_every_step_obeys_the_laws(kind: str, seed: int) -> None:
    for at in itertools.count(1):
        world, steps = run(at, kind, seed)
        what = f"{kind} before step {at}, seed {seed}"
        check_laws(world, what)
        check_outcome(world, kind, what)
        if steps < at:
            break
    assert at > 100


@pytest.mark.skipif(MONITORING is None, reason="needs sys.monitoring (3.12)")
@pytest.mark.parametrize("start", range(0, 97, 13))
def test_ctrl_c_at_a_sample_of_executed_lines_obeys_the_laws(start: int) -> None:
    """Ctrl-C comes on the spot where code is not protected from it."""
    lines = Lines()
    with lines:
        for at in range(1 + start, 100_000, 1009):
            world = lines.strike(at)
            if lines.where is None:
                break
            check_laws(world, f"Ctrl-C at line {at}, {lines.where}")
            check_outcome(world, "sigint", f"Ctrl-C at line {at}, {lines.where}")
    assert at > 5_000


class Lines:
    """Presses Ctrl-C at the k-th line of the library that the tree executes."""

    tool = 4

    def __init__(self) -> None:
        self.package = os.path.dirname(trio_sup.__file__)
        self.count = self.at = 0
        self.counting = False
        self.where: tuple[str, int] | None = None

    def __enter__(self) -> None:
        monitoring = MONITORING
        monitoring.use_tool_id(self.tool, "lines")
        line = monitoring.events.LINE
        monitoring.register_callback(self.tool, line, self.on_line)
        monitoring.set_events(self.tool, line)

    def __exit__(self, *_: object) -> None:
        MONITORING.set_events(self.tool, 0)
        MONITORING.free_tool_id(self.tool)

    def on_line(self, code: CodeType, line: int) -> object:
        if not code.co_filename.startswith(self.package):
            return MONITORING.DISABLE
        if self.counting:
            self.count += 1
            if self.count == self.at:
                self.where = os.path.basename(code.co_filename), line
                signal.raise_signal(signal.SIGINT)
        return None

    def strike(self, at: int) -> World:
        self.count, self.at, self.where = 0, at, None
        world, _ = run(-1, "none", 0, self.body)
        world.struck = self.where is not None
        return world

    async def body(self, world: World) -> None:
        self.counting = True
        try:
            await scenario(world)
        finally:
            self.counting = False
