"""The node whose looks are counted: ``python -m bench.inspector.counted_node DIR``.

It runs under valgrind (`bench.counting.sections`) on a clock that jumps from one thing
to do to the next. For each load it goes on for some looks alone, then with a client in
the same process that only reads: the difference is what it is to be looked at. What the
client reads is left in DIR (`heard`) for `counted_viewer`.

``--where`` tells the bytecodes of each function instead, and needs no valgrind;
``--load storm`` does it for one load.
"""

from __future__ import annotations

import argparse
import gc
import logging
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio

from bench.bytecodes import Counting
from bench.counted import InOrder, Readings, nothing, read
from bench.inspector.counters import OF_NODE, Counters
from bench.inspector.heard import Heard, keep
from bench.inspector.node import LOADS, TICK, Load, groups_of, workers_of
from bench.lap import Lap
from bench.steady import SteadyClock
from trio_sup import open_inspector, open_supervisor
from trio_sup.inspect.node import hub, watchdog
from trio_sup.inspect.node.table import WALK_EVERY
from trio_sup.inspect.protocol.codec import encode, server_decoder
from trio_sup.inspect.protocol.wire import Attach, SnapEnd

CHILDREN: Final = 10_000
COUNTED: Final = ("spread", "hot", "storm", "loop")
"""The loads, in this order."""
SETTLE: Final = 8
"""Looks that are not counted: CPython specialises what runs."""
LOOKS: Final = WALK_EVERY + 1
"""Looks that are: in one of them the node walks over its whole tree."""
OLD: Final = 100.0
"""Seconds for which the children run before: their up-times are minutes."""


class Reader:
    """A client that reads, and keeps what it has read."""

    def __init__(self) -> None:
        self.heard: Heard = []

    async def run(
        self,
        path: str,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Attach, and read for ever; started once it has the whole tree."""
        decoder, whole = server_decoder(), False
        async with await trio.open_unix_socket(path) as stream:
            await stream.send_all(encode(Attach(1, "bench")))
            async for data in stream:
                self.heard.append((trio.current_time(), bytes(data)))
                if not whole and any(
                    isinstance(message, SnapEnd)
                    for message in decoder.feed(bytes(data))
                ):
                    whole = True
                    task_status.started()


class Section:
    """Counts some looks, by instructions or, to tell where, by bytecodes."""

    def __init__(self, looks: int, *, where: bool) -> None:
        self._looks = looks
        self._where = where

    async def count(self, load: Load, who: str) -> None:
        """Go on for some looks, and print what that took."""
        await go_on(load, SETTLE)
        lap: Lap = Counting() if self._where else Readings()
        gc.collect()
        gc.disable()
        with lap:
            await go_on(load, self._looks)
        gc.enable()
        if isinstance(lap, Counting):
            print("\n".join(lap.told(f"{load.word}, {who}", self._looks)), end="\n\n")
        elif isinstance(lap, Readings):
            print(load.word, who, self._looks, *lap.processes, sep="\t", flush=True)


async def go_on(load: Load, looks: int) -> None:
    """Send what is due while so many looks are taken."""
    _, pause = LOADS[load.word]
    for _ in range(round(looks * TICK / pause)):
        load.send()
        await trio.sleep(pause)


async def main(
    directory: Path, loads: Sequence[str], children: int, section: Section
) -> None:
    """Count what each load takes, alone and with a reader."""
    async with open_supervisor(groups_of(children), id="top") as top:
        load = Load(workers_of(top), Counters(directory / OF_NODE))
        await trio.sleep(OLD)
        gc.collect()
        gc.freeze()
        async with open_inspector("bench", runtime_dir=directory / "run") as inspection:
            assert inspection.path is not None, inspection.problem
            for load.word in loads:
                random.seed(1)
                await section.count(load, "alone")
                random.seed(1)
                reader = Reader()
                async with trio.open_nursery() as nursery:
                    await nursery.start(reader.run, str(inspection.path))
                    await section.count(load, "attached")
                    nursery.cancel_scope.cancel()
                keep(reader.heard, load.word, directory)


def leave_real_time_out() -> None:
    """Under valgrind all takes fifty times as long: that must not count."""
    setattr(trio._core._run, "_r", InOrder())  # noqa: B010
    # No look is put off because the last one took long, and the thread that looks
    # for what holds the loop sleeps.
    setattr(hub, "SHARE", 0)  # noqa: B010
    setattr(watchdog, "LOOK_SECONDS", 1e6)  # noqa: B010


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--load", action="append", choices=COUNTED)
    parser.add_argument("--children", type=int, default=CHILDREN)
    parser.add_argument("--looks", type=int, default=LOOKS)
    args = parser.parse_args()
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    leave_real_time_out()
    if not args.where:
        print("", *read(nothing, 5)[-2:], sep="\t", flush=True)
    section = Section(args.looks, where=args.where)
    what = args.directory, args.load or COUNTED, args.children, section
    trio.run(main, *what, clock=SteadyClock())
