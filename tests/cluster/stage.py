"""Real processes on a real Redis, each with a way to it that can be broken."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path

import trio
import trio.testing
from attrs import Factory, define

from tests.cluster.fenced_store import Write, forget_written, written
from tests.cluster.proxy import Proxy, proxies
from tests.cluster.redis_server import RedisServer, redis_server

ROOT = Path(__file__).parents[2]
NODES = ("a", "b", "c")
Step = tuple[float, int, str]


@define
class Log:
    """What one process wrote, read as it grows."""

    path: Path
    node: str
    ready: bool = False
    steps: list[Step] = Factory(list[Step])
    _read: int = 0
    _rest: bytes = b""

    def follow(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            parts = line.split()
            if line == b"ready":
                self.ready = True
            elif len(parts) == 3:
                self.steps.append((float(parts[0]), int(parts[1]), self.node))


@define(eq=False)
class Stage:
    """Nodes, each in a process of its own, and the steps that they did."""

    server: RedisServer
    store: RedisServer
    ways: dict[str, Proxy]
    ttl: float
    grace: float
    processes: dict[str, subprocess.Popen[bytes]] = Factory(
        dict[str, "subprocess.Popen[bytes]"]
    )
    logs: dict[str, Log] = Factory(dict[str, Log])

    def start(self, node: str) -> None:
        """Start the process of a node, for the first time or again."""
        path = self.server.directory / f"{node}.steps"
        log = self.logs.setdefault(node, Log(path, node))
        log.ready = False
        lease = (f"unix://{self.ways[node].path}", str(self.ttl), str(self.grace))
        words = (node, *lease, str(path), str(self.store.socket))
        self.processes[node] = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.worker", *words], cwd=ROOT
        )

    def steps(self) -> list[Step]:
        """All steps, by the clock that all processes of a machine share."""
        for log in self.logs.values():
            log.follow()
        return sorted(step for log in self.logs.values() for step in log.steps)

    async def verdict(self) -> Verdict:
        """What the steps say, and the store to which they wrote."""
        return judge(self.steps(), *await written(self.store))

    async def forget_steps(self) -> None:
        """What was done until now is judged no more."""
        for log in self.logs.values():
            log.steps.clear()
        await forget_written(self.store)

    async def up(self) -> None:
        with trio.fail_after(120):
            while True:
                self.steps()
                if all(log.ready for log in self.logs.values()):
                    return
                await trio.sleep(0.05)

    async def owner(self, *, since: float, other_than: str = "") -> str:
        """Wait until a node did a step after a moment, and return it."""
        with trio.fail_after(120):
            while True:
                self.steps()
                for node, log in self.logs.items():
                    if node != other_than and log.steps and log.steps[-1][0] > since:
                        return node
                await trio.sleep(0.02)

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@asynccontextmanager
async def stage(ttl: float, *options: str, grace: float = 0.0) -> AsyncGenerator[Stage]:
    """Three nodes and a Redis, and a store to which they write."""
    with redis_server(*options) as server, redis_server() as store:
        await server.ready()
        await store.ready()
        target = server.socket
        paths = {node: server.directory / f"way-{node}" for node in NODES}
        async with proxies(paths, target) as ways:
            await trio.testing.wait_all_tasks_blocked()
            with ended(Stage(server, store, ways, ttl, grace)) as one:
                for node in NODES:
                    one.start(node)
                await one.up()
                yield one


@contextmanager
def ended(one: Stage) -> Iterator[Stage]:
    try:
        yield one
    finally:
        one.end()


PAUSE = 0.1
"""Seconds without a step, of one every 2 ms, after which a node was frozen."""


@define
class Verdict:
    """What the steps say."""

    together: float = 0.0
    """For how long two did steps at a time, in seconds."""
    zombies: int = 0
    """Steps that came behind one of a greater token."""
    awake: int = 0
    """Those of them whose node had done another one just before: it was not frozen."""
    refused: int = 0
    """What the store did not take: it came behind one of a greater token."""
    spoiled: int = 0
    """What it took although it did, or under the token of another node."""


def judge(steps: list[Step], taken: Sequence[Write] = (), refused: int = 0) -> Verdict:
    """Look at steps in their order: no one is to come behind one of a greater token.

    Args:
        steps: What was done, and when.
        taken: What the store took, in order.
        refused: How many writes it did not take.
    """
    greatest, began = 0, 0.0
    verdict = Verdict(refused=refused)
    for (former, by), (later, of) in pairwise(taken):
        verdict.spoiled += later < former or (later == former and by != of)
    before: dict[str, float] = {}
    for at, token, node in steps:
        if token > greatest:
            greatest, began = token, at
        elif token < greatest:
            verdict.zombies += 1
            verdict.awake += at - before.get(node, -math.inf) < PAUSE
            verdict.together = max(verdict.together, at - began)
        before[node] = at
    return verdict
