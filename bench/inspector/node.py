"""A node of many servers, for the bench: ``python -m bench.inspector.node N DIR``.

Reads words from stdin, one a line: ``quiet``, ``spread`` (100 servers anywhere get a
message each tick), ``hot`` (the first 100 do), ``flood`` (1000 anywhere, ten times a
second). Says ``ready SOCKET`` once the tree stands.
"""

from __future__ import annotations

import argparse
import gc
import logging
import random
from pathlib import Path

import trio

from trio_sup import (
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
LOADS = {"quiet": (0, 0.25), "spread": (100, 0.25), "hot": (100, 0.25)}
FLOOD = (1000, 0.1)


class Worker(GenServer):
    """Takes messages."""

    @cast
    async def note(self) -> None:
        """Do nothing."""


class Load:
    """Sends messages at the rate of the load that is asked for."""

    def __init__(self, workers: list[ServerRef[Worker]]) -> None:
        self.word = "quiet"
        self._workers = workers

    async def run(self) -> None:
        """Send for ever."""
        while True:
            count, pause = FLOOD if self.word == "flood" else LOADS[self.word]
            if self.word == "hot":
                chosen = self._workers[:count]
            else:
                chosen = random.sample(self._workers, min(count, len(self._workers)))
            for worker in chosen:
                worker.cast(Worker.note)
            await trio.sleep(pause)

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
    size = max(1, n // GROUPS)
    groups = [
        supervisor(
            [child(Worker, id=f"w{i:06}") for i in range(first, min(first + size, n))],
            id=f"g{first // size:04}",
        )
        for first in range(0, n, size)
    ]
    async with open_supervisor(groups, id="top") as top:
        load = Load(_workers(top))
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


def _workers(top: Supervisor) -> list[ServerRef[Worker]]:
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
