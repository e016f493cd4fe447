"""What idle nodes cost the engine: as much per node, however many names there are."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import trio

from tests.cluster.conformance import info, member
from tests.cluster.nodes import TTL, nodes
from tests.cluster.redis_server import needs_redis, redis_server
from trio_sup import child, open_supervisor
from trio_sup.cluster import LocalBackend
from trio_sup.cluster._backends.link import Link
from trio_sup.cluster._rules.lease import BEATS
from trio_sup.cluster._rules.words import Name

LEASES = 50


class Counting(LocalBackend):
    """Counts what is asked of it, by node."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    @asynccontextmanager
    async def connect(self, name: str, *, grace: float) -> AsyncGenerator[Link]:
        async with super().connect(name, grace=grace) as link:
            counted: Any = Counted(link, name, self.asked)
            yield counted


class Counted:
    def __init__(self, link: Link, node: str, asked: Counter[str]) -> None:
        self._link, self._node, self._asked = link, node, asked

    def __getattr__(self, what: str) -> Any:
        if what not in ("deliver", "time", "guarantees"):
            self._asked[self._node] += 1
        return getattr(self._link, what)


async def idle(count: int, names: int) -> set[int]:
    """Return how often idle nodes asked the engine in so many leases."""
    backend = Counting()
    async with nodes(backend, *"abcdefgh"[:count]) as (first, *_):
        specs = [
            child(trio.sleep_forever, id=number, name=first.name(number))
            for number in range(names)
        ]
        async with open_supervisor(specs):
            await trio.sleep(TTL)
            backend.asked.clear()
            await trio.sleep(LEASES * TTL)
            return set(backend.asked.values())


@pytest.mark.trio
async def test_an_idle_node_sends_its_heartbeats_and_nothing_else(
    autojump_clock: trio.abc.Clock,
) -> None:
    for count, names in ((1, 0), (1, 100), (4, 0), (8, 100)):
        for asked in await idle(count, names):
            assert abs(asked - BEATS * LEASES) <= 1


@needs_redis
@pytest.mark.trio
async def test_what_redis_does_for_a_heartbeat_grows_with_nodes_and_not_with_names() -> (
    None
):
    with redis_server() as server:
        await server.ready()

        async def executed() -> int:
            answer: Any = await server.command("INFO", "commandstats")
            text = str(getattr(answer, "data", answer))
            return sum(
                int(line.split("calls=")[1].split(",")[0])
                for line in text.replace("\\r\\n", "\n").splitlines()
                if "calls=" in line and "cmdstat_info" not in line
            )

        async def of_a_heartbeat(count: int, names: int) -> float:
            async with AsyncExitStack() as stack:
                links = [
                    await stack.enter_async_context(member(server, f"n{number}"))
                    for number in range(count)
                ]
                for number in range(names):
                    await links[0].claim(info("n0").id, Name(f"name {number}"))
                await links[0].beat(info("n0").id)
                before, none = await executed(), await executed()
                for _ in range(10):
                    await links[0].beat(info("n0").id)
                after = await executed()
                for number, link in enumerate(links):
                    await link.leave(info(f"n{number}").id)
            return (after - none - (none - before)) / 10

        one, with_names = await of_a_heartbeat(1, 0), await of_a_heartbeat(1, 200)
        assert one == with_names
        two, four = await of_a_heartbeat(2, 0), await of_a_heartbeat(4, 0)
        assert (two - one, four - two) == (1, 2)
