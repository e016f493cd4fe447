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
from attrs import frozen

from tests.cluster.placed_rooms import Room, room
from tests.cluster.redis_server import redis_server
from trio_sup.cluster import open_cluster

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


@frozen
class Start:
    """A start that a node wrote down."""

    at: float
    number: int
    node: str


async def run(children: int, ttl: float) -> Found:
    """Start children, kill a node, look where they are."""
    with redis_server() as server:
        await server.ready()
        files = {node: server.directory / node for node in NODES}
        workers = {
            node: start(node, server.url, str(ttl), str(files[node])) for node in NODES
        }
        try:
            async with open_cluster(
                server.backend, node="observer", ttl=ttl, accepts_children=False
            ) as cluster:
                rooms = cluster.dynamic_supervisor("rooms")
                await ready(cluster.nodes)
                async with trio.open_nursery() as nursery:
                    for number in range(children):
                        nursery.start_soon(rooms.start_child, number, room, number)
                await trio.sleep(random.uniform(0.0, ttl))
                before = {each.key: each.node for each in rooms.children()}
                # On a busy machine one may have lost its lease, and its children, before.
                victim = random.choice(sorted(filter(None, set(before.values()))))
                workers[victim].kill()
                killed = time.monotonic()
                while {None, victim} & {each.node for each in rooms.children()}:
                    await trio.sleep(0.01)
                    assert time.monotonic() < killed + 20 * ttl, "they never moved"
                heard = time.monotonic() - killed
                after = {each.key: each.node for each in rooms.children()}
                ref = cluster.ref(0, Room)
                assert await ref.call(Room.where) == after[0]
        finally:
            for worker in workers.values():
                worker.kill()
                worker.wait()
        starts = [start for file in files.values() for start in read(file)]
    return judge(starts, before, after, victim, killed, heard)


def start(*words: str) -> subprocess.Popen[bytes]:
    """Start a node as a process."""
    command = [sys.executable, "-m", "tests.cluster.placed_rooms", *words]
    return subprocess.Popen(command, cwd=ROOT)


async def ready(nodes: object) -> None:
    """Wait until all three have a place for children."""
    assert callable(nodes)
    with trio.fail_after(60):
        while sum("rooms" in info.supervisors for info in nodes().values()) < 3:
            await trio.sleep(0.02)


def read(file: Path) -> list[Start]:
    found: list[Start] = []
    for line in file.read_text().splitlines():
        at, number, node = line.split()
        found.append(Start(float(at), int(number), node))
    return found


def judge(
    starts: list[Start],
    before: dict[object, str | None],
    after: dict[object, str | None],
    victim: str,
    killed: float,
    heard: float,
) -> Found:
    orphans = {key for key, node in before.items() if node == victim}
    often = Counter(start.number for start in starts)
    assert all(often[key] == 1 + (key in orphans) for key in before), "twice"  # type: ignore[index]
    assert all(after[key] == before[key] for key in before if key not in orphans)
    again = [s for s in starts if s.number in orphans and s.node != victim]
    assert all(start.at > killed for start in again), "two at a time"
    assert {start.number for start in again} == orphans
    return Found(len(orphans), max(s.at for s in again) - killed, heard)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5, help="how many runs (5)")
    parser.add_argument("--children", type=int, default=400)
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
