"""The boards on several nodes: ``python -m boards.several NODE PORT [URL]``.

Each node is a process with a door of its own; people come in anywhere, and a board is
where the cluster has put it. `boards.front` puts one web page before all doors.
"""

from __future__ import annotations

import argparse
import json
import sys

import trio
from attrs import asdict
from trio_websocket import (
    ConnectionClosed,
    HandshakeError,
    WebSocketConnection,
    WebSocketRequest,
    serve_websocket,
)

from trio_sup import (
    ChildSpec,
    ServerRef,
    SupervisionError,
    Supervisor,
    child,
    serve,
    supervisor,
)
from trio_sup.cluster import (
    AlreadyPlaced,
    Cluster,
    ClusterDynamicSupervisor,
    ClusterError,
    Published,
    backend_at,
    child_factory,
    current_cluster,
    open_cluster,
)

from .door import Conversation, Refused, log
from .server import Board, InvalidPost, Post, name_of


# --8<-- [start:board]
class SharedBoard(Board):
    """A board whose members are connected to any node."""

    async def init(self) -> None:
        """Find the topic on which members of all nodes listen."""
        self.topic = current_cluster().topic(name_of(self.title), Post)

    def tell(self, post: Post) -> int:
        """Tell the members on all nodes; return how many posts there are."""
        self.topic.publish(post)
        return len(self.posts)


@child_factory("board")
def shared_board(title: str) -> ChildSpec[ServerRef[SharedBoard]]:
    """Describe a board on whatever node: its title is all that travels."""
    return child(SharedBoard, title)


# --8<-- [end:board]
class Visit(Conversation):
    """What one person asks for; the boards may be on any node."""

    def __init__(
        self,
        socket: WebSocketConnection,
        cluster: Cluster,
        boards: ClusterDynamicSupervisor,
        nursery: trio.Nursery,
    ) -> None:
        super().__init__(socket)
        self.cluster = cluster
        self.boards = boards
        self.nursery = nursery
        self.listening = trio.CancelScope()

    # --8<-- [start:visit]
    async def _create(self, title: str) -> object:
        try:
            await self.boards.start_child(name_of(title), shared_board, title)
        except AlreadyPlaced:
            raise Refused("that board exists already") from None
        return title

    async def _join(self, title: str, name: str) -> object:
        self.listening.cancel()
        self.joined = ""
        try:
            if await self.cluster.whereis(name_of(title)) is None:
                raise Refused("there is no such board")
            await self.nursery.start(self._listen, title)
            posts = await self._board(title).call(Board.read)
        except ClusterError as error:
            raise Refused(f"the board cannot be reached: {error}") from None
        self.joined, self.name = title, name
        return [asdict(post) for post in posts]

    async def _post(self, text: str) -> object:
        if not self.joined:
            raise Refused("join a board first")
        try:
            return await self._board(self.joined).call(Board.post, self.name, text)
        except InvalidPost as invalid:
            raise Refused(str(invalid)) from None
        except ClusterError as error:
            lost = "may be lost" if error.may_have_run else "was not posted"
            raise Refused(f"your post {lost}: {error}") from None

    # --8<-- [end:visit]
    def _board(self, title: str) -> ServerRef[SharedBoard]:
        ref = self.cluster.ref(name_of(title), SharedBoard)
        return ref.with_timeout(2)  # type: ignore[return-value]

    async def _listen(
        self, title: str, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Send this person what is posted on a board, wherever it runs."""
        with trio.CancelScope() as self.listening:
            topic = self.cluster.topic(name_of(title), Post)
            async with topic.subscribe(100) as posts:
                task_status.started()
                async for post in posts:
                    if isinstance(post, Published):
                        said = asdict(post.value)
                    else:
                        said = {"missed": post.missed}  # the page reads the board anew
                    await self.socket.send_message(json.dumps(said))


async def open_door(
    cluster: Cluster,
    boards: ClusterDynamicSupervisor,
    port: int,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve WebSockets; the port is this child's value."""

    async def meet(request: WebSocketRequest) -> None:
        try:
            socket = await request.accept()
            async with trio.open_nursery() as nursery:
                await Visit(socket, cluster, boards, nursery).hold()
        except* (ConnectionClosed, HandshakeError):
            pass
        except* Exception as mistakes:  # noqa: BLE001 - of one conversation
            log.error("a conversation failed", exc_info=mistakes)

    async with trio.open_nursery() as nursery:
        server = await nursery.start(serve_websocket, meet, "127.0.0.1", port, None)
        task_status.started(server.port)


# --8<-- [start:node]
def tree(cluster: Cluster, port: int) -> ChildSpec[Supervisor]:
    """Describe what runs on one node: a place for boards, and a door."""
    boards = cluster.dynamic_supervisor("boards")
    return supervisor(
        [boards.spec(), child(open_door, cluster, boards, port, id="door")],
        id=cluster.node,
    )


async def main(node: str, port: int, url: str) -> None:
    """Be a node until Ctrl-C or SIGTERM."""
    async with open_cluster(backend_at(url, prefix="boards"), node=node, ttl=3) as own:
        await serve(tree(own, port), name=node, handle_signals=True)


# --8<-- [end:node]
def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m boards.several",
        description="A node of the boards: a place for some of them, and a door.",
    )
    parser.add_argument("node", help="what to call it")
    parser.add_argument("port", type=int, help="of its door, on this machine")
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
