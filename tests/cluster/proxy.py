"""A way to an engine that can swallow all that goes over it, and lead elsewhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

CHUNK = 65_536


class Proxy:
    """Listens on a path, and leads to a Redis on another.

    While it is a black hole nothing passes, no end either: both sides wait for ever.
    """

    def __init__(self, path: Path, target: Path) -> None:
        self.path, self.target = path, target
        self._open = trio.Event()
        self._open.set()
        self._streams: set[trio.SocketStream] = set()

    def swallow(self) -> None:
        """Let nothing pass any more."""
        self._open = trio.Event()

    def heal(self) -> None:
        """Let all pass that was held back."""
        self._open.set()

    async def lead_to(self, target: Path) -> None:
        """Lead elsewhere: all connections break."""
        self.target = target
        for stream in list(self._streams):
            await trio.aclose_forcefully(stream)

    async def serve(self) -> None:
        self.path.unlink(missing_ok=True)
        with trio.socket.socket(trio.socket.AF_UNIX) as listener:
            await listener.bind(str(self.path))
            listener.listen(64)
            await trio.serve_listeners(self._handle, [trio.SocketListener(listener)])

    async def _handle(self, near: trio.SocketStream) -> None:
        await self._open.wait()
        try:
            far = await trio.open_unix_socket(str(self.target))
        except OSError:
            await trio.aclose_forcefully(near)
            return
        self._streams |= {near, far}
        try:
            async with trio.open_nursery() as both:
                both.start_soon(self._copy, near, far, both.cancel_scope)
                both.start_soon(self._copy, far, near, both.cancel_scope)
        finally:
            self._streams -= {near, far}
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(near)
                await trio.aclose_forcefully(far)

    async def _copy(
        self, source: trio.SocketStream, to: trio.SocketStream, both: trio.CancelScope
    ) -> None:
        try:
            while data := await source.receive_some(CHUNK):
                await self._open.wait()
                await to.send_all(data)
            await self._open.wait()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await self._open.wait()
        both.cancel()


@asynccontextmanager
async def proxies(
    paths: dict[str, Path], target: Path
) -> AsyncGenerator[dict[str, Proxy]]:
    """One for each node."""
    made = {name: Proxy(path, target) for name, path in paths.items()}
    async with trio.open_nursery() as nursery:
        for one in made.values():
            nursery.start_soon(one.serve)
        yield made
        nursery.cancel_scope.cancel()
