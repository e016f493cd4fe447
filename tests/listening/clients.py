"""Handlers and clients that the tests of listeners share."""

from __future__ import annotations

import socket
import struct

import trio


async def echo(stream: trio.abc.Stream) -> None:
    """Send back what comes; a crash if it is ``crash``."""
    async for data in stream:
        if data == b"crash":
            raise ValueError("told to crash")
        await stream.send_all(data)


async def exactly(stream: trio.abc.Stream, size: int) -> bytes:
    """Receive so many bytes."""
    data = b""
    while len(data) < size:
        more = await stream.receive_some(size - len(data))
        assert more, "the other end closed"
        data += more
    return data


def reset(stream: trio.SocketStream) -> None:
    """Leave as clients do whose program was killed: RST instead of FIN."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.socket.close()


async def connect(port: int) -> trio.SocketStream:
    """Be a client of this machine."""
    return await trio.open_tcp_stream("127.0.0.1", port)
