"""Memory: bytes a child, and whether a crash loop grows.

Run as ``python -m bench.memory``. The bytes are `tracemalloc`'s, which repeat
exactly; the crash loop reports the process's resident memory as well.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import resource
import sys
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import trio
import trio.testing

from bench.library import Echo
from bench.report import Figure, Say
from trio_sup import child, dynamic_supervisor, open_supervisor
from trio_sup._core.remains import WHOLE

HEAVY = 10_000_000


async def bare_bytes(n: int) -> float:
    """Bytes of a parked task in a scope of its own."""

    async def stay() -> None:
        with trio.CancelScope():
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        before = _traced()
        for _ in range(n):
            nursery.start_soon(stay)
        await trio.testing.wait_all_tasks_blocked()
        after = _traced()
        nursery.cancel_scope.cancel()
    return (after - before) / n


async def child_bytes(n: int, *, server: bool) -> float:
    """Bytes of an idle supervised child."""

    async def stay() -> None:
        await trio.sleep_forever()

    spec = child(Echo) if server else child(stay)
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        before = _traced()
        for _ in range(n):
            await dynamic.start_child(spec)
        await trio.testing.wait_all_tasks_blocked()
        return (_traced() - before) / n


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def crash_loop(restarts: int, hours: float) -> list[tuple[int, int, int]]:
    """Crash a child again and again over virtual time.

    Returns:
        (restarts so far, traced bytes, resident kB), ten times.
    """
    pause = hours * 3600 / restarts
    count = 0
    samples: list[tuple[int, int, int]] = []
    done = trio.Event()

    async def crash() -> None:
        nonlocal count
        pin = bytearray(10_000)  # what a kept frame would keep alive
        await trio.sleep(pause)
        count += 1
        if count % (restarts // 10) == 0:
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            samples.append((count, _traced(), rss))
        if count >= restarts:
            done.set()
            await trio.sleep_forever()
        raise ValueError(len(pin))

    async with open_supervisor([child(crash)], max_restarts=10**9, max_seconds=1):
        await done.wait()
    return samples


async def fail_with_locals() -> None:
    pinned = bytearray(HEAVY)
    await trio.lowlevel.checkpoint()
    raise ValueError(len(pinned))


async def fail_with_payload() -> None:
    await trio.lowlevel.checkpoint()
    json.loads("x" * HEAVY)


async def heavy_crashes(fail: Callable[[], Awaitable[None]], crashes: int) -> int:
    """Return how many bytes more are kept after many heavy crashes, nothing collected."""
    lives = 0
    start, done = trio.Event(), trio.Event()

    async def worker() -> None:
        nonlocal lives
        await start.wait()
        lives += 1
        if lives > crashes:
            done.set()
            await trio.sleep_forever()
        await fail()

    async with open_supervisor([child(worker)], max_restarts=10**9, max_seconds=1):
        before = _traced()
        gc.disable()
        try:
            start.set()
            await done.wait()
            return tracemalloc.get_traced_memory()[0] - before
        finally:
            gc.enable()


def measure(scale: float, say: Say) -> Iterator[Figure]:
    """Measure bytes and growth, for a table; `main` tells more and judges."""
    children, restarts = max(100, int(10_000 * scale)), max(100, int(20_000 * scale))
    tracemalloc.start()
    try:
        say(f"memory: {children} children")
        bare = trio.run(bare_bytes, children)
        yield Figure(f"parked task in its own scope, one of {children:,}", bare, "B")
        for name, server in (
            ("supervised function", False),
            ("supervised server", True),
        ):
            size = trio.run(partial(child_bytes, children, server=server))
            note = f"{size / bare:.2f} of the task"
            yield Figure(f"{name}, one of {children:,}", size, "B", note)
        say(f"memory: {restarts} restarts")
        clock = trio.testing.MockClock(autojump_threshold=0)
        samples = trio.run(crash_loop, restarts, 1.0, clock=clock)
        grown = samples[-1][1] - samples[1][1]
        yield Figure(f"growth over {restarts:,} restarts in an hour", grown, "B")
    finally:
        tracemalloc.stop()
        say("")


def main() -> int:
    """Print the figures; 1 if a crash loop grows."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--children", type=int, default=10_000)
    parser.add_argument("--restarts", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=1.0, help="virtual hours")
    parser.add_argument("--heavy", type=int, default=1_000, help="heavy crashes")
    args = parser.parse_args()
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    tracemalloc.start()
    bare = trio.run(bare_bytes, args.children)
    print(f"bytes of one of {args.children} idle children (tracemalloc)")
    print(f"  {'parked task in its own scope':<32} {bare:>8.0f}")
    for name, server in (("supervised function", False), ("supervised server", True)):
        size = trio.run(partial(child_bytes, args.children, server=server))
        print(f"  {name:<32} {size:>8.0f}  {size / bare:.2f} x")
    clock = trio.testing.MockClock(autojump_threshold=0)
    samples = trio.run(crash_loop, args.restarts, args.hours, clock=clock)
    print(f"\ncrash loop: {args.restarts} restarts in {args.hours:g} virtual hours")
    for count, traced, rss in samples:
        print(f"  {count:>9} restarts  {traced:>10} bytes traced  {rss:>8} kB resident")
    growth = samples[-1][1] - samples[1][1]
    print(f"  growth after the warm-up: {growth} bytes")
    print(f"\nkept after {args.heavy} crashes with {HEAVY} bytes each")
    kept = []
    for fail in (fail_with_locals, fail_with_payload):
        kept.append(trio.run(heavy_crashes, fail, args.heavy))
        print(f"  {fail.__name__:<32} {kept[-1]:>10} bytes")
    return 0 if growth < 20_000 and max(kept) <= WHOLE else 1


if __name__ == "__main__":
    sys.exit(main())
