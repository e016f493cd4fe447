"""Real processes on a real Redis: one is killed, one is frozen and goes on."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from tests.cluster.redis_server import RedisServer, needs_redis, redis_server

pytestmark = [needs_redis, pytest.mark.slow]
TTL = 2.0
ROOT = Path(__file__).parents[2]
NODES = ("a", "b", "c")
Steps = list[tuple[float, int, str]]


class Workers:
    """Three nodes, each a process, and the steps that they did."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, node: str) -> None:
        words = (node, self.server.url, str(TTL), str(self.file(node)))
        self.processes[node] = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.worker", *words], cwd=ROOT
        )

    def file(self, node: str) -> Path:
        return self.server.directory / f"{node}.steps"

    def steps(self) -> Steps:
        """All steps, by the clock that all processes of a machine share."""
        found: Steps = []
        for node in NODES:
            for line in self.file(node).read_text().splitlines():
                parts = line.split()
                if len(parts) == 3:
                    found.append((float(parts[0]), int(parts[1]), parts[2]))
        return sorted(found)

    async def up(self) -> None:
        with trio.fail_after(60):
            for node in NODES:
                while (
                    not self.file(node).exists()
                    or "ready" not in self.file(node).read_text()
                ):
                    await trio.sleep(0.02)

    async def owner(self, *, not_: str = "", since: float = 0.0) -> str:
        with trio.fail_after(60):
            while True:
                for at, _, node in reversed(self.steps()):
                    if node != not_ and at > since:
                        return node
                await trio.sleep(0.02)


@contextmanager
def workers() -> Iterator[Workers]:
    with redis_server() as server:
        found = Workers(server)
        try:
            yield found
        finally:
            for process in found.processes.values():
                process.kill()
                process.wait()


def check_one_at_a_time(steps: Steps) -> None:
    """No step of an older token comes behind one of a newer."""
    greatest = 0
    for at, token, node in steps:
        assert token >= greatest, f"{node} did a step at {at} that was not its own"
        greatest = token


@pytest.mark.trio
async def test_a_node_that_is_killed_is_followed_within_a_lease_and_a_third() -> None:
    with workers() as all_:
        await all_.server.ready()
        for node in NODES:
            all_.start(node)
        await all_.up()
        victim = await all_.owner()
        killed = time.monotonic()
        all_.processes[victim].kill()
        heir = await all_.owner(not_=victim, since=killed)
        steps = all_.steps()
        check_one_at_a_time(steps)
        first = min(at for at, _, node in steps if node == heir and at > killed)
        assert 0.5 * TTL < first - killed < 1.33 * TTL + 0.5


@pytest.mark.trio
async def test_a_node_that_was_frozen_past_its_lease_does_not_one_step_more() -> None:
    with workers() as all_:
        await all_.server.ready()
        for node in NODES:
            all_.start(node)
        await all_.up()
        for _ in range(2):
            victim = await all_.owner(since=time.monotonic())
            frozen = time.monotonic()
            all_.processes[victim].send_signal(signal.SIGSTOP)
            await all_.owner(not_=victim, since=frozen + 0.1)
            all_.processes[victim].send_signal(signal.SIGCONT)
            await trio.sleep(0.5)
            check_one_at_a_time(all_.steps())
