"""A program with a fake node, for tests of the command: ``program.py NAME [odd]``."""

import sys

import trio

from tests.inspect.fakes import boards, shop
from trio_sup.inspect.node.listener import serve_inspector


async def main(name: str, odd: bool) -> None:
    node = shop(3, name)
    boards(node)[1].crash("boom")
    node.happened("child_crashed", boards(node)[1])
    if odd:
        boards(node)[2].status = "quarantined"
    async with trio.open_nursery() as nursery:

        async def serve(*, task_status: trio.TaskStatus[object]) -> None:
            await serve_inspector(node, name=name, task_status=task_status)

        await nursery.start(serve)
        print("ready", flush=True)


trio.run(main, sys.argv[1], "odd" in sys.argv)
