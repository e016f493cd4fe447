"""A listener in memory: what it accepts, and what it raises, is said by the test."""

from __future__ import annotations

from collections.abc import Sequence

import trio
from trio.testing import MemoryReceiveStream, MemorySendStream, memory_stream_pair

Stream = trio.StapledStream[MemorySendStream, MemoryReceiveStream]


class MemoryListener(trio.abc.Listener[Stream]):
    """Accepts the other ends of what `connect` returns."""

    def __init__(self) -> None:
        self._come, self._next = trio.open_memory_channel[Stream | OSError](100)
        self.closed = False

    async def open(self) -> Sequence[MemoryListener]:
        """Be what a listener opens."""
        self.closed = False
        return [self]

    def connect(self) -> Stream:
        """Be a client."""
        client, server = memory_stream_pair()
        self._come.send_nowait(server)
        return client

    def fail(self, error: OSError) -> None:
        """Let one accept(2) fail."""
        self._come.send_nowait(error)

    async def accept(self) -> Stream:
        """Accept one client."""
        came = await self._next.receive()
        if isinstance(came, OSError):
            raise came
        return came

    async def aclose(self) -> None:
        """Close; noted only."""
        self.closed = True
        await trio.lowlevel.checkpoint()
