"""What looking costs: ``python -m bench.inspector [--quick] [PART ...]``.

Parts:

    cost     a node of 10,000 children, 100 of them visible, 100 changes a tick at
             4 Hz: how much of a core the node and the application take
    attach   from the connection to the first painted rows, at 10,000 and 100,000
    stalled  what a client that stops reading adds to the node's memory, and to the
             time that another one waits
    idle     what a call costs while an inspector could attach but nobody does, in
             instructions (needs valgrind; some minutes)

Figures of processes are the kernel's own. The node's share is the difference to the
same load with nobody attached, measured in turns, so that the load itself does not
count. The exit code is 1 if a figure misses its target.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import frozen

from bench.inspector.idle import instructions_per_call
from bench.inspector.processes import (
    Node,
    RawClient,
    Screen,
    cpu_seconds,
    node,
    resident,
)
from trio_sup.inspect.protocol.wire import Delta


@frozen
class Figure:
    """One figure and what is aimed at."""

    name: str
    value: float
    unit: str
    target: float
    note: str = ""

    def line(self) -> str:
        """As the table has it."""
        verdict = "" if self.value <= self.target else "  MISSED"
        note = f"  ({self.note})" if self.note else ""
        return (
            f"  {self.name:<52} {self.value:>8.2f} {self.unit:<4}"
            f" <= {self.target:g} {self.unit}{verdict}{note}"
        )


def cost(quick: bool) -> Iterator[Figure]:
    """CPU of node and application under two loads."""
    seconds, rounds = (4.0, 2) if quick else (8.0, 4)
    with (
        tempfile.TemporaryDirectory() as directory,
        node(10_000, Path(directory) / "run") as running,
    ):
        for load in ("spread", "hot"):
            running.say(load)
            shares = [_shares(running, directory, seconds) for _ in range(rounds)]
            of_node = statistics.median(s[0] for s in shares) * 100
            of_viewer = statistics.median(s[1] for s in shares) * 100
            where = "anywhere" if load == "spread" else "all of them visible"
            yield Figure(f"node, 100 changes a tick, {where}", of_node, "%", 1.5)
            yield Figure(f"application, 100 changes a tick, {where}", of_viewer, "%", 5)


def _shares(running: Node, directory: str, seconds: float) -> tuple[float, float]:
    """The shares of a core that looking takes: the node's, the application's."""
    alone = _cpu_share(running.pid, lambda: time.sleep(seconds), seconds)
    screen = Screen(running, Path(directory))
    try:
        if screen.drain(30, until=b"w000050") is None:
            raise SystemExit("the application drew no rows")
        screen.drain(2)
        pid = screen.process.pid
        before, began = cpu_seconds(pid), time.monotonic()
        attached = _cpu_share(running.pid, lambda: screen.drain(seconds), seconds)
        of_viewer = (cpu_seconds(pid) - before) / (time.monotonic() - began)
    finally:
        screen.close()
    return attached - alone, of_viewer


def _cpu_share(pid: int, wait: Callable[[], object], seconds: float) -> float:
    before, began = cpu_seconds(pid), time.monotonic()
    wait()
    return (cpu_seconds(pid) - before) / (time.monotonic() - began)


def attach(quick: bool) -> Iterator[Figure]:
    """From the connection to the first painted rows."""
    for children, target in ((10_000, 0.5), (100_000, 2.0)):
        with (
            tempfile.TemporaryDirectory() as directory,
            node(children, Path(directory) / "run") as running,
        ):
            took = [_first_paint(running, directory) for _ in range(1 if quick else 5)]
        name = f"attach to first paint, {children} children"
        used = statistics.median(t[1] for t in took)
        note = f"{used:.2f} s of processor time, both processes"
        yield Figure(name, statistics.median(t[0] for t in took), "s", target, note)


def _first_paint(running: Node, directory: str) -> tuple[float, float]:
    before = cpu_seconds(running.pid)
    screen = Screen(running, Path(directory))
    try:
        painted = screen.drain(60, until=b"g0000")
        if painted is None:
            raise SystemExit("the application drew no rows")
        attached, used = screen.attached_at()
        of_viewer = cpu_seconds(screen.process.pid) - used
        return painted - attached, cpu_seconds(running.pid) - before + of_viewer
    finally:
        screen.close()


def stalled(quick: bool) -> Iterator[Figure]:
    """A client that stops reading, beside one that goes on."""
    seconds = 3.0 if quick else 5.0
    with (
        tempfile.TemporaryDirectory() as directory,
        node(10_000, Path(directory) / "run") as running,
    ):
        healthy = RawClient(running.socket, 10.0)
        healthy.attach()
        running.say("flood")
        _intervals(healthy, seconds)  # what a first client costs is there by now
        alone: list[float] = []
        beside: list[float] = []
        grown = 0
        for _ in range(2 if quick else 4):
            alone += _intervals(healthy, seconds)
            before = resident(running.pid)
            still = RawClient(running.socket, 10.0)
            still.attach()
            beside += _intervals(healthy, seconds)
            grown = max(grown, resident(running.pid) - before)
            still.close()
        healthy.close()
    longer = (statistics.median(beside) - statistics.median(alone)) * 1e3
    note = f"{statistics.median(beside) * 1e3:.0f} ms between two"
    yield Figure("memory for a client that stops reading", grown / 1e6, "MB", 5)
    yield Figure("longer wait of another client for deltas", longer, "ms", 20, note)


def _intervals(client: RawClient, seconds: float) -> list[float]:
    """The times between the deltas that arrive."""
    found: list[float] = []
    end = time.monotonic() + seconds
    last = time.monotonic()
    while time.monotonic() < end:
        for message in client.read(1.0):
            if isinstance(message, Delta) and message.seq != message.prev:
                now = time.monotonic()
                found.append(now - last)
                last = now
    return found


def idle(quick: bool) -> Iterator[Figure]:
    """Instructions a call, with an inspector that nobody uses and without."""
    with_one, without = instructions_per_call(200 if quick else 1000)
    more = (with_one / without - 1) * 100
    note = f"{with_one:.0f} against {without:.0f} instructions"
    yield Figure("more for a call while nobody is attached", more, "%", 0.5, note)


PARTS = {"cost": cost, "attach": attach, "stalled": stalled, "idle": idle}


def main() -> int:
    """Measure what was asked for, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.inspector",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    args = parser.parse_args()
    unknown = set(args.parts) - set(PARTS)
    if unknown:
        parser.error(f"parts are {', '.join(PARTS)}")
    missed = False
    for part in args.parts or PARTS:
        print(part, flush=True)
        for figure in PARTS[part](args.quick):
            print(figure.line(), flush=True)
            missed |= figure.value > figure.target
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
