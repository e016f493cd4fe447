"""The door: lines over TCP, by which people write down tasks and what is done.

``add SECONDS EMAIL TITLE``, ``done NUMBER``, ``list``; one line is the answer to each.
"""

from __future__ import annotations

from functools import partial
from typing import Protocol

import trio

from trio_sup import ChildSpec, Listener, tcp_listener

from .books import Books
from .connections import Unavailable

LONGEST = 1024
"""Bytes of a line."""
USAGE = "say: add SECONDS EMAIL TITLE | done NUMBER | list"


class Application(Protocol):
    """What the door opens to."""

    @property
    def books(self) -> Books:
        """Where the tasks stand."""
        ...

    async def add(self, title: str, email: str, every: float) -> int:
        """Write down a task."""
        ...

    async def complete(self, task: int) -> bool:
        """Write down that it is done."""
        ...


async def answer(app: Application, line: str) -> str:
    """Do what a line says, and return what to say to it."""
    try:
        match line.split(maxsplit=3):
            case ["add", every, email, title] if float(every) > 0 and "@" in email:
                return f"task {await app.add(title, email, float(every))}"
            case ["done", number]:
                done = await app.complete(int(number))
                return "done" if done else "there is no such open task"
            case ["list"]:
                tasks = await app.books.open_tasks()
                return "; ".join(f"{id} {title}" for id, title in tasks) or "nothing"
            case _:
                return USAGE
    except ValueError:
        return USAGE
    except Unavailable:
        return "the database does not answer; nothing was changed that you can rely on"


async def serve_person(app: Application, stream: trio.SocketStream) -> None:
    """Answer line by line; a child of its own, whoever hangs up ends this one only."""
    line = bytearray()
    async for piece in stream:
        line += piece
        while b"\n" in line:
            first, _, rest = bytes(line).partition(b"\n")
            line = bytearray(rest)
            said = await answer(app, first.decode(errors="replace"))
            await stream.send_all(f"{said}\n".encode())
        if len(line) > LONGEST:
            return


def door(app: Application, port: int) -> ChildSpec[Listener[int]]:
    """Describe the door; the port is this child's value."""
    serve = partial(serve_person, app)
    return tcp_listener(serve, port, host="127.0.0.1", id="door")
