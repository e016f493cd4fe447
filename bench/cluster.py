"""Calls between two processes over Redis, beside the link alone: ``python -m bench.cluster``.

Two processes and a redis-server of their own, on a socket in a temporary directory. The
link alone sends a message of the same size through both inboxes, and back: nothing is
looked at; on both sides a task waits for messages, as callers and servers do. Rounds of
both are interleaved. Other work on the machine is in each wall-clock time; so what the
three processes take of a processor is counted, too.

``profile`` in place of ``calls``: what they do with that time. ``names``: what 10,000
names cost a heartbeat, and the memory of node and Redis.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import trio

from bench.sampling import Samples
from trio_sup import (
    GenServer,
    call,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
)
from trio_sup._trio.beside import Beside
from trio_sup._trio.wake import Waiters
from trio_sup.cluster import GlobalRef, open_cluster
from trio_sup.cluster._backends.link import Link, LinkDown
from trio_sup.cluster._rules.words import Frame, NodeId, NodeInfo, Push
from trio_sup.cluster.redis import RedisBackend

TEXT = "x" * 40
MANY = 4096
RAW = b'[1,"ask",1000,"caller.0123456789abcdef","peer.0123456789abcdef",1000,' + (
    b'"[\\"s\\",\\"echo\\"]",1796046898329455,"echo",["' + TEXT.encode() + b'"],{}]'
)
"""As long as the message of a call."""


class Echo(GenServer):
    """Answers what it is asked."""

    samples: Samples | None = None

    @call
    async def echo(self, text: str) -> str:
        """Answer."""
        return text

    @cast
    async def note(self, text: str) -> None:
        """Take a message."""

    @call
    async def look(self) -> None:
        """Begin to look what this process does."""
        self.samples = Samples()

    @call
    async def seen(self) -> dict[str, float]:
        """Return what was seen."""
        assert self.samples is not None
        return self.samples.end()


@asynccontextmanager
async def raw_link(url: str, name: str) -> AsyncGenerator[Link, None]:
    async with RedisBackend(url, prefix="raw").connect(name, grace=0) as link:
        while True:
            try:
                await link.join(NodeInfo(NodeId(name), name), 3600)
            except LinkDown:
                await trio.sleep(0.02)
            else:
                break
        yield link


class Frames:
    """The messages of a link, for a task that waits for them."""

    def __init__(self) -> None:
        self._came = 0
        self._waiters = Waiters()

    def take(self, push: Push) -> None:
        if isinstance(push, Frame):
            self._came += 1
            self._waiters.wake()

    async def next(self) -> None:
        while not self._came:
            await self._waiters.wait()
        self._came -= 1


async def peer(url: str) -> None:
    """The other process: a server, and an echo on the bare link."""
    frames = Frames()
    async with raw_link(url, "raw-peer") as link, Beside(link.deliver, frames.take):
        async with open_cluster(RedisBackend(url), node="peer", grace=0) as own:
            async with open_supervisor([child(Echo, name=own.name("echo"))]):
                while True:
                    await frames.next()
                    link.send(NodeId("raw-caller"), RAW)


class Raw:
    """Round trips on the bare link; several at once are told apart by their order."""

    def __init__(self, link: Link, frames: Frames) -> None:
        self.link = link
        self._next = frames.next

    async def one_by_one(self, n: int) -> list[float]:
        took: list[float] = []
        for _ in range(n):
            began = time.perf_counter()
            self.link.send(NodeId("raw-peer"), RAW)
            await self._next()
            took.append(time.perf_counter() - began)
        return took

    async def many(self, n: int, at_once: int) -> float:
        began = time.perf_counter()
        for _ in range(at_once):
            self.link.send(NodeId("raw-peer"), RAW)
        for left in range(n, 0, -1):
            await self._next()
            if left > at_once:
                self.link.send(NodeId("raw-peer"), RAW)
        return n / (time.perf_counter() - began)


class Calls:
    """The same by calls."""

    def __init__(self, ref: GlobalRef[Echo]) -> None:
        self.ref = ref

    async def one_by_one(self, n: int) -> list[float]:
        took: list[float] = []
        for _ in range(n):
            began = time.perf_counter()
            await self.ref.call(Echo.echo, TEXT)
            took.append(time.perf_counter() - began)
        return took

    async def many(self, n: int, at_once: int) -> float:
        async def some() -> None:
            for _ in range(n // at_once):
                await self.ref.call(Echo.echo, TEXT)

        began = time.perf_counter()
        async with trio.open_nursery() as nursery:
            for _ in range(at_once):
                nursery.start_soon(some)
        return n // at_once * at_once / (time.perf_counter() - began)

    async def casts(self, n: int) -> float:
        """Casts in bursts that are waited for."""
        began = time.perf_counter()
        for number in range(n):
            self.ref.cast(Echo.note, TEXT)
            if number % 500 == 499:
                await self.ref.call(Echo.echo, TEXT)
        return n / (time.perf_counter() - began)


def spent(pid: int) -> float:
    """Microseconds of a processor that a process took; of Linux."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1000


