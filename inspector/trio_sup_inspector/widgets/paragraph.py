"""A text over as many lines as it needs: what is the matter, and what to do about it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from textual.strip import Strip

from trio_sup_inspector.lines.cells import cell, clip_cells, cut, printable
from trio_sup_inspector.widgets.bars import Bar
from trio_sup_inspector.widgets.paint import Paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.geometry import Size

    from trio_sup_inspector.lines.cells import Cells, Role

MOST: Final = 6
"""Lines of one text; it is cut off behind them."""


def wrapped(text: str, role: Role, width: int, *, plain: bool) -> list[Cells]:
    """The text in lines of a width, with a margin of one cell."""
    room = max(8, width - 2)
    parts = textwrap.wrap(printable(text, plain=plain), room)
    if len(parts) > MOST:
        parts[MOST - 1 :] = [cut(" ".join(parts[MOST - 1 :]), room, plain=plain)]
    return [clip_cells((cell(f" {part}", role),), width, plain=plain) for part in parts]


class Paragraph(Bar):
    """A bar as high as its text, and not there while it says nothing.

    Args:
        said: What it says.
        plain: ASCII only.
        id: The widget's id.
    """

    DEFAULT_CSS = "Paragraph { height: auto; width: 1fr; display: none; }"

    def __init__(
        self, said: Callable[[], tuple[str, Role]], *, plain: bool, id: str
    ) -> None:
        super().__init__(lambda width: (said(),), id=id)
        self._plain = plain

    def update_bar(self) -> None:
        """Paint again if it says something else, with as many lines as that takes."""
        width = self.size.width
        before = len(self._lines(width))
        if not self._write(width):
            return
        self.display = bool(self.text)
        # To lay out the screen is dear: a text that counts seconds keeps its height.
        self.refresh(layout=len(self._lines(width)) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the text takes in a width."""
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        """One of the lines."""
        if self._paint is None:
            self._paint = Paint(self)
        width = self.size.width
        lines = self._lines(width)
        if y >= len(lines) or not width:
            return Strip.blank(width, self.rich_style)
        return self._paint.strip(lines[y])

    def _lines(self, width: int) -> list[Cells]:
        return [
            line
            for text, role in self._cells
            for line in wrapped(text, role, width, plain=self._plain)
        ]
