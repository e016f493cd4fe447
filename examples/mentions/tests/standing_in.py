"""A stand-in of GitHub that runs, and viewers over real WebSockets."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import trio
from mentions.standin import StandIn
from trio_websocket import WebSocketConnection, wrap_client_stream


@contextmanager
def running(standin: StandIn) -> Iterator[StandIn]:
    with closing(standin.socket):
        thread = threading.Thread(target=standin.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield standin
        finally:
            standin.shutdown()
            thread.join()


@asynccontextmanager
async def viewer(address: str, person: str) -> AsyncIterator[WebSocketConnection]:
    netloc = address.partition("//")[2]
    host, _, port = netloc.partition(":")
    stream = await trio.open_tcp_stream(host, int(port))
    async with stream, trio.open_nursery() as nursery:
        origin = (b"Origin", address.encode())
        opened = await wrap_client_stream(
            nursery, stream, netloc, f"/@{person}/live", extra_headers=[origin]
        )
        yield opened
        nursery.cancel_scope.cancel()


async def news(viewer: WebSocketConnection, kind: str) -> Any:
    """Wait for news of a kind that has something to say."""
    while True:
        said = json.loads(await viewer.get_message())
        if said.get(kind):
            return said[kind]
