"""Kills a node that has programs, and looks who is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.processes.programs import children_of, is_running, numbers_in

PATIENCE = 120.0
"""Seconds in which all must be gone; on a quiet machine it takes 0.05."""


def kill_a_node(directory: Path, late: float = 0.0) -> tuple[list[int], float]:
    """Kill a node with SIGKILL; return who is left, and the seconds until all was over.

    Args:
        directory: Where its programs run; empty.
        late: Seconds from the moment in which it runs until it is killed.
    """
    node = subprocess.Popen(
        [sys.executable, "-m", "tests.processes.node", str(directory)],
        stderr=subprocess.DEVNULL,
    )

    def works() -> bool:
        assert node.poll() is None, "the node did not start"
        return len(numbers_in(directory / "pids")) >= 3

    try:
        _wait_for(works)
        time.sleep(late)
        below = [pid for pid, _ in children_of(node.pid)]
    finally:
        node.kill()
        node.wait()
    began = time.monotonic()
    known = {*below, *numbers_in(directory / "pids")}
    left: list[int] = []
    while time.monotonic() - began < PATIENCE:
        known |= {*numbers_in(directory / "pids")}  # who was on the way
        left = [pid for pid in known if is_running(pid)]
        if not left:
            return [], time.monotonic() - began
        time.sleep(0.01)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left, time.monotonic() - began


def _wait_for(fact: Callable[[], bool]) -> None:
    until = time.monotonic() + 300
    while not fact():
        if time.monotonic() > until:
            raise AssertionError("the node did not start")
        time.sleep(0.01)
