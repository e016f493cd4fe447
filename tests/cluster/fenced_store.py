"""What the steps of a test write to: a store that refuses whoever comes late.

A redis-server of its own, beside the engine: no fault of the engine is one of it.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Self

import hiredis

from tests.cluster.redis_server import RedisServer

Write = tuple[int, str]
"""A token, and the node that wrote under it."""

WRITE = """
local greatest = tonumber(redis.call('GET', 'greatest') or '0')
if tonumber(ARGV[1]) < greatest then
    return redis.call('INCR', 'refused')
end
redis.call('SET', 'greatest', ARGV[1])
redis.call('RPUSH', 'taken', ARGV[1] .. ' ' .. ARGV[2])
return 0
"""


class FencedStore:
    """A connection of a process to it, for code that does not await."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._reader = hiredis.Reader()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def write(self, token: int, node: str) -> None:
        """Write under a token; the store decides, when it comes there."""
        command: Any = ("EVAL", WRITE, 0, token, node)
        self._socket.sendall(hiredis.pack_command(command))
        while self._reader.gets() is False:
            self._reader.feed(self._socket.recv(1024))


async def written(store: RedisServer) -> tuple[list[Write], int]:
    """Return what it took, in order, and how many writes it refused."""
    taken: Any = await store.command("LRANGE", "taken", "0", "-1")
    refused: Any = await store.command("GET", "refused")
    pairs = [bytes(each).decode().split() for each in taken]
    return [(int(token), node) for token, node in pairs], int(refused or 0)


async def forget_written(store: RedisServer) -> None:
    """Begin to count anew; it still knows the greatest token."""
    await store.command("DEL", "taken", "refused")
