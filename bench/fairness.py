"""How long calls take beside crashes, a flood, and the stop of very many.

Who calls does nothing else, so the loop never idles, and what is measured is the
processor time of its thread: what another process takes makes no call longer.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import trio

from bench.library import Echo
from bench.report import Figure, Say
from trio_sup import Mailbox, child, dynamic_supervisor, open_supervisor

CALLS = 4_000
STOPPED = 10_000
PRODUCERS = 50

Beside: TypeAlias = Callable[[int], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def nothing(_: int) -> AsyncGenerator[None]:
    """Nobody else does anything."""
    yield


@asynccontextmanager
async def crashes(_: int) -> AsyncGenerator[None]:
    """1,000 crashes a second, each with its restart: ten children, every 10 ms."""

    async def crash() -> None:
        await trio.sleep(0.01)
        raise ValueError

    specs = [child(crash, id=i) for i in range(10)]
    async with open_supervisor(specs, max_restarts=10**9, id="storm"):
        yield


@asynccontextmanager
async def flood(_: int) -> AsyncGenerator[None]:
    """Fifty producers that cast into one server as fast as it takes."""
    spec = child(Echo, mailbox=Mailbox(64))
    async with open_supervisor([spec], id="flooded") as sup:
        ref = sup.server(Echo, "Echo")

        async def produce() -> None:
            while True:
                await ref.cast_wait(Echo.note)

        async with trio.open_nursery() as nursery:
            for _ in range(PRODUCERS):
                nursery.start_soon(produce)
            yield
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def a_stop(stopped: int) -> AsyncGenerator[None]:
    """A supervisor of very many stops meanwhile."""

    async def stay() -> None:
        await trio.sleep_forever()

    async with open_supervisor([dynamic_supervisor(id="d")], id="crowd") as sup:
        dynamic, spec = sup.dynamic("d"), child(stay)
        for _ in range(stopped):
            await dynamic.start_child(spec)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dynamic.stop)
            yield


SITUATIONS: tuple[tuple[str, Beside], ...] = (
    ("nothing else", nothing),
    ("1,000 crashes a second", crashes),
    ("a flood of another server", flood),
    ("the stop of {stopped:,} children", a_stop),
)


async def latencies(beside: Beside, calls: int, stopped: int) -> list[float]:
    """How long each of so many calls took, in order of length."""
    found: list[float] = []
    async with open_supervisor([child(Echo)], id="quiet") as sup:
        ref = sup.server(Echo, "Echo")
        async with beside(stopped):
            for _ in range(calls):
                began = time.thread_time()
                await ref.call(Echo.ping)
                found.append(time.thread_time() - began)
    return sorted(found)


def measure(scale: float, say: Say) -> Iterator[Figure]:
    """Measure each situation."""
    calls = max(200, int(CALLS * scale))
    stopped = max(100, int(STOPPED * scale))
    for text, beside in SITUATIONS:
        what = text.format(stopped=stopped)
        say(f"fairness: beside {what}")
        # During a stop there are only so many turns.
        times = min(calls, stopped // 20) if beside is a_stop else calls
        found = trio.run(latencies, beside, times, stopped)
        for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
            value = found[min(len(found) - 1, int(len(found) * share))] * 1e3
            yield Figure(f"call beside {what}, {name}", value, "ms")
        yield Figure(f"call beside {what}, longest", found[-1] * 1e3, "ms")
    say("")
