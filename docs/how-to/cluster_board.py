"""A board that exists once, on whichever of two terminals has it.

python app.py one
python app.py two
"""

# --8<-- [start:all]
import sys

import trio

from trio_sup import GenServer, StartFailed, call, child, open_supervisor
from trio_sup.cluster import ClusterError, open_cluster
from trio_sup.cluster.redis import RedisBackend


class Board(GenServer):
    def __init__(self, node: str) -> None:
        self.node = node
        self.posts: list[str] = []

    @call
    async def post(self, text: str) -> str:
        self.posts.append(text)
        return f"{len(self.posts)} posts, on {self.node}"


async def main(node: str, url: str) -> None:
    async with open_cluster(RedisBackend(url), node=node, ttl=3) as cluster:
        board = cluster.ref("board", Board)
        spec = child(Board, node, name=cluster.name("board"))
        async with trio.open_nursery() as nursery:

            async def run_the_board() -> None:
                while True:
                    try:
                        async with open_supervisor([spec]):
                            await trio.sleep_forever()
                    except StartFailed:  # the other one has it
                        await trio.sleep(0.2)

            nursery.start_soon(run_the_board)
            while True:
                try:
                    print(await board.call(Board.post, "hello"))
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
