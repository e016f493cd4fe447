"""The board server's language: one request a line, UTF-8. Pure.

A reply is ``OK n`` and n more lines, or ``ERR`` and why not. Lines that begin with
``*`` (a new post) or ``!`` (news of a board) may come before any reply.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeAlias, cast

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MAX_LINE = 1000
"""Bytes in a line, its end not counted."""
MAX_READ = 100
BOARD_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")

HELP = """\
POST board text    add to a board; "=22/7" as the text works it out first
READ board [n]     the last n posts, 10 by default
SUBSCRIBE board    be sent what others post
FIND word          the last posts with that word
BOARDS             the boards and how they are
CRASH [server]     crash store, index or ticker; or else this connection
HELP, QUIT"""


class BadRequest(Exception):
    """A request cannot be done as it stands; `str` is for the client."""


@frozen
class Post:
    """What somebody said on a board."""

    number: int
    """Its place among all posts, from 0."""
    board: str
    author: str
    text: str

    def __str__(self) -> str:
        return f"{self.board} {self.number} {self.author}: {self.text}"

    def to_json(self) -> str:
        """Return it as one line for a file."""
        return json.dumps([self.number, self.board, self.author, self.text])

    @classmethod
    def from_json(cls, line: str) -> Post:
        """Read a line that `to_json` wrote."""
        number, board, author, text = cast(
            "tuple[int, str, str, str]", json.loads(line)
        )
        return cls(number, board, author, text)


@frozen
class Say:
    """``POST board text``."""

    board: str
    text: str


@frozen
class Read:
    """``READ board [n]``."""

    board: str
    last: int = 10


@frozen
class Subscribe:
    """``SUBSCRIBE board``."""

    board: str


@frozen
class Find:
    """``FIND word``."""

    word: str


@frozen
class ListBoards:
    """``BOARDS``."""


@frozen
class Crash:
    """``CRASH [server]``."""

    server: str | None = None


@frozen
class Help:
    """``HELP``."""


@frozen
class Quit:
    """``QUIT``."""


Request: TypeAlias = Say | Read | Subscribe | Find | ListBoards | Crash | Help | Quit


def parse(line: str) -> Request:
    """Read a request.

    Raises:
        BadRequest: it is none.
    """
    word, _, rest = line.strip().partition(" ")
    make = _REQUESTS.get(word.upper())
    if make is None:
        raise BadRequest(f"unknown request {word[:20]!r}, try HELP")
    return make(rest.strip())


def reply(lines: Sequence[object]) -> str:
    """Return the reply to a request that was done."""
    return "".join(f"{line}\n" for line in (f"OK {len(lines)}", *lines))


def refusal(why: object) -> str:
    """Return the reply to a request that was not done, always one line."""
    return f"ERR {' '.join(str(why).split())}\n"


def _say(rest: str) -> Say:
    board, _, text = rest.partition(" ")
    if not text.strip():
        raise BadRequest("nothing to post: POST board text")
    return Say(_board(board), text.strip())


def _read(rest: str) -> Read:
    board, _, last = rest.partition(" ")
    if last and not (last.isdecimal() and 1 <= int(last) <= MAX_READ):
        raise BadRequest(f"READ board n, with n from 1 to {MAX_READ}, not {last!r}")
    return Read(_board(board), int(last)) if last else Read(_board(board))


def _find(rest: str) -> Find:
    if not rest or " " in rest:
        raise BadRequest("one word is looked for: FIND word")
    return Find(rest.lower())


def _board(name: str) -> str:
    if BOARD_NAME.fullmatch(name) is None:
        raise BadRequest(
            f"a board's name has 1 to 32 letters, digits, '_' and '-', not {name!r}"
        )
    return name


_REQUESTS: Mapping[str, Callable[[str], Request]] = {
    "POST": _say,
    "READ": _read,
    "SUBSCRIBE": lambda rest: Subscribe(_board(rest)),
    "FIND": _find,
    "BOARDS": lambda _: ListBoards(),
    "CRASH": lambda rest: Crash(rest or None),
    "HELP": lambda _: Help(),
    "QUIT": lambda _: Quit(),
}
