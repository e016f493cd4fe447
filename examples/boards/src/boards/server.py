"""A board: its posts, and who is told of them."""

from __future__ import annotations

from collections.abc import Hashable

from attrs import frozen

from trio_sup import (
    AlreadyRegistered,
    ChildSpec,
    DynamicSupervisor,
    GenServer,
    Registry,
    ServerRef,
    address,
    call,
    child,
)

LONGEST = 500
"""Characters of a post."""

BOARDS = address("boards", DynamicSupervisor, wait=True)
"""The supervisor of all boards."""

# --8<-- [start:board]
MEMBERS = Registry(keys="duplicate", name="members")
"""Who is connected, by board; each entry is a live connection, with its name.

A connection stands here as long as it lives. So a board that crashes has the same
members in its next life, and nobody had to tell it.
"""


class InvalidPost(Exception):
    """The text cannot be posted; the board is unharmed."""


class BoardExists(Exception):
    """There is a board of that title already."""


@frozen
class Post:
    """What members are told."""

    board: str
    author: str
    text: str


class Board(GenServer):
    """Keeps the posts of one board, and tells its members of new ones."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.posts: list[Post] = []

    @call(raises=(InvalidPost,))
    async def post(self, author: str, text: str) -> int:
        """Post, and answer how many connections are told.

        Raises:
            InvalidPost: there is no text, or too much of it. An answer, no crash.
        """
        if not text.strip() or len(text) > LONGEST:
            raise InvalidPost(f"a post has 1 to {LONGEST} characters")
        if "\N{BELL}" in text:
            raise RuntimeError("nobody thought of bells")  # the mistake of this program
        post = Post(self.title, author, text)
        self.posts.append(post)
        return self.tell(post)

    def tell(self, post: Post) -> int:
        """Tell the members; return how many connections took it."""
        return MEMBERS.publish(self.title, post).delivered

    @call
    async def read(self) -> list[Post]:
        """Return all posts of this life."""
        return list(self.posts)

    @call
    async def members(self) -> list[str]:
        """Return the names of who is connected, sorted."""
        return sorted(str(entry.value) for entry in MEMBERS.entries(self.title))


# --8<-- [end:board]
# --8<-- [start:create]
def board(title: str) -> ServerRef[Board]:
    """Return the address of a board; its calls wait while it comes back."""
    return address(name_of(title), Board).when_running()


def name_of(title: str) -> Hashable:
    """What a board is registered as: this is all that ever changes for more nodes."""
    return ("board", title)


async def create(title: str) -> None:
    """Create a board; it exists when this returns.

    Raises:
        BoardExists: as it says.
    """
    spec: ChildSpec[ServerRef[Board]] = child(Board, title, name=name_of(title))
    try:
        await BOARDS.start_child(spec)
    except AlreadyRegistered:
        raise BoardExists(title) from None


# --8<-- [end:create]
