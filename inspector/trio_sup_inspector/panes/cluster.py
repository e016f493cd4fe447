"""The tables of a cluster: nodes, names, calls, topics. Knows no Textual.

A table says which lines there are, each with a key, and what a line shows in so many
cells, as a pane does of a node; it draws with the columns and the filter of those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from trio_sup.inspect.protocol.wire import Row
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    clip_cells,
    fit,
    printable,
)
from trio_sup_inspector.lines.columns import GAP, Column, Layout, lay_out
from trio_sup_inspector.lines.rows import heading
from trio_sup_inspector.lines.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trio_sup_inspector.state.cluster import ClusterState

MARK: Final = 2
"""Cells of the glyph in front."""


@frozen
class Entry:
    """One line of a table."""

    key: tuple[str, ...]
    """Keeps the cursor on it."""
    row: Row
    """What the filter asks: as if it were a child of a node."""
    glyph: tuple[str, str]
    """In front; the second in ASCII."""
    loud: Role
    values: Mapping[str, Cell]
    """By the column's id."""
    node_id: str = ""
    """The node that it is about; empty for none."""
    about: Sequence[tuple[str, str, Role]] = ()
    """What stands below the list: a label, a text, and how loud it is."""
    wrong: bool = field(default=False)
    """Whether it needs a look."""


def as_row(
    number: int,
    path: str,
    name: str,
    status: str = "running",
    *,
    life: int = 0,
    up: float | None = None,
    waiting: int | None = None,
    op: str | None = None,
) -> Row:
    """What the filter asks of a line: the clock of these rows stands at 0."""
    began = None if up is None else -up
    return Row(
        id=number,
        parent=0,
        label=name,
        path=path,
        kind="server",
        target="",
        restart="permanent",
        name=name,
        status=status,
        life=life,
        restarts=0,
        began=began,
        mailbox_len=waiting,
        mailbox_cap=None,
        mailbox_peak=None,
        handled=None,
        op=op,
        op_since=None,
        last_exit="",
        budget_used=None,
        budget_max=None,
        budget_seconds=None,
        version=0,
    )


class Table:
    """One list of a cluster.

    Args:
        state: The cluster.
        columns: What it shows; the first is the one that gives way.
        entries: Makes its lines of the state.
        nothing: What to say when there are none.
        plain: ASCII only.
    """

    def __init__(
        self,
        state: ClusterState,
        columns: tuple[Column, ...],
        entries: Callable[[ClusterState], list[Entry]],
        *,
        nothing: str,
        plain: bool,
    ) -> None:
        self.nothing = nothing
        self.entries: list[Entry] = []
        """Those that pass the filter."""
        self.total = 0
        """How many there are."""
        self._state = state
        self._columns = columns
        self._make = entries
        self._plain = plain
        self._all: list[Entry] = []
        self._looks: int = -1
        self._layouts: dict[int, Layout] = {}

    def refresh(self) -> None:
        """Bring the lines up to date."""
        state = self._state
        if state.looks != self._looks:
            self._looks = state.looks
            self._all = self._make(state)
        rows = {n: each.row for n, each in enumerate(self._all)}
        wrong = {n for n, each in enumerate(self._all) if each.wrong}
        # A row's own id is its place, so that the filter's answer is, too.
        passing = state.filter.passing(rows, 0.0, wrong)
        self.total = len(self._all)
        self.entries = [
            each for n, each in enumerate(self._all) if passing is None or n in passing
        ]

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """One for each line."""
        return [each.key for each in self.entries]

    def layout(self, width: int) -> Layout:
        """The columns for a width."""
        if width not in self._layouts:
            self._layouts = {width: lay_out(self._columns, width)}
        return self._layouts[width]

    def titles(self, width: int) -> Cells:
        """The line above the list."""
        return clip_cells(heading(self.layout(width)), width, plain=self._plain)

    def cells(self, index: int, width: int) -> Cells:
        """One line in exactly `width` cells."""
        entry, layout, plain = self.entries[index], self.layout(width), self._plain
        cells: list[Cell] = []
        for column, room in zip(layout.columns, layout.widths, strict=True):
            text, role = entry.values.get(column.id, ("", "dim"))
            if not cells:
                cells.append((f"{entry.glyph[int(plain)]} ", entry.loud))
                room = max(1, room - MARK)
            else:
                cells.append((" " * GAP, "text"))
            text = printable(text, plain=plain)
            cells.append((fit(text, room, right=column.right, plain=plain), role))
        return clip_cells(tuple(cells), width, plain=plain)

    def about(self, index: int, width: int) -> list[Cells]:
        """What stands below the list about one of its lines."""
        if index >= len(self.entries):
            return []
        writer = Writer(width, self._plain)
        for label, text, role in self.entries[index].about:
            if label:
                writer.fact(label, text, role)
            else:
                writer.paragraph(text, role)
        return writer.lines

    def next_wrong(self, at: int) -> int | None:
        """The next line that needs a look, and then round."""
        count = len(self.entries)
        for step in range(1, count + 1):
            index = (at + step) % count
            if self.entries[index].wrong:
                return index
        return None