async def measure_calls(url: str, rounds: int, pids: list[int]) -> None:
    frames = Frames()
    async with raw_link(url, "raw-caller") as link, Beside(link.deliver, frames.take):
        async with open_cluster(RedisBackend(url), node="caller", grace=0) as own:
            while await own.whereis("echo") is None:  # noqa: ASYNC110 - elsewhere
                await trio.sleep(0.05)
            raw, calls = Raw(link, frames), Calls(own.ref("echo", Echo))
            alone: dict[str, list[float]] = {"link": [], "call": []}
            rates: dict[str, list[float]] = {"link": [], "call": [], "cast": []}
            busy: dict[str, list[list[float]]] = {"link": [], "call": []}
            for number in range(rounds + 1):
                medians = [
                    statistics.median(await raw.one_by_one(300)),
                    statistics.median(await calls.one_by_one(300)),
                ]
                marks = [[*map(spent, pids)]]
                many: list[float] = []
                for each in (raw, calls):
                    many.append(await each.many(MANY, 256))
                    marks.append([*map(spent, pids)])
                casts = await calls.casts(4_000)
                if number:  # the first one warms up
                    for name, median, rate in zip(alone, medians, many, strict=True):
                        alone[name].append(median)
                        rates[name].append(rate)
                    for name, began, ended in zip(busy, marks, marks[1:], strict=False):
                        both = zip(began, ended, strict=True)
                        busy[name].append([(b - a) / MANY for a, b in both])
                    rates["cast"].append(casts)
    for name, took in alone.items():
        print(f"{name}: median {spread([t * 1e6 for t in took])} us one by one")
    for name, costs in busy.items():
        three = " + ".join(spread([*cost]) for cost in zip(*costs, strict=True))
        least = sum(min(cost) for cost in zip(*costs, strict=True))
        print(
            f"{name}: {three} us of a processor for caller, peer and Redis, 256 in flight"
        )
        print(
            f"{name}: at the least {least:.0f} us: two cores carry {2e6 / least:,.0f} a second"
        )
    ratio = [b / a for a, b in zip(alone["link"], alone["call"], strict=True)]
    print(f"call / link: {spread(ratio, '.2f')}")
    for name, found in rates.items():
        print(f"{name}: {spread(found)} a second, 256 in flight")


async def profile(url: str) -> None:
    """Print what both sides do with their time when 256 are in flight."""
    async with open_cluster(RedisBackend(url), node="caller", grace=0) as own:
        while await own.whereis("echo") is None:  # noqa: ASYNC110 - elsewhere
            await trio.sleep(0.05)
        ref = own.ref("echo", Echo)
        await Calls(ref).many(MANY, 256)
        await ref.call(Echo.look)
        samples = Samples()
        await Calls(ref).many(16 * MANY, 256)
        for side, seen in (
            ("caller", samples.end()),
            ("peer", await ref.call(Echo.seen)),
        ):
            print(side)
            for part, share in seen.items():
                print(f"  {share:5.0%}  {part}")


def spread(found: list[float], how: str = ",.0f") -> str:
    low, middle, high = min(found), statistics.median(found), max(found)
    return f"{middle:{how}} ({low:{how}} to {high:{how}})"


async def measure_names(url: str, names: int) -> None:
    backend = RedisBackend(url)
    async with open_cluster(backend, node="caller", grace=0, ttl=300) as own:
        session = own._membership.session()
        link, me = session.link, session.info.id

        async def beats() -> str:
            took: list[float] = []
            for _ in range(100):
                began = time.perf_counter()
                await link.beat(me)
                took.append((time.perf_counter() - began) * 1e6)
            return f"{statistics.median(took):,.0f} us"

        print(f"0 names: a heartbeat takes {await beats()}")
        gc.collect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        stored = await used(url)
        began = time.perf_counter()
        async with open_supervisor([dynamic_supervisor(id="all")]) as root:
            start = root.dynamic("all").start_child
            async with trio.open_nursery() as nursery:
                for number in range(names):
                    named = own.name(("name", number))
                    nursery.start_soon(start, child(Echo, id=number, name=named))
            took = time.perf_counter() - began
            print(f"{names:,} names: started in {took:.1f} s")
            print(f"{names:,} names: a heartbeat takes {await beats()}")
            mine = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
            print(f"a named child takes {mine / names:,.0f} bytes here")
            theirs = (await used(url) - stored) / names
            print(f"a name takes {theirs:,.0f} bytes in Redis")


async def used(url: str) -> int:
    from trio_sup.cluster._backends.redis_wire import Address, open_wire

    async with open_wire(Address.of(url, None), print, 5) as wire:
        text = (await wire.ask("INFO", "memory")).decode()
    line = next(one for one in text.splitlines() if one.startswith("used_memory:"))
    return int(line.partition(":")[2])


@contextmanager
def server() -> Generator[tuple[str, int], None, None]:
    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        path = Path(directory) / "redis.sock"
        words = ["redis-server", "--port", "0", "--save", "", "--loglevel", "warning"]
        place = ["--unixsocket", str(path)]
        redis = subprocess.Popen([*words, *place], stdout=subprocess.DEVNULL)
        try:
            while not path.exists():
                time.sleep(0.02)
            yield f"unix://{path}", redis.pid
        finally:
            redis.terminate()
            redis.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.cluster", description=__doc__
    )
    parser.add_argument(
        "what", nargs="?", default="calls", choices=("calls", "profile", "names")
    )
    parser.add_argument("--rounds", type=int, default=9, help="of calls (9)")
    parser.add_argument("--names", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    args = parser.parse_args()
    logging.disable()
    if args.peer:
        trio.run(peer, args.peer)
        return
    with server() as (url, redis):
        if args.what == "names":
            trio.run(measure_names, url, args.names)
            return
        words = [sys.executable, "-m", "bench.cluster", "--peer", url]
        other = subprocess.Popen(words)
        try:
            if args.what == "profile":
                trio.run(profile, url)
            else:
                pids = [os.getpid(), other.pid, redis]
                trio.run(measure_calls, url, args.rounds, pids)
        finally:
            other.kill()
            other.wait()


if __name__ == "__main__":
    main()
