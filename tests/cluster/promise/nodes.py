"""The nodes of a play, and the servers that have names on them."""

from __future__ import annotations

from typing import Any

import trio

from tests.cluster.nodes import TTL
from tests.cluster.promise.world import KEYS, LAST_WORDS, World
from trio_sup import GenServer, Supervisor, call, cast, child, open_supervisor
from trio_sup.cluster import Cluster, ClusterError, fence, open_cluster

GRACE = TTL + 1
"""What is on its way to an engine that forgot has as long to come as the lease."""


class Server(GenServer):
    """What has a name of the cluster; it keeps what it was asked."""

    asked: list[int]

    def __init__(self, world: World, key: str, node: str) -> None:
        self.world, self.of, self.node = world, key, node
        self.asked = []

    async def init(self) -> None:
        self.token = fence().token
        self.world.begins(self.of, self.node, self.token)

    async def terminate(self, exit: object) -> None:
        # Whatever it is told: some need a moment for their last words.
        with trio.CancelScope(shield=True):
            await trio.sleep(LAST_WORDS)
        self.world.ends(self.of)

    @call
    async def ask(self, number: int, sender: str) -> int:
        self.world.serves(number, sender, self.of, self.token)
        self.world.remembers(self.of, self.asked)
        self.asked.append(number)
        await trio.sleep(0.05)
        return number

    @cast
    async def tell(self, number: int, sender: str) -> None:
        self.world.serves(number, sender, self.of, self.token)

    @call
    async def crash(self) -> None:
        raise ZeroDivisionError


class Node:
    """A node that comes again when it left."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.present: Cluster | None = None
        self.scope = trio.CancelScope()
        self.root: Supervisor | None = None
        self.stopped: set[str] = set()
        """What is not to run here at present."""

    async def run(self) -> None:
        while True:
            self.stopped.clear()
            with trio.CancelScope() as self.scope:
                await self._once()
            self.present = self.root = None
            self.world.drained.discard(self.name)

    async def _once(self) -> None:
        try:
            async with open_cluster(
                self.world.backend, node=self.name, ttl=TTL, grace=GRACE
            ) as self.present:
                async with open_supervisor(
                    self._specs(self.present), max_restarts=5
                ) as self.root:
                    await trio.sleep_forever()
        except ClusterError:  # it could not join
            await trio.sleep(0.1)

    def _specs(self, cluster: Cluster) -> list[Any]:
        return [
            cluster.singleton(
                key,
                child(Server, self.world, key, self.name),
                durable="handled",
                max_restarts=50,
            )
            for key in KEYS
        ]
