"""The acceptor: gives each connection a supervised child of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup import DynamicSupervisor, SupervisionError, child, current_node
from trio_sup.demo.protocol import refusal
from trio_sup.demo.session import serve_client

if TYPE_CHECKING:
    import trio

    from trio_sup.demo.board import Boards

CONNECTIONS = "connections"
GRACE = 1.0
"""Seconds that a connection gets to say goodbye."""


async def accept(listener: trio.SocketListener, boards: Boards) -> None:
    """Accept connections for ever.

    Args:
        listener: Where from. It belongs to the program and outlives this child:
            clients that come between two lives wait in its queue.
        boards: What the clients can use.
    """
    while True:
        stream = await listener.accept()
        _, port = stream.socket.getpeername()
        author = f"guest-{port}"
        connections = current_node().registry.lookup(CONNECTIONS, DynamicSupervisor)
        spec = child(
            serve_client,
            stream,
            author,
            boards,
            id=author,
            restart="temporary",
            shutdown=GRACE,
        )
        try:
            await connections.start_child(spec)
        except SupervisionError as error:
            async with stream:
                await stream.send_all(refusal(error).encode())
