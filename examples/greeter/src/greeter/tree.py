"""The tree: the greeters, and a door on which guests knock."""

from __future__ import annotations

import os
from functools import partial

import trio

from trio_sup import (
    ChildSpec,
    Supervisor,
    dynamic_supervisor,
    supervisor,
    tcp_listener,
)

from .server import GREETERS, greet

LONGEST = 256
"""Bytes of a guest's name."""


async def serve_guest(idle: float, stream: trio.SocketStream) -> None:
    """Greet by name, line by line, until the guest has enough.

    A connection is a child: a guest who hangs up, or sends what is no name, ends this
    one only.
    """
    line = bytearray()
    async for piece in stream:
        line += piece
        while b"\n" in line:
            name, _, rest = bytes(line).partition(b"\n")
            line = bytearray(rest)
            guest = name.decode(errors="replace").strip()
            answer = await greet(guest, idle=idle) if guest else "who?"
            await stream.send_all(f"{answer}\n".encode())
        if len(line) > LONGEST:
            await stream.send_all(b"that is no name\n")
            return


def spec(port: int | None = None, idle: float | None = None) -> ChildSpec[Supervisor]:
    """Describe the program: for ``trio-sup run greeter.tree:spec``.

    Args:
        port: Where the door is; None for what `GREETER_PORT` says, or 8760.
        idle: Seconds after which a greeter leaves; None for what `GREETER_IDLE` says,
            or 60.
    """
    if port is None:
        port = int(os.environ.get("GREETER_PORT", "8760"))
    if idle is None:
        idle = float(os.environ.get("GREETER_IDLE", "60"))
    return supervisor(
        [
            dynamic_supervisor(id="greeters", name=GREETERS),
            tcp_listener(partial(serve_guest, idle), port, host="127.0.0.1", id="door"),
        ],
        id="greeter",
    )
