"""One web page before the doors of all nodes: ``python -m boards.front PORT DOOR ...``.

Whoever asks for a page gets it; a WebSocket is passed on to a door that answers. When its
node dies the connection breaks, the page connects again, and is let in by another.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from functools import partial
from importlib.resources import files

import trio

from trio_sup import ChildSpec, Listener, StartFailed, serve, tcp_listener

LONGEST = 16_384
"""Bytes of the head of a request."""


async def meet(doors: Sequence[int], stream: trio.SocketStream) -> None:
    """Serve one connection of a browser."""
    head = b""
    with trio.fail_after(10):
        while b"\r\n\r\n" not in head and len(head) < LONGEST:
            more = await stream.receive_some()
            if not more:
                return
            head += more
    if b"upgrade: websocket" not in head.lower():
        await stream.send_all(page())
        return
    try:
        door = await first_that_answers(doors)
    except OSError:
        await stream.send_all(b"HTTP/1.1 503 No node answers\r\n\r\n")
        return
    async with door, trio.open_nursery() as nursery:
        await door.send_all(head)
        nursery.start_soon(pass_on, door, stream, nursery)
        await pass_on(stream, door, nursery)


async def first_that_answers(doors: Sequence[int]) -> trio.SocketStream:
    """Connect to any door that is open; raises `OSError` if none is."""
    for port in random.sample(doors, len(doors)):
        try:
            return await trio.open_tcp_stream("127.0.0.1", port)
        except OSError:
            pass  # its node is down
    raise OSError("no node answers")


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


def page() -> bytes:
    """Return the page as an answer."""
    body = files("boards").joinpath("page.html").read_bytes()
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
    return (
        f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )


def spec(port: int, doors: Sequence[int]) -> ChildSpec[Listener[int]]:
    """Describe the front: connections are its children."""
    return tcp_listener(partial(meet, doors), port, host="127.0.0.1", id="front")


async def main(port: int, doors: Sequence[int]) -> None:
    """Be the front until Ctrl-C or SIGTERM."""
    await serve([spec(port, doors)], name="front", handle_signals=True)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m boards.front",
        description="One address before the doors of all nodes.",
    )
    parser.add_argument("port", type=int, help="where to listen, on this machine")
    parser.add_argument(
        "doors", type=int, nargs="+", metavar="door", help="the port of a node's door"
    )
    return parser.parse_args()


if __name__ == "__main__":
    words = arguments()
    try:
        trio.run(main, words.port, words.doors)
    except StartFailed as error:  # the port is in use
        sys.exit(f"front: {error}")
