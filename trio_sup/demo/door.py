"""The door: a listener, which gives each connection a supervised child of its own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trio_sup import Listener, address, tcp_listener
from trio_sup.demo.session import serve_client

if TYPE_CHECKING:
    from trio_sup import ChildSpec
    from trio_sup.demo.board import Boards

DOOR = address("door", Listener[int], wait=True)
"""Where clients come to; its value is the port."""
MAX_CONNECTIONS = 450
GRACE = 1.0
"""Seconds that a connection gets to say goodbye."""


def door(port: int, boards: Boards) -> ChildSpec[Listener[int]]:
    """Describe the door.

    Args:
        port: Where on the loopback interface; 0 for one that is free.
        boards: What the clients can use.
    """
    return tcp_listener(
        partial(serve_client, boards),
        port,
        host="127.0.0.1",
        id="door",
        name=DOOR,
        drain=GRACE,
        max_connections=MAX_CONNECTIONS,
        when_full="refuse",
    )
