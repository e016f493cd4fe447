"""Clients inside the program: they talk to it over real sockets, like any other."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio

from trio_sup.demo.door import DOOR
from trio_sup.demo.lines import LineReader

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

BOARDS = ("general", "trio", "otp", "python", "random")
WORDS = ("let", "it", "crash", "and", "begin", "again", "while", "others", "go", "on")


class Denied(Exception):
    """The server said ``ERR``; `str` is why."""


class Disturbed(Exception):
    """The server closed the connection, or sent bad news."""


class Visitor:
    """One connection, as the client sees it."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._lines = LineReader(stream)
        self.news: list[str] = []
        """Lines that came unasked: ``* post`` and ``! news``."""

    async def ask(self, request: str) -> Sequence[str]:
        """Send a request and return the lines of its answer.

        Raises:
            Denied: the server refused.
            Disturbed: it closed the connection.
        """
        await self._stream.send_all(f"{request}\n".encode())
        while (line := await self.read()).startswith(("*", "!")):
            self.news.append(line)
        word, _, rest = line.partition(" ")
        if word == "ERR":
            raise Denied(rest)
        return [await self.read() for _ in range(int(rest))]

    async def read(self) -> str:
        """Return the next line, whatever it is.

        Raises:
            Disturbed: the server closed the connection.
        """
        try:
            line = await self._lines.read()
        except trio.BrokenResourceError as error:
            raise Disturbed("the connection broke") from error
        if line is None:
            raise Disturbed("the server closed the connection")
        return line


@asynccontextmanager
async def visit() -> AsyncGenerator[Visitor, None]:
    """Connect to the board server, and leave it at the end."""
    port = await DOOR.wait_value()
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        yield Visitor(stream)


async def keep_visiting(talk: Callable[[Visitor], Awaitable[None]]) -> None:
    """Connect, talk, and connect again whenever that fails, for ever."""
    while True:
        try:
            async with visit() as visitor:
                await talk(visitor)
        except (OSError, trio.BrokenResourceError, Denied, Disturbed):
            pass  # Tomorrow is another day.
        await trio.sleep(random.uniform(0.2, 1.0))


async def chatter(number: int) -> None:
    """Follow a board, post, read and look for words, for ever.

    Args:
        number: Which client this is; gives it a board and habits of its own.
    """
    choose = random.Random(number)
    home = BOARDS[number % len(BOARDS)]

    async def talk(visitor: Visitor) -> None:
        await visitor.ask(f"SUBSCRIBE {home}")
        while True:
            await trio.sleep(choose.uniform(0.2, 1.2))
            await visitor.ask(_request(choose, home))
            if any(line.startswith("!") for line in visitor.news):
                raise Disturbed("the board crashed")
            visitor.news.clear()

    await keep_visiting(talk)


def _request(choose: random.Random, home: str) -> str:
    words = " ".join(choose.choices(WORDS, k=choose.randint(2, 8)))
    requests = (
        f"POST {home} {words}",
        f"POST {home} ={choose.randint(1, 99)}/{choose.randint(1, 9)}",
        f"READ {choose.choice(BOARDS)} 5",
        f"FIND {choose.choice(WORDS)}",
    )
    return choose.choices(requests, weights=(5, 1, 3, 1))[0]
