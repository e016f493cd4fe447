"""The application whose looks are counted: ``python -m bench.inspector.counted_viewer DIR``.

It runs under valgrind (`bench.counting.sections`), without a terminal but writing all
that one would get, beside a server that says what `counted_node` has left in DIR. The
clock jumps from one thing to do to the next, so that the application does in a look
what it does in one of a quarter of a second: it reads, decodes, applies, writes the
lines, has Textual compose them, and makes the terminal's bytes of it.

``--where`` tells the bytecodes of each function instead, and needs no valgrind.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from textual import _time, message_pump
from textual.drivers.headless_driver import HeadlessDriver

from bench.bytecodes import Counting
from bench.counted import Readings, nothing, read
from bench.inspector.counted_node import COUNTED, SETTLE
from bench.inspector.heard import SPEED, Heard, decode, recall
from bench.inspector.jumping import JumpingClock, JumpingLoop
from bench.inspector.processes import COLUMNS, ROWS
from bench.lap import Lap
from trio_sup_inspector import app
from trio_sup_inspector.app import InspectorApp
from trio_sup_inspector.connection import Target
from trio_sup_inspector.settings import Settings

LOOKS: Final = 16
"""Looks that are counted, after those that are not."""
TERMINAL: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}

Tell = Callable[[Lap, str, int], None]
"""Tells what a lap was of, and how many looks it had."""


class Replaying:
    """A server that says what a node said, at the same intervals."""

    def __init__(self, heard: Heard, clock: JumpingClock) -> None:
        self._heard = heard
        self._clock = clock

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Say it to one client, or until it has gone."""
        shift = self._clock() - self._heard[0][0]
        try:
            for at, data in self._heard:
                await asyncio.sleep(max(0.0, at + shift - self._clock()))
                if reader.at_eof():
                    return
                writer.write(data)
                await writer.drain()
            await reader.read()
        except ConnectionError:
            pass  # somebody only looked whether anybody listens
        finally:
            writer.close()


class Driver(HeadlessDriver):
    """Takes what a terminal would get."""

    @property
    def is_headless(self) -> bool:
        """Say that there is a terminal: else Textual makes no bytes for one."""
        return False

    def flush(self) -> None:
        """There is nobody to give it to."""


class Counted(InspectorApp):
    """Counts its looks."""

    # Textual looks for it beside the class.
    CSS_PATH = str(Path(app.__file__).with_name("inspector.tcss"))

    def __init__(self, target: Target, settings: Settings) -> None:
        super().__init__(target, settings)
        self.driver_class = Driver
        self._looks = 0
        self._looked = asyncio.Event()

    def tick(self) -> None:
        """Look, and tell of it."""
        super().tick()
        self._looks += 1
        self._looked.set()

    async def look(self, times: int) -> None:
        """Go on until it has looked so often."""
        until = self._looks + times
        while self._looks < until:
            self._looked.clear()
            await self._looked.wait()

    async def look_counted(self, load: str, looks: int, lap: Lap, tell: Tell) -> None:
        """Count some looks, once there is something to see."""
        while self.main is None or not self.main.state.model.rows:
            await self.look(1)
        await self.look(SETTLE)
        gc.collect()
        gc.disable()
        with lap:
            await self.look(looks)
        gc.enable()
        tell(lap, load, looks)
        self.exit()


async def count(
    load: str, looks: int, directory: Path, clock: JumpingClock, lap: Lap, tell: Tell
) -> None:
    """Run the application beside a node under a load, and tell what looks take."""
    socket = directory / f"{load}.1.sock"
    serve = Replaying(recall(load, directory), clock).serve
    server = await asyncio.start_unix_server(serve, socket)
    socket.chmod(0o600)
    settings = Settings(clock=clock, wall=lambda: 1.7e9, jitter=lambda: 0.5)
    viewer = Counted(Target(directory, str(socket)), settings)
    async with server:
        counting = asyncio.create_task(viewer.look_counted(load, looks, lap, tell))
        await viewer.run_async(size=(COLUMNS, ROWS))
        if not counting.done():
            raise SystemExit("the application ended by itself")


def count_speed(load: str, directory: Path, tell: Tell) -> None:
    """Tell what `decode` takes."""
    heard, lap = recall(load, directory), Readings()
    decode(heard)
    gc.collect()
    gc.disable()
    with lap:
        decode(heard)
    gc.enable()
    tell(lap, SPEED, 1)


def leave_real_time_out(clock: JumpingClock) -> None:
    """Have Textual go by another clock."""
    modules: tuple[Any, ...] = (time, _time, _time, message_pump)
    for module, name in zip(
        modules, ("monotonic", "time", "get_time", "time"), strict=True
    ):
        setattr(module, name, clock)


def teller(out: IO[str]) -> Tell:
    """Return what tells of laps in such a file."""

    def tell(lap: Lap, what: str, looks: int) -> None:
        if isinstance(lap, Counting):
            print("\n".join(lap.told(what, looks)), end="\n\n", file=out, flush=True)
        elif isinstance(lap, Readings):
            print(what, looks, *lap.processes, sep="\t", file=out, flush=True)

    return tell


def main() -> None:
    """Count what each load takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--where", action="store_true")
    parser.add_argument("--load", action="append", choices=COUNTED)
    parser.add_argument("--looks", type=int, default=LOOKS)
    args = parser.parse_args()
    os.environ.pop("NO_COLOR", None)
    os.environ.update(TERMINAL)
    # Textual takes stdout for itself while an application runs.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    tell, clock, directory = teller(out), JumpingClock(), args.directory.resolve()
    loads: list[str] = args.load or [*COUNTED]
    if not args.where:
        print("", *read(nothing, 5)[-2:], sep="\t", file=out, flush=True)
        count_speed(loads[0], directory, tell)
    leave_real_time_out(clock)
    directory.chmod(0o700)
    for load in loads:
        lap: Lap = Counting() if args.where else Readings()
        with asyncio.Runner(loop_factory=lambda: JumpingLoop(clock)) as runner:
            runner.run(count(load, args.looks, directory, clock, lap, tell))


if __name__ == "__main__":
    main()
