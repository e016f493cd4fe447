"""Boards: one server for each, found by its key, started when first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

import trio

from trio_sup import (
    Backoff,
    Budget,
    Call,
    ChildSpec,
    DynamicSupervisor,
    GenServer,
    Registry,
    ServerRef,
    Stop,
    SupervisionError,
    call,
    cast,
    child,
    current_node,
)
from trio_sup.demo.protocol import BadRequest
from trio_sup.demo.store import Store, the_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.demo.protocol import Post

P = ParamSpec("P")
R = TypeVar("R")

NAME = "boards"
IDLE = 60.0
"""Seconds after which a board that nobody follows or uses ends."""
BUDGET = Budget(3, 10.0, then="quarantine")
BACKOFF = Backoff(initial=0.2, maximum=2.0, reset_after=10.0)


class Board(GenServer):
    """The posts of one board, and who follows it.

    Args:
        key: Its name.
    """

    def __init__(self, key: str) -> None:
        self._name = key
        self._posts: list[Post] = []
        self._members: set[trio.MemorySendChannel[Post]] = set()

    async def init(self) -> None:
        """Take the posts from the store, those of an earlier life included."""
        self._posts += await the_store().call(Store.posts_of, self._name)
        self.idle_after(IDLE, Board.end)

    @call(raises=(BadRequest,))
    async def post(self, author: str, text: str) -> Post:
        """Keep a post and send it to the members."""
        self.idle_after(IDLE, Board.end)
        if text.startswith("="):
            text = f"{text[1:].strip()} = {quotient(text[1:])}"
        try:
            post = await the_store().call(Store.append, self._name, author, text)
        except SupervisionError as error:
            raise BadRequest(f"perhaps not kept: {error}") from error
        self._posts.append(post)
        for member in list(self._members):
            self._send(member, post)
        return post

    @call
    async def read(self, last: int) -> Sequence[Post]:
        """Return the last posts."""
        self.idle_after(IDLE, Board.end)
        return self._posts[-last:]

    @call
    async def subscribe(
        self, member: trio.MemorySendChannel[Post]
    ) -> tuple[ServerRef[Board], int]:
        """Send what is posted from now on; return who will do so, in which life."""
        self._members.add(member)
        return self.ref, self.life

    @cast
    async def unsubscribe(self, member: trio.MemorySendChannel[Post]) -> None:
        """Send no more."""
        self._members.discard(member)
        self.idle_after(IDLE, Board.end)

    @cast
    async def end(self) -> None:
        """End in order unless somebody follows; who asks next starts it again."""
        if not self._members:
            raise Stop

    def _send(self, member: trio.MemorySendChannel[Post], post: Post) -> None:
        try:
            member.send_nowait(post)
        except trio.WouldBlock:
            pass  # A member that does not read misses posts; it delays nobody.
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._members.discard(member)


def quotient(text: str) -> float:
    """Work out what ``22/7`` is.

    Raises:
        BadRequest: it is no division of whole numbers.
    """
    above, _, below = text.partition("/")
    try:
        dividend, divisor = int(above), int(below)
    except ValueError:
        raise BadRequest("after = stands a division, such as =22/7") from None
    # Nobody has thought of 0: the bug by which `--chaos` crashes boards.
    return dividend / divisor


class Boards:
    """All boards, by key."""

    def __init__(self) -> None:
        self._names = Registry()

    def spec(self, key: str) -> ChildSpec[ServerRef[Board]]:
        """Describe a board.

        Restarts wait longer and longer, and a board that keeps crashing is put into
        quarantine: the others never pay for it.
        """
        return child(
            Board,
            key,
            id=key,
            name=self._names.via(key),
            restart="transient",
            backoff=BACKOFF,
            budget=BUDGET,
        )

    async def ask(
        self, key: str, op: Call[Board, P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Call a board, started if need be."""
        return await all_boards().call_or_start(self.spec(key), op, *args, **kwargs)


def all_boards() -> DynamicSupervisor:
    """Return the supervisor of all boards.

    Raises:
        NoSuchChild: it is between two lives.
    """
    return current_node().registry.lookup(NAME, DynamicSupervisor)
