"""A board that exists once, on whichever of several terminals has it.

python app.py one
python app.py two
"""

# --8<-- [start:all]
import sys

import trio

from trio_sup import ChildSpec, GenServer, ServerRef, call, child, open_supervisor
from trio_sup.cluster import (
    ClusterError,
    backend_at,
    child_factory,
    current_cluster,
    open_cluster,
)


class Board(GenServer):
    def __init__(self, title: str) -> None:
        self.title = title
        self.posts: list[str] = []

    @call
    async def post(self, text: str) -> str:
        self.posts.append(text)
        node = current_cluster().node
        return f"{self.title} has {len(self.posts)} posts, and runs on {node}"


@child_factory("board")
def board(title: str) -> ChildSpec[ServerRef[Board]]:
    return child(Board, title)


async def main(node: str, url: str) -> None:
    async with open_cluster(backend_at(url), node=node, ttl=3) as cluster:
        boards = cluster.dynamic_supervisor("boards")
        async with open_supervisor([boards.spec()]):
            while True:
                try:
                    news = await boards.get_or_start("news", board, "news")
                    print(await news.call(Board.post, f"hello from {node}"))
                except ClusterError as error:
                    print(error)
                await trio.sleep(1)


if __name__ == "__main__":
    url = sys.argv[2] if len(sys.argv) > 2 else "redis://localhost"
    try:
        trio.run(main, sys.argv[1], url)
    except* KeyboardInterrupt:
        pass
# --8<-- [end:all]
