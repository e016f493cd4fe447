"""A network in memory, in the place of TCP: for tests in virtual time."""

from __future__ import annotations

import errno
import math
from types import TracebackType
from typing import Any, Self

import trio
import trio.testing


class MemoryStream(trio.abc.HalfCloseableStream):
    """One end of a connection."""

    def __init__(self, stream: trio.StapledStream[Any, Any]) -> None:
        self._stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send it; there is always room."""
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Return at once."""
        await self._stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        """Say that nothing more will come."""
        await self._stream.send_eof()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Return what has arrived, as a socket does."""
        return bytes(await self._stream.receive_some(max_bytes))

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()


_FIRST_FREE = 49152


class MemoryNetwork:
    """Carries what `trio.open_tcp_stream` and `trio.open_tcp_listeners` open.

    As a context manager it takes their place, so `trio.serve_tcp` and the listeners of
    this library are reached, too: no socket is opened, and a virtual clock knows when
    nothing goes on. Buffers are endless. Names of hosts do not matter, only ports.

    It replaces attributes of `trio`, so it does not reach code that has imported the
    functions themselves by name, nor `trio.socket` and TLS.
    """

    def __init__(self) -> None:
        self.refuses: bool = False
        """Whether new connections are refused."""
        self.connections: list[tuple[MemoryStream, MemoryStream]] = []
        """Those that were made: the stream of who called, and of who was called."""
        self._listeners: dict[int, MemoryListener] = {}
        self._before: tuple[Any, Any] | None = None

    def __enter__(self) -> Self:
        """Take the place of TCP."""
        module: Any = trio
        self._before = module.open_tcp_listeners, module.open_tcp_stream
        module.open_tcp_listeners = self.open_tcp_listeners
        module.open_tcp_stream = self.open_tcp_stream
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        module: Any = trio
        assert self._before is not None
        module.open_tcp_listeners, module.open_tcp_stream = self._before

    async def open_tcp_listeners(
        self, port: int, *, host: str | bytes | None = None, backlog: int | None = None
    ) -> list[MemoryListener]:
        """Stand in for `trio.open_tcp_listeners`.

        Raises:
            OSError: somebody listens at that port already.
        """
        await trio.lowlevel.checkpoint()
        if port == 0:
            port = next(
                free
                for free in range(_FIRST_FREE, 65536)
                if free not in self._listeners
            )
        if port in self._listeners:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        room = math.inf if backlog is None else backlog
        made = self._listeners[port] = MemoryListener(self, port, room)
        return [made]

    async def open_tcp_stream(
        self, host: str | bytes, port: int, **_: object
    ) -> MemoryStream:
        """Stand in for `trio.open_tcp_stream`.

        Raises:
            OSError: nobody listens there, or `refuses` is true.
        """
        await trio.lowlevel.checkpoint()
        listener = self._listeners.get(port)
        if listener is None or self.refuses:
            shown = host.decode() if isinstance(host, bytes) else host
            raise ConnectionRefusedError(
                errno.ECONNREFUSED, f"no connection to {shown}:{port}"
            )
        ours, theirs = (MemoryStream(end) for end in trio.testing.memory_stream_pair())
        self.connections.append((ours, theirs))
        await listener.arrived(theirs)
        return ours

    async def cut(self) -> None:
        """Break all connections, as if a cable was pulled; new ones can be made."""
        cut, self.connections = self.connections, []
        for pair in cut:
            for stream in pair:
                await trio.aclose_forcefully(stream)

    def forget(self, port: int) -> None:
        """Nobody listens at a port any more."""
        self._listeners.pop(port, None)


class MemoryListener(trio.abc.Listener[MemoryStream]):
    """A listener of a `MemoryNetwork`."""

    def __init__(self, network: MemoryNetwork, port: int, room: float) -> None:
        self.port: int = port
        """Where it listens."""
        self.socket: MemoryAddress = MemoryAddress(self)
        """What tells the port, as a socket does."""
        self._network = network
        self._send, self._receive = trio.open_memory_channel[MemoryStream](room)

    async def arrived(self, stream: MemoryStream) -> None:
        """Somebody connects."""
        try:
            await self._send.send(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "just closed") from None

    async def accept(self) -> MemoryStream:
        """Wait for a connection."""
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise trio.ClosedResourceError from None

    async def aclose(self) -> None:
        """Listen no more."""
        self.close()
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """Listen no more, at once."""
        self._network.forget(self.port)
        self._send.close()
        self._receive.close()


class MemoryAddress:
    """Tells where a `MemoryListener` listens."""

    def __init__(self, listener: MemoryListener) -> None:
        self._listener = listener

    def getsockname(self) -> tuple[str, int]:
        """Return host and port."""
        return ("127.0.0.1", self._listener.port)

    def close(self) -> None:
        """Close the listener."""
        self._listener.close()
