"""A row of figures as a line of blocks. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SPARKS: Final = "▁▂▃▄▅▆▇█"
PLAIN_SPARKS: Final = "_.-=+*%#"


def sparkline(
    values: Sequence[int], width: int, *, plain: bool, top: int | None = None
) -> str:
    """The last values as a line of blocks.

    Args:
        values: Oldest first.
        width: How many of them there is room for.
        plain: ASCII only.
        top: Which value fills a cell; the highest of those shown if None.
    """
    marks = PLAIN_SPARKS if plain else SPARKS
    last = list(values)[-max(width, 1) :]
    top = max([*last, 1]) if top is None else top
    return "".join(marks[round(value / top * (len(marks) - 1))] for value in last)
