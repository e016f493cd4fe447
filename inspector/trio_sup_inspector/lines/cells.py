"""What a line is made of: pieces of text, each with a role. Knows no Textual.

A role says what a text means; a widget turns it into a colour. Widths are
terminal cells, so that wide characters keep columns aligned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from rich.cells import cell_len, set_cell_size

Role: TypeAlias = Literal[
    "text",
    "strong",
    "dim",
    "accent",
    "ok",
    "busy",
    "warn",
    "bad",
    "off",
    "badge",
    "badge-ok",
    "badge-busy",
    "badge-warn",
    "badge-bad",
]
Cell: TypeAlias = tuple[str, Role]
Cells: TypeAlias = tuple[Cell, ...]
"""One line, left to right. Hashable: it is the key of the cache of strips."""
UNFOLDED: Final = ("▾ ", "v ")
"""What stands before a line below which others are shown; the second in ASCII."""
FOLDED: Final = ("▸ ", "> ")
"""What stands before one below which they are hidden."""


def fold_mark(opened: bool | None, *, plain: bool) -> str:
    """What stands before a line that others may hang below: a piece of its own.

    Args:
        opened: Whether they are shown; None if there are none.
        plain: ASCII only.
    """
    if opened is None:
        return "  "
    return (UNFOLDED if opened else FOLDED)[int(plain)]


def width_of(text: str) -> int:
    """How many terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int, *, plain: bool = False) -> str:
    """The text in at most `width` cells; what is cut off is marked."""
    if width_of(text) <= width:
        return text
    mark = "~" if plain else "…"
    return set_cell_size(text, width - 1) + mark if width > 1 else mark[:width]


def cut_front(text: str, width: int, *, plain: bool = False) -> str:
    """The end of the text in at most `width` cells: of a path it says most."""
    if width_of(text) <= width:
        return text
    room = max(width - 1, 0)
    text = text[len(text) - room :]
    while width_of(text) > room:
        text = text[1:]
    return ("~" if plain else "…")[:width] + text


def fit(text: str, width: int, *, right: bool = False, plain: bool = False) -> str:
    """The text in exactly `width` cells."""
    if text.isascii() and len(text) <= width:  # most texts: a cell a character
        return text.rjust(width) if right else text.ljust(width)
    text = cut(text, width, plain=plain)
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def cells_width(cells: Cells) -> int:
    """How many terminal cells a line takes."""
    return sum(width_of(text) for text, _ in cells)


def changed_span(old: Cells, new: Cells) -> tuple[int, int]:
    """From which terminal cell to before which one two lines differ.

    A line whose pieces have other widths than before differs to its end.
    """
    first, last = _differing(old, new)
    if first == last and len(old) == len(new):
        return 0, 0
    start = end = cells_width(new[:first])
    for before, after in zip(old[first:last], new[first:last], strict=True):
        width = width_of(after[0])
        if width_of(before[0]) != width:
            return start, max(cells_width(old), cells_width(new))
        end += width
    if len(old) != len(new):
        end = max(cells_width(old), cells_width(new))
    return start, end


def _differing(old: Cells, new: Cells) -> tuple[int, int]:
    """From which piece to before which one two lines differ, as far as both go."""
    first, last = 0, min(len(old), len(new))
    while first < last and old[first] == new[first]:
        first += 1
    if len(old) == len(new):
        while first < last and old[last - 1] == new[last - 1]:
            last -= 1
    return first, last


def dimmed(cells: Cells) -> Cells:
    """The same line with nothing in it that stands out."""
    return tuple((text, "dim") for text, _ in cells)


def clip_cells(cells: Cells, width: int, *, plain: bool = False) -> Cells:
    """The line in exactly `width` cells."""
    kept: list[Cell] = []
    left = width
    for text, role in cells:
        size = width_of(text)
        if size > left:
            kept.append((cut(text, left, plain=plain), role))
            left = 0
            break
        kept.append((text, role))
        left -= size
    if left:
        kept.append((" " * left, "text"))
    return tuple(kept)


def spread(left: Cells, right: Cells, width: int, *, plain: bool = False) -> Cells:
    """Both ends of a line; the left one yields if there is no room for both."""
    room = width - cells_width(right)
    if room < 0:
        return clip_cells(right, width, plain=plain)
    return clip_cells(left, room, plain=plain) + right


def cell(text: str, role: Role) -> Cell:
    """One piece of a line."""
    return text, role


def printable(text: str, *, plain: bool) -> str:
    """The text, in ASCII only if `plain`."""
    return text.encode("ascii", "replace").decode("ascii") if plain else text


def printable_cells(cells: Iterable[Cell], *, plain: bool) -> Cells:
    """The same line, in ASCII only if `plain`."""
    return tuple(cell(printable(text, plain=plain), role) for text, role in cells)
