"""400 children on three real nodes, one of which is killed: `python -m tests.cluster.placements`.

Each run has a redis-server and three processes of its own. One that runs children is
killed at a drawn moment; all of its children have to run elsewhere within 1.2 leases,
none twice, and none that ran elsewhere may have moved.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import trio
from attrs import Factory, define, frozen

from tests.cluster.placed_rooms import Room, room
from tests.cluster.redis_server import redis_server
from trio_sup.cluster import Cluster, EngineUnavailable, open_cluster

ROOT = Path(__file__).parents[2]
NODES = ("a", "b", "c")


@frozen
class Found:
    """What one run found."""

    orphans: int
    seconds: float
    """From the kill until the last of them ran again."""
    heard: float
    """Until an observer knew of all."""


class Starved(Exception):
    """The machine had no time for a node, which lost its lease without being killed."""


@frozen
class Start:
    """A start that a node wrote down."""

    at: float
    number: int
    node: str


async def run(children: int, ttl: float) -> Found:
    """Start children, kill a node, look where they are.

    Raises:
        Starved: nothing can be said of this run.
    """
    with redis_server() as server:
        await server.ready()
        files = {node: server.directory / node for node in NODES}
        workers = {
            node: start(node, server.url, str(ttl), str(files[node])) for node in NODES
        }
        play = Play(children, ttl, workers)
        try:
            async with open_cluster(
                server.backend, node="observer", ttl=ttl, accepts_children=False
            ) as cluster:
                await play.run(cluster)
        except Exception as error:
            if play.starved or isinstance(error, EngineUnavailable):
                raise Starved from error
            raise
        finally:
            for worker in workers.values():
                worker.kill()
                worker.wait()
        if play.starved:
            raise Starved
        starts = [start for file in files.values() for start in read(file)]
    return play.judge(starts)


@define
class Play:
    """What is done in one run, and seen by who takes no children."""

    children: int
    ttl: float
    workers: dict[str, subprocess.Popen[bytes]]
    victim: str = ""
    killed: float = 0.0
    heard: float = 0.0
    before: dict[object, str | None] = Factory(dict[object, "str | None"])
    after: dict[object, str | None] = Factory(dict[object, "str | None"])
    starved: bool = False

    async def run(self, cluster: Cluster) -> None:
        """Play, and look whether anybody but the victim lost its lease."""
        await self._ready(cluster)
        joined = dict(cluster.nodes())
        try:
            await self._kill(cluster)
        finally:
            await trio.sleep(self.ttl)  # until it is known who has one
            known = cluster.nodes()
            self.starved = any(
                id not in known and info.name != self.victim
                for id, info in joined.items()
            )

    async def _ready(self, cluster: Cluster) -> None:
        """Wait until all three have a place for children."""
        with trio.fail_after(60):
            while (
                sum("rooms" in info.supervisors for info in cluster.nodes().values())
                < 3
            ):
                await trio.sleep(0.02)
                if any(worker.poll() is not None for worker in self.workers.values()):
                    raise Starved  # it could not join in time
        await trio.sleep(self.ttl)  # until each has seen the others: a heartbeat

    async def _kill(self, cluster: Cluster) -> None:
        rooms = cluster.dynamic_supervisor("rooms")
        async with trio.open_nursery() as nursery:
            for number in range(self.children):
                nursery.start_soon(rooms.start_child, number, room, number)
        await trio.sleep(random.uniform(0.0, self.ttl))
        self.before = {each.key: each.node for each in rooms.children()}
        # Whoever saw nobody else has taken all.
        self.victim = random.choice(sorted(filter(None, set(self.before.values()))))
        self.workers[self.victim].kill()
        self.killed = time.monotonic()
        while {None, self.victim} & {each.node for each in rooms.children()}:
            await trio.sleep(0.01)
            assert time.monotonic() < self.killed + 20 * self.ttl, "they never moved"
        self.heard = time.monotonic() - self.killed
        self.after = {each.key: each.node for each in rooms.children()}
        assert await cluster.ref(0, Room).call(Room.where) == self.after[0]

    def judge(self, starts: list[Start]) -> Found:
        """Say who moved, and that nobody did who had no reason."""
        before, after, victim = self.before, self.after, self.victim
        orphans = {key for key, node in before.items() if node == victim}
        often = Counter(start.number for start in starts)
        assert all(often[key] == 1 + (key in orphans) for key in before), "twice"  # type: ignore[index]
        assert all(after[key] == before[key] for key in before if key not in orphans)
        again = [s for s in starts if s.number in orphans and s.node != victim]
        assert all(start.at > self.killed for start in again), "two at a time"
        assert {start.number for start in again} == orphans
        last = max(s.at for s in again) - self.killed
        return Found(len(orphans), last, self.heard)


def start(*words: str) -> subprocess.Popen[bytes]:
    """Start a node as a process."""
    command = [sys.executable, "-m", "tests.cluster.placed_rooms", *words]
    return subprocess.Popen(command, cwd=ROOT)


def read(file: Path) -> list[Start]:
    found: list[Start] = []
    for line in file.read_text().splitlines():
        at, number, node = line.split()
        found.append(Start(float(at), int(number), node))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.cluster.placements", description=__doc__
    )
    parser.add_argument("--count", type=int, default=5, help="how many runs (5)")
    parser.add_argument("--children", type=int, default=400, help="in all (400)")
    parser.add_argument("--ttl", type=float, default=2.0, help="the lease (2 s)")
    args = parser.parse_args()
    found = [trio.run(run, args.children, args.ttl) for _ in range(args.count)]
    for each in found:
        leases = each.seconds / args.ttl
        print(f"{each.orphans} of {args.children} moved in {leases:.2f} leases")
        assert leases <= 1.2, "too late"
    leases = [each.seconds / args.ttl for each in found]
    print(f"median {statistics.median(leases):.2f}, at most {max(leases):.2f} leases")


if __name__ == "__main__":
    main()
