"""Boards that run once in a cluster: what ``trio-sup demo --nodes N`` shows."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import trio

from trio_sup import (
    Child,
    ChildSpec,
    GenServer,
    ServerRef,
    Supervisor,
    call,
    child,
    serve,
    supervisor,
)
from trio_sup.cluster import (
    Cluster,
    ClusterDynamicSupervisor,
    ClusterError,
    LocalBackend,
    backend_at,
    child_factory,
    open_cluster,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.demo.options import Options

TTL = 3.0
"""Seconds of a lease: short, so that a node's end is seen to be noticed."""
BOARDS = ("news", "sport", "chess", "music", "food", "trains")


class SharedBoard(GenServer):
    """A board that runs on one node, and is called from all."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.posts: list[str] = []

    @call
    async def post(self, author: str, text: str) -> int:
        """Keep a post, and return how many there are in this life."""
        self.posts.append(f"{author}: {text}")
        return len(self.posts)

    @call
    async def fall_over(self) -> None:
        """Crash; for chaos."""
        raise RuntimeError(f"{self.title} fell over")


@child_factory("trio_sup demo board")
def shared_board(title: str) -> ChildSpec[ServerRef[SharedBoard]]:
    """Describe a board, on whatever node."""
    return child(SharedBoard, title)


async def visit(boards: ClusterDynamicSupervisor, who: str) -> None:
    """Post on all boards, one after the other, wherever they are."""
    while True:
        title = random.choice(BOARDS)
        try:
            board = await boards.get_or_start(("board", title), shared_board, title)
            await board.call(SharedBoard.post, who, "hello")
        except ClusterError:
            pass  # it is moving: each failure says what is known, and there is a next
        await trio.sleep(random.uniform(0.2, 1.0))


async def cut_off(engine: LocalBackend, names: list[str], seconds: float) -> None:
    """Cut off a node, again and again, for long enough that it is given up."""
    while True:
        await trio.sleep(random.uniform(0.5, 1.5) * seconds)
        node = random.choice(names)
        engine.cut(node)
        await trio.sleep(2 * TTL)
        engine.heal(node)


async def fell(cluster: Cluster, seconds: float) -> None:
    """Let a board crash, again and again."""
    while True:
        await trio.sleep(random.uniform(0.5, 1.5) * seconds)
        board = cluster.ref(("board", random.choice(BOARDS)), SharedBoard)
        try:
            await board.call(SharedBoard.fall_over)
        except ClusterError:
            pass


def one_node(cluster: Cluster, visitors: Iterable[int]) -> ChildSpec[Supervisor]:
    """Describe what runs on one node: a place for boards, and visitors."""
    boards = cluster.dynamic_supervisor("boards")
    visits = [
        child(visit, boards, f"client-{number}", id=f"client-{number}")
        for number in visitors
    ]
    return supervisor(
        [boards.spec(), supervisor(visits, id="visitors")], id=cluster.node
    )


async def run_nodes(options: Options, owner: ChildSpec[Child]) -> None:
    """Run all nodes until the owner ends; raises `EngineUnavailable`."""
    engine = LocalBackend() if options.redis is None else backend_at(options.redis)
    names = [f"{options.name}-{number}" for number in range(1, options.nodes + 1)]
    async with AsyncExitStack() as stack:
        clusters = [
            await stack.enter_async_context(open_cluster(engine, node=name, ttl=TTL))
            for name in names
        ]
        children: list[ChildSpec[Child]] = [owner]
        for place, cluster in enumerate(clusters):
            visitors = range(place + 1, options.clients + 1, options.nodes)
            children.append(one_node(cluster, visitors))
        if options.chaos is not None:
            children.append(
                child(cut_off, engine, names, options.chaos, id="chaos")
                if isinstance(engine, LocalBackend)
                else child(fell, clusters[0], options.chaos, id="chaos")
            )
        if options.duration is not None:
            end = child(trio.sleep, options.duration, id="deadline")
            children.append(end.replace(restart="temporary", significant=True))
        tree = supervisor(children, id=options.name, auto_shutdown="any_significant")
        await serve(tree, name=options.name, handle_signals=True)
