"""One address before the pages of all nodes: ``python -m mentions.front PORT PAGE ...``.

Each connection goes to a node that answers. When that dies the page connects again, and
comes to another.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from functools import partial

import trio

from trio_sup import ChildSpec, Listener, StartFailed, serve, tcp_listener


async def meet(pages: Sequence[int], browser: trio.SocketStream) -> None:
    """Pass on one connection, both ways, until one side is gone."""
    for port in random.sample(pages, len(pages)):
        try:
            node = await trio.open_tcp_stream("127.0.0.1", port)
        except OSError:
            continue  # it is down
        async with node, trio.open_nursery() as nursery:
            nursery.start_soon(pass_on, node, browser, nursery)
            await pass_on(browser, node, nursery)
        return


async def pass_on(
    source: trio.SocketStream, sink: trio.SocketStream, both: trio.Nursery
) -> None:
    """Pass on what comes; when one side goes, so does the other."""
    try:
        async for data in source:
            await sink.send_all(data)
    except trio.BrokenResourceError:
        pass
    both.cancel_scope.cancel("one side is gone")


def spec(port: int, pages: Sequence[int]) -> ChildSpec[Listener[int]]:
    """Describe the front: connections are its children."""
    return tcp_listener(partial(meet, pages), port, host="127.0.0.1", id="front")


async def main(port: int, pages: Sequence[int]) -> None:
    """Be the front until Ctrl-C or SIGTERM."""
    await serve([spec(port, pages)], name="front", handle_signals=True)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m mentions.front",
        description="One address before the pages of all nodes.",
    )
    parser.add_argument("port", type=int, help="where to listen, on this machine")
    parser.add_argument(
        "pages", type=int, nargs="+", metavar="page", help="the port of a node's page"
    )
    return parser.parse_args()


if __name__ == "__main__":
    words = arguments()
    try:
        trio.run(main, words.port, words.pages)
    except StartFailed as error:  # the port is in use
        sys.exit(f"front: {error}")
