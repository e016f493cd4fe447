"""A hub that serves a fake node over a real unix socket, and clients of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import trio

from tests.inspect.fakes import FakeNode
from trio_sup.inspect.node.listener import serve_inspector
from trio_sup.inspect.protocol.codec import (
    Malformed,
    encode,
    server_decoder,
)
from trio_sup.inspect.protocol.wire import (
    Attach,
    Hello,
    ServerMessage,
)


@asynccontextmanager
async def serving(node: FakeNode, directory: Path) -> AsyncGenerator[Path]:
    async with trio.open_nursery() as nursery:

        async def serve(*, task_status: trio.TaskStatus[Path]) -> None:
            await serve_inspector(
                node, name=node.name, runtime_dir=directory, task_status=task_status
            )

        path: Path = await nursery.start(serve)
        yield path
        nursery.cancel_scope.cancel()


M = TypeVar("M")


class Peer:
    """A client that sends and receives by hand."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.decoder = server_decoder()
        self.waiting: list[ServerMessage] = []

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def receive(self) -> ServerMessage | None:
        """The next message, None at the end."""
        with trio.fail_after(20):
            while not self.waiting:
                try:
                    data = await self.stream.receive_some(65536)
                except trio.BrokenResourceError:
                    return None
                if not data:
                    return None
                for message in self.decoder.feed(bytes(data)):
                    assert not isinstance(message, Malformed)
                    self.waiting.append(message)
        return self.waiting.pop(0)

    async def until(self, kind: type[M]) -> M:
        while (message := await self.receive()) is not None:
            if isinstance(message, kind):
                return message
        raise AssertionError(f"closed before any {kind.__name__}")


@asynccontextmanager
async def connected(path: Path) -> AsyncGenerator[Peer]:
    async with await trio.open_unix_socket(path) as stream:
        yield Peer(stream)


@asynccontextmanager
async def attached(path: Path, **fields: object) -> AsyncGenerator[Peer]:
    async with connected(path) as peer:
        await peer.until(Hello)
        await peer.send(encode(Attach(1, "test", **fields)))  # type: ignore[arg-type]
        yield peer
