"""A node of many servers, for the bench: ``python -m bench.inspector.node N DIR``.

Reads words from stdin, one a line: ``quiet``, ``spread`` (100 servers anywhere get a
message each tick), ``hot`` (the first 100 do), ``flood`` (1000 anywhere, ten times a
second), ``storm`` (servers anywhere fail, 5,000 a minute), ``loop`` (a single one does).
Says ``ready SOCKET`` once the tree stands. The `Counters` beside DIR count its ticks and
what failed.
"""

from __future__ import annotations

import argparse
import gc
import logging
import random
from pathlib import Path

import trio

from bench.inspector.counters import OF_NODE, RESTARTS, TICKS, Counters
from trio_sup import (
    ChildSpec,
    GenServer,
    ServerRef,
    Supervisor,
    cast,
    child,
    open_inspector,
    open_supervisor,
    supervisor,
)

GROUPS = 100
"""Supervisors: fewer than the application folds at first."""
TICK = 0.25
"""Seconds from one tick to the next."""
STORM = 5000
"""Failures a minute."""
LOADS = {
    "quiet": (0, TICK),
    "spread": (100, TICK),
    "hot": (100, TICK),
    "flood": (1000, 0.1),
    "storm": (round(STORM / 60 * TICK), TICK),
    "loop": (1, 60 / STORM),
}


class Worker(GenServer):
    """Takes messages."""

    @cast
    async def note(self) -> None:
        """Do nothing."""

    @cast
    async def fail(self) -> None:
        """Fail."""
        raise RuntimeError("a failure of the bench")


class Load:
    """Sends messages at the rate of the load that is asked for."""

    def __init__(self, workers: list[ServerRef[Worker]], counters: Counters) -> None:
        self.word = "quiet"
        self._workers = workers
        self._counters = counters

    async def run(self) -> None:
        """Send for ever."""
        due = trio.current_time()
        while True:
            self.send()
            self._counters[TICKS] += 1
            _, pause = LOADS[self.word]
            # On a busy machine it is late: what was missed is not made up for.
            due = max(due + pause, trio.current_time())
            await trio.sleep_until(due)

    def send(self) -> None:
        """Send what is due at once."""
        count, _ = LOADS[self.word]
        fails = self.word in ("storm", "loop")
        if self.word in ("hot", "loop"):
            chosen = self._workers[:count]
        else:
            chosen = random.sample(self._workers, min(count, len(self._workers)))
        for worker in chosen:
            worker.cast(Worker.fail if fails else Worker.note)
        if fails:
            self._counters[RESTARTS] += count

    async def obey(self) -> None:
        """Take the word of each line of stdin."""
        async with trio.lowlevel.FdStream(0) as lines:
            rest = b""
            async for data in lines:
                *whole, rest = (rest + bytes(data)).split(b"\n")
                for line in whole:
                    self.word = line.decode()


async def main(n: int, directory: Path) -> None:
    """Run the node until stdin ends."""
    async with open_supervisor(groups_of(n), id="top") as top:
        load = Load(workers_of(top), Counters(directory.parent / OF_NODE))
        # What the tree holds is old; a collection would walk it all again and again.
        gc.collect()
        gc.freeze()
        async with open_inspector("bench", runtime_dir=directory) as inspection:
            assert inspection.path is not None, inspection.problem
            print(f"ready {inspection.path}", flush=True)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(load.run)
                await load.obey()
                nursery.cancel_scope.cancel()


def groups_of(n: int) -> list[ChildSpec[Supervisor]]:
    """The supervisors of so many workers."""
    size = max(1, n // GROUPS)
    return [
        supervisor(
            [child(Worker, id=f"w{i:06}") for i in range(first, min(first + size, n))],
            id=f"g{first // size:04}",
            max_restarts=10**9,
            max_seconds=1.0,
        )
        for first in range(0, n, size)
    ]


def workers_of(top: Supervisor) -> list[ServerRef[Worker]]:
    """All workers, in order."""
    return [
        top.server(Worker, group.id, record.id)
        for group in top.record.observed_children()
        for record in group.observed_children()
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("children", type=int)
    parser.add_argument("directory", type=Path)
    args = parser.parse_args()
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    trio.run(main, args.children, args.directory)
