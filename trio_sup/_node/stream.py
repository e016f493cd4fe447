"""The events of a node as a stream, for whoever reads them one by one."""

from __future__ import annotations

import trio

from trio_sup._core.events import LifecycleEvent
from trio_sup._trio.home import Home


class EventStream:
    """Events as an async iterator; open one with ``node.events()``."""

    def __init__(self, capacity: int, home: Home) -> None:
        self._home = home
        self._send, self._receive = trio.open_memory_channel[LifecycleEvent](capacity)
        self.dropped: int = 0
        """How many events found no room."""

    def put(self, event: LifecycleEvent) -> None:
        """Add an event, or count it as dropped."""
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            self.dropped += 1
        except trio.BrokenResourceError:
            pass

    def close(self) -> None:
        """End the stream for its reader."""
        self._send.close()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> LifecycleEvent:
        self._home.check("stream.__anext__", "node.events", waits=True)
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    def receive_nowait(self) -> LifecycleEvent | None:
        """Return the next event, or None if none waits."""
        self._home.check_if_going("stream.receive_nowait", "node.events")
        try:
            return self._receive.receive_nowait()
        except (trio.WouldBlock, trio.EndOfChannel):
            return None
