"""The only way from here to a terminal: takes clean text alone.

Data goes to stdout, messages to stderr. That nothing else in the command prints is
held by a test; that these take only what `trio_sup._core.clean` made, by the types.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from trio_sup._core.clean import Clean, clean

if TYPE_CHECKING:
    from collections.abc import Iterable

MESSAGE_LINES: Final = 40
"""Lines of a message: most have one, a tree that gave up tells its story."""


def say(line: Clean, *, flush: bool = False) -> None:
    """Write a line to stdout."""
    print(line, flush=flush)


def say_lines(lines: Iterable[Clean]) -> None:
    """Write lines to stdout."""
    for line in lines:
        print(line)


def say_pieces(pieces: Iterable[Clean]) -> None:
    """Write a document to stdout, piece by piece, and end the line."""
    for piece in pieces:
        sys.stdout.write(piece)
    sys.stdout.write("\n")


def ask_for(question: Clean) -> str:
    """Ask at the terminal, and return the line that was typed."""
    sys.stdout.write(question)
    sys.stdout.flush()
    return sys.stdin.readline().strip()


def paint(control: str, lines: Iterable[Clean], after: str, below: str) -> None:
    """Write lines over what is on the screen.

    Past the buffer of `sys.stdout`, which refuses whoever comes to it from a signal
    handler while it is written: Ctrl-Z may come in the middle of a look.

    Args:
        control: What comes first: this command's own sequences.
        lines: The lines.
        after: What ends each.
        below: What comes last.
    """
    body = "".join(f"{line}{after}" for line in lines)
    out = sys.stdout
    left = f"{control}{body}{below}".encode(out.encoding, out.errors or "strict")
    while left:
        left = left[os.write(out.fileno(), left) :]


def quote(text: str) -> None:
    """Write lines to stderr as they are, but for what a terminal would obey."""
    for line in text.splitlines():
        print(clean(line), file=sys.stderr)


def complain(text: str) -> None:
    """Write a message to stderr, under the command's name.

    It may quote anything, and is made clean here; the lines that it has stay lines.
    """
    lines = text.split("\n", MESSAGE_LINES - 1)
    print("trio-sup:", "\n".join(map(clean, lines)), file=sys.stderr)
