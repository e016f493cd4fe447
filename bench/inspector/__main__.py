"""What looking costs: ``python -m bench.inspector [--quick] [PART ...]``.

Parts:

    cost     a node of 10,000 children, 100 of them visible, 100 changes a tick at
             4 Hz: how much of a core the node and the application take
    storm    the same while 5,000 children a minute fail, anywhere and in one place
    attach   from the connection to the first painted rows, at 10,000 and 100,000
    stalled  what a client that stops reading adds to the node's memory, and to the
             time that another one waits
    idle     what a call costs while an inspector could attach but nobody does, in
             instructions (needs valgrind; some minutes)
    count    what one look costs node and application under the loads of cost and
             storm, in instructions (needs valgrind; some minutes)

Instructions are the same whatever else the machine does, so that commits can be
compared; of both sides four looks a second are counted with all that belongs to them.
What share of a core they are is worked out from how fast this machine is at such work.

Figures of processes are processor time, as the kernel counts it. On a machine that does
other things as well they come late, and are up to five times as large, since caches and
cores are shared: there each says how long it waited for a processor, and one that is too
large is not judged. The node's share is the difference to the same load with nobody attached, measured in turns, so
that the load itself does not count. What is being done is said on stderr. The exit code
is 1 if a figure misses its target.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import astuple, evolve, frozen

from bench.inspector.count import looks
from bench.inspector.idle import instructions_per_call
from bench.inspector.node import TICK
from bench.inspector.processes import (
    Node,
    RawClient,
    Screen,
    cpu_seconds,
    node,
    progress,
    resident,
    waited_seconds,
)
from bench.inspector.shares import Shares, shares
from trio_sup.inspect.protocol.wire import Delta


@frozen
class Figure:
    """One figure and what is aimed at."""

    name: str
    value: float
    unit: str
    target: float
    note: str = ""
    busy: bool = False
    """Whether other programs took so much of the machine that it says little."""

    @property
    def missed(self) -> bool:
        """Whether it is worse than it should be, and that tells something."""
        return self.value > self.target and not self.busy

    def line(self) -> str:
        """As the table has it."""
        verdict = "  MISSED" if self.missed else ""
        if self.busy and self.value > self.target:
            verdict = "  not judged: a busy machine"
        note = f"  ({self.note})" if self.note else ""
        return (
            f"  {self.name:<52} {self.value:>8.2f} {self.unit:<4}"
            f" <= {self.target:g} {self.unit}{verdict}{note}"
        )


def cost(quick: bool) -> Iterator[Figure]:
    """CPU of node and application under two loads."""
    for load in ("spread", "hot"):
        found = _median_shares(load, quick)
        note, busy = _of_the_machine(found)
        name = f"node, {WHERE[load]}"
        yield Figure(name, found.node * 100, "%", 1.5, note, busy)
        name = f"application, {WHERE[load]}"
        yield Figure(name, found.viewer * 100, "%", 5, "", busy)


def storm(quick: bool) -> Iterator[Figure]:
    """CPU of node and application while children fail 5,000 times a minute."""
    for load in ("storm", "loop"):
        found = _median_shares(load, quick)
        note, busy = _of_the_machine(found)
        note = ", ".join(filter(None, (f"{found.restarts:.0f} restarts/min", note)))
        name = f"application, {WHERE[load]}"
        yield Figure(name, found.viewer * 100, "%", 10, note, busy)
        yield Figure(f"node, {WHERE[load]}", found.node * 100, "%", 5, "", busy)


BUSY: Final = 0.25
"""Seconds of waiting for a processor, for each that was had, on a busy machine."""


def _of_the_machine(found: Shares) -> tuple[str, bool]:
    busy = found.waited > BUSY
    note = f"waited {found.waited:.1f} s for each s of a processor" if busy else ""
    return note, busy


def _median_shares(load: str, quick: bool) -> Shares:
    seconds, rounds = (4.0, 2) if quick else (8.0, 4)
    found: list[Shares] = []
    with (
        tempfile.TemporaryDirectory() as directory,
        node(10_000, Path(directory) / "run") as running,
    ):
        for n in range(rounds):
            progress(f"{load}, {n + 1} of {rounds}")
            found.append(shares(running, Path(directory), seconds, load))
    middle = Shares(*map(statistics.median, zip(*map(astuple, found), strict=True)))
    # What else runs on the machine only ever adds; of a difference it may take as well.
    return evolve(middle, viewer=min(s.viewer for s in found))


def attach(quick: bool) -> Iterator[Figure]:
    """From the connection to the first painted rows."""
    for children, target in ((10_000, 0.5), (100_000, 2.0)):
        with (
            tempfile.TemporaryDirectory() as directory,
            node(children, Path(directory) / "run") as running,
        ):
            took = [_first_paint(running, directory) for _ in range(1 if quick else 5)]
        name = f"attach to first paint, {children:,} children, both"
        clock = statistics.median(t[0] for t in took)
        note = f"{clock:.2f} s by the clock"
        used = statistics.median(t[1] for t in took)
        busy = statistics.median(t[2] for t in took) > BUSY
        yield Figure(name, used, "s", target, note, busy)


def _first_paint(running: Node, directory: str) -> tuple[float, float, float]:
    """Seconds by the clock, on a processor, and of waiting for each of the latter."""
    before = cpu_seconds(running.pid)
    screen = Screen(running, Path(directory))
    try:
        painted = screen.wait_for(b"g0000")
        attached, used = screen.attached_at()
        of_viewer = cpu_seconds(screen.pid) - used
        of_both = cpu_seconds(running.pid) - before + of_viewer
        waited = waited_seconds(screen.pid) / cpu_seconds(screen.pid)
        return painted - attached, of_both, waited
    finally:
        screen.close()


def stalled(quick: bool) -> Iterator[Figure]:
    """A client that stops reading, beside one that goes on."""
    seconds, rounds = (3.0, 2) if quick else (5.0, 4)
    with (
        tempfile.TemporaryDirectory() as directory,
        node(10_000, Path(directory) / "run") as running,
    ):
        healthy = RawClient(running.socket, 10.0)
        healthy.attach()
        running.say("flood")
        used, waited = cpu_seconds(running.pid), waited_seconds(running.pid)
        _intervals(healthy, seconds)  # what a first client costs is there by now
        alone: list[float] = []
        beside: list[float] = []
        grown = 0
        for n in range(rounds):
            progress(f"stalled, {n + 1} of {rounds}")
            alone += _intervals(healthy, seconds)
            before = resident(running.pid)
            still = RawClient(running.socket, 10.0)
            still.attach()
            beside += _intervals(healthy, seconds)
            grown = max(grown, resident(running.pid) - before)
            still.close()
        healthy.close()
        used = cpu_seconds(running.pid) - used
        busy = (waited_seconds(running.pid) - waited) / used > BUSY
    longer = (statistics.median(beside) - statistics.median(alone)) * 1e3
    note = f"{statistics.median(beside) * 1e3:.0f} ms between two"
    yield Figure("memory for a client that stops reading", grown / 1e6, "MB", 5)
    yield Figure(
        "longer wait of another client for deltas", longer, "ms", 20, note, busy
    )


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


def count(quick: bool) -> Iterator[Figure]:
    """Instructions of a look, node and application."""
    for look in looks():
        stormy = look.load in ("storm", "loop")
        for who, spent, most in (
            ("node", look.node, 0.05 if stormy else 0.015),
            ("application", look.viewer, 0.1 if stormy else 0.05),
        ):
            note = f"{look.share(spent) * 100:.1f} % of a core of this machine"
            name = f"{who}, one look, {WHERE[look.load]}"
            target = most * A_SECOND * TICK / 1e6
            yield Figure(name, spent / 1e6, "M", target, note)


A_SECOND: Final = 4e9
"""Instructions that a core executes in a second, where the targets are shares."""
WHERE: Final = {
    "spread": "100 changes a tick, anywhere",
    "hot": "100 changes a tick, all of them visible",
    "storm": "in a storm anywhere",
    "loop": "in a storm of one child",
}
"""The loads in words."""


PARTS = {
    "cost": cost,
    "storm": storm,
    "attach": attach,
    "stalled": stalled,
    "idle": idle,
    "count": count,
}


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
            missed |= figure.missed
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
