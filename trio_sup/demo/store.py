"""The store: every post, in a file. What is not to be lost lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from trio_sup import Exit, ServerRef, call, current_node
from trio_sup.demo.faults import Crashable
from trio_sup.demo.protocol import Post

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = "store"


class Store(Crashable):
    """Keeps posts. A crash loses nothing: the next life reads the file.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = trio.Path(path)
        self._posts: list[Post] = []

    async def init(self) -> None:
        """Read what earlier lives have kept."""
        await self._path.touch()
        lines = (await self._path.read_text()).splitlines()
        self._posts = [Post.from_json(line) for line in lines]
        self._file = await self._path.open("a")

    async def terminate(self, exit: Exit) -> None:
        """Close the file."""
        await self._file.aclose()

    @call
    async def append(self, board: str, author: str, text: str) -> Post:
        """Keep a post; it is in the file when this returns."""
        post = Post(len(self._posts), board, author, text)
        await self._file.write(post.to_json() + "\n")
        await self._file.flush()
        self._posts.append(post)
        return post

    @call
    async def posts_of(self, board: str) -> Sequence[Post]:
        """Return the posts of one board."""
        return [post for post in self._posts if post.board == board]

    @call
    async def posts_from(self, number: int) -> Sequence[Post]:
        """Return all posts from a number on."""
        return self._posts[number:]


def the_store() -> ServerRef[Store]:
    """Return the address of the store: calls wait while it is between two lives."""
    return current_node().registry.ref(NAME, Store).when_running()
