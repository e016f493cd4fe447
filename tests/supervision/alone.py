"""One specification of each factory, each by itself: a whole tree to `run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import trio

from trio_sup import (
    ChildSpec,
    GenServer,
    Lines,
    Port,
    StateMachine,
    child,
    command,
    dynamic_supervisor,
    listener,
    partition_supervisor,
    process,
    supervisor,
    task_supervisor,
    tcp_listener,
    unix_listener,
)


class Server(GenServer):
    """A server."""


class Machine(StateMachine[str]):
    """A state machine."""

    state = "only"


async def serve_client(stream: trio.SocketStream) -> None:
    """Serve one client."""
    await stream.receive_some()


async def opens() -> Sequence[trio.SocketListener]:
    """Open what clients come to."""
    return await trio.open_tcp_listeners(0, host="127.0.0.1")


def tcp() -> ChildSpec[Any]:
    """Return what ``trio-sup run tests.supervision.alone:tcp`` runs."""
    return tcp_listener(serve_client, 0, host="127.0.0.1")


ALONE: dict[str, Callable[[Path], ChildSpec[Any]]] = {
    "child, a function": lambda _: child(trio.sleep_forever),
    "child, a server": lambda _: child(Server),
    "child, a state machine": lambda _: child(Machine),
    "child, a port": lambda _: child(Port, command("cat"), Lines()),
    "process": lambda _: process("sleep", "600"),
    "supervisor": lambda _: supervisor([child(trio.sleep_forever)]),
    "supervisor, empty": lambda _: supervisor(),
    "dynamic_supervisor": lambda _: dynamic_supervisor(),
    "partition_supervisor": lambda _: partition_supervisor(child(Server), partitions=2),
    "task_supervisor": lambda _: task_supervisor(),
    "listener": lambda _: listener(serve_client, opens),
    "tcp_listener": lambda _: tcp(),
    "unix_listener": lambda place: unix_listener(serve_client, place / "clients"),
}
"""By the factory; each is given a directory of its own."""


async def fail() -> None:
    """Crash."""
    raise ValueError("always")


class Failing(GenServer):
    """A server that starts, and crashes."""

    async def init(self) -> None:
        self.continue_with()

    async def handle_continue(self) -> None:
        raise ValueError("always")


class DeafListener(trio.abc.Listener[trio.SocketStream]):
    """What opens, and cannot accept."""

    async def accept(self) -> trio.SocketStream:
        raise ValueError("always")

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def opens_deaf() -> Sequence[DeafListener]:
    """Open what accepts nobody."""
    return [DeafListener()]


async def opens_nothing() -> Sequence[trio.SocketListener]:
    """Fail to open."""
    raise OSError("never")


GIVES_UP: dict[str, Callable[[], ChildSpec[Any]]] = {
    "child, a function": lambda: child(fail),
    "child, a server": lambda: child(Failing),
    "supervisor": lambda: supervisor([child(fail)]),
    "partition_supervisor": lambda: partition_supervisor(child(fail), partitions=2),
    "listener": lambda: listener(serve_client, opens_deaf),
}
"""What starts, and crashes again and again."""
