"""Lines of one width, written one after the other. Knows no Textual."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from trio_sup_inspector.lines.cells import clip_cells, printable_cells

if TYPE_CHECKING:
    from trio_sup_inspector.lines.cells import Cell, Cells, Role

LABEL: Final = 13
"""Cells of a label."""


class Writer:
    """Collects lines of one width."""

    def __init__(self, width: int, plain: bool) -> None:
        self.width = max(width, 1)
        self.plain = plain
        self.lines: list[Cells] = []

    @property
    def _mark(self) -> str:
        return "-" if self.plain else "─"

    def add(self, *cells: Cell) -> None:
        """One line."""
        shown = printable_cells(cells, plain=self.plain)
        self.lines.append(clip_cells(shown, self.width, plain=self.plain))

    def section(self, name: str) -> None:
        """A heading, after an empty line."""
        if self.lines:
            self.add()
        self.add(
            (f"{name} ", "accent"),
            (self._mark * max(0, self.width - len(name) - 1), "dim"),
        )

    def fact(self, label: str, text: str, role: Role = "text") -> None:
        """A labelled value; a long one goes on below itself."""
        if not text:
            return
        room = max(8, self.width - LABEL)
        parts = textwrap.wrap(text, room) or [text]
        for n, part in enumerate(parts):
            self.add((f"{label if n == 0 else '':<{LABEL}}", "dim"), (part, role))

    def paragraph(self, text: str, role: Role, indent: str = "") -> None:
        """A text over as many lines as it needs."""
        for part in textwrap.wrap(text, max(8, self.width - len(indent))):
            self.add((indent + part, role))
