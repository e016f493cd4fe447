"""Text that fits into the columns of a terminal and of a log: cells, folded, cut.

A cell is what one letter of Latin takes; letters of Chinese take two, accents none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

WIDEST = 80
"""Columns of what a failure prints."""

MORE = "…"
"""What stands for what was cut out."""


def cells(text: str) -> int:
    """Return how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in (
        "Mn",
        "Me",
        "Cf",
    ):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, width: int) -> str:
    """Return a text with blanks behind it."""
    return text + " " * (width - cells(text))


def cut(text: str, width: int) -> str:
    """Return a text, its middle cut out if it is too wide: begin and end tell most."""
    if cells(text) <= width:
        return text
    head, _ = _split(text, (width - 1) // 2)
    tail, _ = _split(text[::-1], width - 1 - cells(head))
    return head + MORE + tail[::-1]


def _split(text: str, width: int) -> tuple[str, str]:
    """Return what of a text fits, and the rest."""
    taken, place = 0, 0
    for place, letter in enumerate(text):
        taken += _cells(letter)
        if taken > width:
            return text[:place], text[place:]
    return text, ""


def shown(line: str) -> str:
    """Return a line without what would move a cursor."""
    if line.isprintable():
        return line
    line = line.expandtabs(4)
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def folded(
    line: str, first: str = "", rest: str | None = None, width: int = WIDEST
) -> Iterator[str]:
    """Yield a line in as many as it needs, broken between words; words, if they must be.

    Args:
        line: One line of text, which is left as it is if it fits.
        first: What stands before it.
        rest: What stands before the lines that follow; as many blanks by default.
        width: How wide a line may be.
    """
    rest = " " * cells(first) if rest is None else rest
    left, before = shown(line), first
    while cells(before) + cells(left) > width:
        head, tail = _split(left, max(width - cells(before), 2))
        space = head.rfind(" ")
        # A blank in the indentation is no place to break, and a line is not left empty.
        if not tail.startswith(" ") and head[:space].strip() and space * 3 > len(head):
            head, tail = left[:space], left[space:]
        yield (before + head).rstrip()
        left, before = tail.lstrip(" "), rest
    yield (before + left).rstrip()


def fitted(lines: Iterable[str], indent: str = "") -> Iterator[str]:
    """Yield lines of others, such as stacks: paths of files are cut, the rest is folded."""
    for line in lines:
        blanks = line[: len(line) - len(line.lstrip(" "))]
        if line.lstrip(" ").startswith('File "') and line.count('"') > 1:
            head, path, tail = line.split('"', 2)
            room = WIDEST - cells(f'{indent}{head}""{tail}')
            if room >= FEW:
                line = f'{head}"{cut(path, room)}"{tail}'
        yield from folded(line, indent, f"{indent}{blanks[:FEW]}  ")


FEW = 20
"""Columns of a path that still say something."""
