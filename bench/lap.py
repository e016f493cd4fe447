"""What a body of work is measured with: the body says which of its steps count.

A body does its work some number of times and marks the part that counts::

    async def calls(n: int, lap: Lap) -> None:
        async with open_supervisor([child(Echo)]) as sup:
            with lap:
                ...

So the same body serves a warm-up, a clock, and a counter of instructions.
"""

from __future__ import annotations

import time

import trio


class Lap:
    """Measures nothing: a warm-up."""

    clock: trio.abc.Clock | None = None
    """What Trio shall take for the time, if not the system's."""

    def start(self) -> None:
        """What counts begins."""

    def stop(self) -> None:
        """What counts has ended."""

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Clock(Lap):
    """Measures processor time, of all threads, and time on the wall.

    Peers with threads of their own work in these; a library on one thread has the same
    processor time as its thread.
    """

    def __init__(self) -> None:
        self.processor = 0.0
        """Seconds on a processor."""
        self.wall = 0.0
        """Seconds that went by."""

    def start(self) -> None:
        self._wall = time.perf_counter()
        self._processor = time.process_time()

    def stop(self) -> None:
        self.processor += time.process_time() - self._processor
        self.wall += time.perf_counter() - self._wall
