"""A real node that allows control: ``real_program.py NAME [view]``."""

import sys

import trio

from tests.inspect.operated import Counter, idle
from trio_sup import child, current_node, open_supervisor
from trio_sup._inspected.inspection import open_inspector


async def crashes() -> None:
    await trio.sleep(0.1)
    raise RuntimeError("again")


async def main(name: str, control: bool) -> None:
    specs = [
        child(Counter, id="a"),
        child(Counter, id="b", restart="temporary"),
        child(crashes, id="hot"),
        child(idle, id="z"),
    ]
    async with (
        open_inspector(name, inspect="control" if control else True),
        open_supervisor(
            specs, id="shop", strategy="rest_for_one", max_restarts=10**6, max_seconds=1
        ),
    ):
        assert current_node().name == name
        print("ready", flush=True)
        await trio.sleep_forever()


trio.run(main, sys.argv[1], "view" not in sys.argv)
