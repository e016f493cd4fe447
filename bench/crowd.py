"""Start and stop of 100,000 children, and how long the loop stands still meanwhile."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

import trio
import trio.testing

from bench.report import Figure, Say
from trio_sup import child, dynamic_supervisor, open_supervisor

MANY = 100_000

Body: TypeAlias = Callable[[int], Awaitable[list[tuple[str, float, str]]]]


class Heartbeat:
    """Notes the longest time between two turns of a task that always wants one.

    In processor time of the loop's thread: what another process takes is no stall.
    """

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        """Take every turn that there is."""
        last = time.thread_time()
        while True:
            await trio.lowlevel.checkpoint()
            now = time.thread_time()
            self.longest = max(self.longest, now - last)
            last = now


async def stay() -> None:
    await trio.sleep_forever()


async def some_turns() -> None:
    """Let every other task have its turn, and the heartbeat note it."""
    for _ in range(3):
        await trio.lowlevel.checkpoint()


def resident() -> int | None:
    """Resident bytes of this process, None where the kernel does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


async def supervised(n: int, *, beat: bool) -> list[tuple[str, float, str]]:
    """One start and one stop of n children."""
    found: list[tuple[str, float, str]] = []
    pulse = Heartbeat()
    async with trio.open_nursery() as nursery:
        if beat:
            nursery.start_soon(pulse.beat)
        stack = open_supervisor([dynamic_supervisor(id="d")])
        async with stack as sup:
            dynamic, spec = sup.dynamic("d"), child(stay)
            before, began = resident(), time.process_time()
            for _ in range(n):
                await dynamic.start_child(spec)
            if not beat:
                took = (time.process_time() - began) / n * 1e6
                found.append(("start_child, each", took, "us"))
                after = resident()
                if before is not None and after is not None:
                    found.append(("resident memory, each", (after - before) / n, "B"))
            else:
                found.append(("longest stall, start", pulse.longest * 1e3, "ms"))
            pulse.longest, began = 0.0, time.process_time()
        if not beat:
            took = (time.process_time() - began) / n * 1e6
            found.append(("stop, each", took, "us"))
        else:
            await some_turns()
            found.append(("longest stall, stop", pulse.longest * 1e3, "ms"))
        nursery.cancel_scope.cancel()
    return found


async def bare(n: int) -> list[tuple[str, float, str]]:
    """The same number of tasks with a scope each, in a plain nursery."""

    async def scoped() -> None:
        with trio.CancelScope():
            await trio.sleep_forever()

    pulse = Heartbeat()
    async with trio.open_nursery() as outer:
        outer.start_soon(pulse.beat)
        await some_turns()
        async with trio.open_nursery() as nursery:
            for _ in range(n):
                nursery.start_soon(scoped)
            await some_turns()
            start, pulse.longest = pulse.longest, 0.0
            nursery.cancel_scope.cancel()
        await some_turns()
        outer.cancel_scope.cancel()
    return [
        ("longest stall, start", start * 1e3, "ms"),
        ("longest stall, stop", pulse.longest * 1e3, "ms"),
    ]


def measure(scale: float, say: Say) -> Iterator[Figure]:
    """Measure; the stalls apart from the times, since the heartbeat costs."""
    n = max(100, int(MANY * scale))
    times, stalls = partial(supervised, beat=False), partial(supervised, beat=True)
    runs: tuple[tuple[str, Body, bool], ...] = (
        ("children", times, False),
        ("children", stalls, False),
        ("children, collector off", stalls, True),
        ("tasks of a nursery, collector off", bare, True),
    )
    for what, run, off in runs:
        say(f"crowd: {n} {what}")
        gc.collect()
        if off:
            gc.disable()
        try:
            for name, value, unit in trio.run(run, n):
                yield Figure(f"{n:,} {what}: {name}", value, unit)
        finally:
            gc.enable()
    say("")
