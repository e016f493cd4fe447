"""A flood: many producers cast into one bounded server; does anybody starve?

Run as ``python -m bench.flood``. Producers cast as fast as they can, with
`cast_wait`, into one server; meanwhile another server is called again and again, and
the flooded one is asked for its state. Reported: the other server's call latencies,
the mailbox's peak, the memory, and that `get_state` and `stop` still answer.
"""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import time

import trio

from trio_sup import GenServer, ServerRef, call, cast, child, open_supervisor


class Flooded(GenServer):
    """Counts what it is sent."""

    def __init__(self) -> None:
        self.seen = 0

    @cast
    async def note(self) -> None:
        """Take one message."""
        self.seen += 1


class Bystander(GenServer):
    """Wants to be left alone."""

    @call
    async def ping(self) -> int:
        """Answer."""
        return 1


async def produce(flooded: ServerRef[Flooded], n: int) -> None:
    """Cast n messages, waiting for room."""
    for _ in range(n):
        await flooded.cast_wait(Flooded.note)


async def measure_calls(ref: ServerRef[Bystander], latencies: list[float]) -> None:
    """Call until cancelled, and note how long each call took."""
    while True:
        began = time.perf_counter()
        await ref.call(Bystander.ping)
        latencies.append(time.perf_counter() - began)
        await trio.sleep(0.001)


async def ask_state(ref: ServerRef[Flooded], waits: list[float]) -> None:
    """Ask for the state until cancelled, and note how long it took."""
    while True:
        began = time.perf_counter()
        await ref.get_state()
        waits.append(time.perf_counter() - began)
        await trio.sleep(0.05)


async def flood(casts: int, producers: int) -> int:
    """Run the flood and print what was seen; 1 if a promise was broken."""
    latencies: list[float] = []
    waits: list[float] = []
    async with open_supervisor([child(Flooded), child(Bystander)]) as sup:
        flooded = sup.server(Flooded, "Flooded")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        async with trio.open_nursery() as watchers:
            watchers.start_soon(
                measure_calls, sup.server(Bystander, "Bystander"), latencies
            )
            watchers.start_soon(ask_state, flooded, waits)
            async with trio.open_nursery() as nursery:
                for _ in range(producers):
                    nursery.start_soon(produce, flooded, casts // producers)
            watchers.cancel_scope.cancel()
        took = time.perf_counter() - began
        statistics = flooded.statistics()
        exit = await flooded.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * q)] * 1e3 for q in (0.5, 0.99))
    print(f"{casts} casts of {producers} producers in {took:.1f} s")
    print(f"  mailbox peak {statistics.peak} of {statistics.capacity:g}")
    print(f"  memory grown by {grown} kB")
    print(f"  other server: {len(latencies)} calls, p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    print(f"  get_state: {len(waits)} answers, slowest {max(waits) * 1e3:.1f} ms")
    print(f"  stop: {exit}")
    bounded = statistics.peak <= statistics.capacity + 1 and grown < 20_000
    return 0 if bounded and exit.kind == "normal" and waits else 1


def main() -> int:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--casts", type=int, default=1_000_000)
    parser.add_argument("--producers", type=int, default=100)
    args = parser.parse_args()
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    return trio.run(flood, args.casts, args.producers)


if __name__ == "__main__":
    sys.exit(main())
