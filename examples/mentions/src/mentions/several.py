"""Mentions on several nodes: ``python -m mentions.several NODE PORT [URL]``.

One sync for each person, on whichever node; viewers of all nodes share it. So three web
servers look at GitHub as often as one. What to look at the environment says, as for
`mentions.tree`.
"""

from __future__ import annotations

import argparse
import json
import sys

import trio
from quart import websocket

from trio_sup import (
    Backoff,
    ChildSpec,
    Continue,
    ServerRef,
    Stop,
    SupervisionError,
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
    Published,
    Topic,
    backend_at,
    child_factory,
    current_cluster,
    open_cluster,
)

from .github import Comment
from .sync import Looked, News, Sync, Trouble, Way
from .tree import way_of_environment
from .web import said, serve_web

ASKED = 2.0
"""Seconds between two words of a viewer that it is still there."""
PATIENCE = 4 * ASKED
"""After so many seconds without such a word a sync ends."""

WAYS: dict[str, Way] = {}
"""Where to look, by node: an object of this process, which no message could carry."""


# --8<-- [start:sync]
class Audience:
    """All viewers of a person, on all nodes: in the place of the one viewer."""

    def __init__(self, topic: Topic[News]) -> None:
        self.topic = topic
        self.seen: dict[int, Comment] = {}

    def send(self, news: News) -> None:
        """Tell all; remember what is to be told to those who come later."""
        if isinstance(news, Looked):
            self.seen.update((each.id, each) for each in news.mentions)
        self.topic.publish(news)


class SharedSync(Sync, restart="transient"):
    """Looks for all who view a person; ends when nobody does any more."""

    def __init__(self, person: str) -> None:
        own = current_cluster()
        self.audience = Audience(topic_of(own, person))
        super().__init__(self.audience, person, WAYS[own.node])  # type: ignore[arg-type]
        self.watched = trio.current_time()

    async def init(self) -> Continue:
        """Look for the first time; nobody is watched."""
        return Continue()

    @call
    async def watch(self) -> list[Comment]:
        """Go on for a viewer; return what was found so far."""
        self.watched = trio.current_time()
        return list(self.audience.seen.values())

    async def find(self) -> list[Comment]:
        """Return the mentions that were not told of yet."""
        if trio.current_time() > self.watched + PATIENCE:
            raise Stop
        return await super().find()


@child_factory("sync")
def shared_sync(person: str) -> ChildSpec[ServerRef[SharedSync]]:
    """Describe a sync on whatever node."""
    return child(SharedSync, person)


def topic_of(cluster: Cluster, person: str) -> Topic[News]:
    """Return where the viewers of a person listen."""
    return cluster.topic(("mentions", person), News)  # type: ignore[arg-type]


# --8<-- [end:sync]
# --8<-- [start:view]
class Viewing:
    """How one node shows viewers what is new."""

    def __init__(self, cluster: Cluster, syncs: ClusterDynamicSupervisor) -> None:
        self.cluster = cluster
        self.syncs = syncs

    async def show(self, person: str, way: Way) -> None:
        """Show one viewer what is new, as long as the browser stays."""
        topic = topic_of(self.cluster, person)
        async with topic.subscribe(100) as news, trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_watched, person)
            async for item in news:
                if isinstance(item, Published):
                    await websocket.send(json.dumps(said(item.value)))

    async def _keep_watched(self, person: str) -> None:
        """See to it that a sync runs, wherever; if it is a new one, show all it knows."""
        key, known = ("sync", person), set[tuple[int, str]]()
        while True:
            try:
                sync = await self.syncs.get_or_start(key, shared_sync, person)
                found = await sync.call(SharedSync.watch)
            except ClusterError as error:
                await websocket.send(json.dumps(said(Trouble(str(error)))))
            else:
                fresh = [each for each in found if (each.id, each.updated) not in known]
                known |= {(each.id, each.updated) for each in fresh}
                if fresh:
                    await websocket.send(json.dumps(said(Looked(fresh))))
            await trio.sleep(ASKED)


# --8<-- [end:view]
def tree(cluster: Cluster, way: Way, port: int) -> ChildSpec[Supervisor]:
    """Describe what runs on one node."""
    WAYS[cluster.node] = way
    patient = Backoff(maximum=5.0)
    syncs = cluster.dynamic_supervisor("syncs", max_restarts=100, max_seconds=60.0)
    show = Viewing(cluster, syncs).show
    return supervisor(
        [
            child(way.github.serve, id="github", backoff=patient),
            syncs.spec(),
            child(serve_web, way, port, show, id="web", backoff=patient),
        ],
        id=cluster.node,
    )


async def main(node: str, port: int, url: str) -> None:
    """Be a node until Ctrl-C or SIGTERM."""
    engine = backend_at(url, prefix="mentions")
    async with open_cluster(engine, node=node, ttl=3) as own:
        spec = tree(own, way_of_environment(), port)
        await serve(spec, name=node, handle_signals=True)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mentions.several",
        description="A node of the mentions: a page, and a place for syncs.",
    )
    parser.add_argument("node", help="what to call it")
    parser.add_argument("port", type=int, help="of its page, on this machine")
    parser.add_argument(
        "url",
        nargs="?",
        default="redis://localhost",
        help="of the engine that all nodes share (%(default)s)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    words = arguments()
    try:
        trio.run(main, words.node, words.port, words.url)
    except (ValueError, SupervisionError) as error:  # an address, or a port in use
        sys.exit(f"{words.node}: {error}")
