"""Longer searches: ``python -m tests.processes kills|restarts|flood --count N``."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import random
import resource
import tempfile
import time
from pathlib import Path

import trio

from tests.processes.killing import kill_a_node
from tests.processes.programs import children_of, handle, open_files, python, shell
from tests.processes.test_output import FLOOD
from trio_sup import open_supervisor


def kills(count: int) -> bool:
    """Kill so many nodes, at any moment, and look who is left."""
    bad, slowest = 0, 0.0
    for number in range(count):
        with tempfile.TemporaryDirectory() as directory:
            left, seconds = kill_a_node(Path(directory), random.uniform(0, 0.2))
            bad += bool(left)
            slowest = max(slowest, seconds)
            print(f"{number + 1}: left {left} after {seconds:.2f} s", flush=True)
    print(f"{count - bad} of {count} left no process; the slowest took {slowest:.2f} s")
    return not bad


def restarts(count: int) -> bool:
    """Restart a program so often, and look what has grown."""

    def snapshot() -> tuple[int, int, int]:
        gc.collect()
        tasks = trio.lowlevel.current_statistics().tasks_living
        return len(open_files()), len(children_of(os.getpid())), tasks

    async def main() -> bool:
        spec = shell("echo out; echo err >&2; exit 1")
        async with open_supervisor([spec], max_restarts=10**9) as tree:
            made = handle(tree, "sh")
            while made.restarts < 5:
                await trio.sleep(0.01)
            await tree.terminate_child("sh")
            before = snapshot()
            began = time.monotonic()
            await tree.restart_child("sh")
            while made.restarts < count:
                await trio.sleep(0.01)
            await tree.terminate_child("sh")
            took = time.monotonic() - began
            after = snapshot()
        print(
            f"files, processes, tasks: {before} before, {after} after {count} restarts"
        )
        print(f"{1e3 * took / count:.1f} ms each")
        return before == after

    logging.disable(logging.CRITICAL)
    return trio.run(main)


def flood(megabytes: int) -> bool:
    """Let a program write so much, and look at memory and at the longest pause."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await trio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before - 0.001)

    async def main() -> None:
        async with open_supervisor([]) as tree, trio.open_nursery() as nursery:
            nursery.start_soon(tick)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            began = time.monotonic()
            pieces = str(megabytes * 10**6 // 64000)
            spec = python(FLOOD, pieces, id="flood", restart="temporary")
            await (await tree.start_child(spec)).wait_exit()
            took = time.monotonic() - began
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            nursery.cancel_scope.cancel()
        print(
            f"{megabytes} MB in {took:.1f} s ({megabytes / took:.0f} MB/s); memory grew "
            f"by {grown / 1024:.1f} MiB; the longest pause was {1e3 * longest:.1f} ms"
        )

    trio.run(main)
    return True


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.processes")
    parser.add_argument("what", choices=["kills", "restarts", "flood"])
    parser.add_argument("--count", type=int, default=0, help="nodes, restarts, or MB")
    given = parser.parse_args()
    doing, usual = {
        "kills": (kills, 100),
        "restarts": (restarts, 1000),
        "flood": (flood, 2000),
    }[given.what]
    raise SystemExit(not doing(given.count or usual))


if __name__ == "__main__":
    main()
