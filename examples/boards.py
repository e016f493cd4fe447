"""Boards: one server a board, so that one board's crash is nobody else's.

`create` says when the board exists; to post on an unknown board is a declared error,
an answer and no crash. Members subscribe with their own task.
"""

from __future__ import annotations

import trio

from trio_sup import (
    Attached,
    GenServer,
    NoSuchChild,
    ServerExit,
    ServerRef,
    Supervisor,
    attach,
    call,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    open_supervisor,
)


class InvalidPost(Exception):
    """The text cannot be posted; the board is unharmed."""


class Board(GenServer):
    """One board: its posts, and its members."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.members: list[Attached] = []

    @call
    async def join(self, member: Attached) -> int:
        """Push every post to `member` from now on; answer how many members."""
        self.members.append(member)
        return len(self.members)

    @call(raises=(InvalidPost,))
    async def post(self, text: str) -> int:
        """Post, and answer how many members were told."""
        if not text:
            raise InvalidPost("a post needs a text")
        for member in self.members:
            member.send(f"{self.title}: {text}")
        return len(self.members)

    @cast
    async def upset(self) -> None:
        """Crash, as real code does."""
        raise RuntimeError("the board fell off the wall")


async def create(sup: Supervisor, title: str) -> ServerRef[Board]:
    """Create a board; it exists when this returns."""
    return await sup.dynamic("boards").start_child(
        child(Board, title, name=("board", title))
    )


def board(title: str) -> ServerRef[Board]:
    """Return a board; raises `NoSuchChild` if there is none of that title."""
    return current_node().registry.lookup(("board", title), Board)


async def main() -> None:
    """Two boards with a member each; one of them crashes."""
    async with open_supervisor([dynamic_supervisor(id="boards")]) as sup:
        news = await create(sup, "news")
        sport = await create(sup, "sport")
        async with attach(id="ada") as ada, attach(id="bob") as bob:
            await news.call(Board.join, ada)
            await sport.call(Board.join, bob)
            sport.cast(Board.upset)
            try:
                await sport.call(Board.post, "lost")
            except ServerExit as error:
                print(error.exit)
            await board("news").call(Board.post, "all well")
            print("ada reads", await ada.receive())
            await sport.wait_running()
            print("sport, life", sport.life, "told", await sport.call(Board.post, "hi"))
        for title, text in (("news", ""), ("chess", "e4")):
            try:
                await board(title).call(Board.post, text)
            except (InvalidPost, NoSuchChild) as error:
                print(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    trio.run(main)
