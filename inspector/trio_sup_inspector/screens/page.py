"""Lines in the middle of an empty screen."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    clip_cells,
    printable,
    width_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def page_cells(
    page: Sequence[tuple[str, Role]], width: int, *, plain: bool
) -> list[Cells]:
    """The texts wrapped into a block that stands in the middle."""
    room = max(10, min(width - 4, 76))
    lines: list[Cell] = []
    for text, role in page:
        parts = [text] if text.startswith(" ") else textwrap.wrap(text, room)
        lines += [cell(printable(part, plain=plain), role) for part in parts or [""]]
    block = max((width_of(text) for text, _ in lines), default=0)
    margin = " " * max(0, (width - block) // 2)
    empty = clip_cells((), width)
    shown = [clip_cells(((margin, "text"), line), width, plain=plain) for line in lines]
    return [empty, empty, *shown]
