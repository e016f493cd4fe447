"""The Processes screen: all children, flat and sorted. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup_inspector.lines.cells import Cells, clip_cells
from trio_sup_inspector.lines.columns import LIST_COLUMNS, Layout, lay_out_chosen
from trio_sup_inspector.lines.memo import Memo
from trio_sup_inspector.lines.rows import heading, list_cells
from trio_sup_inspector.panes.pane import Pane

if TYPE_CHECKING:
    from trio_sup_inspector.state.node import NodeState

SORTED_A_SECOND: Final = 10_000
"""How many rows are sorted in a second, on the average: what the eye can follow."""


class ProcessesPane(Pane):
    """All children, flat and sorted."""

    name = "list"
    columns = LIST_COLUMNS

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self._made_of: tuple[object, ...] = ()
        self._sorted_at = 0.0
        self._memo = Memo()

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Filter and sort, unless the user is moving through the same rows."""
        self.clock = clock
        loops = self.state.loops.among(self.state.findings(clock, age=1.0))
        self._memo.note_signs(loops, over=self.state.over)
        matches = self.state.matches(clock)
        ids = self.state.model.rows if matches is None else matches
        if hold and len(ids) == len(self.keys) and all(id in ids for id in self.keys):
            return False
        state, model = self.state, self.state.model
        made_of = (model.structure, state.order.id, state.reverse, matches)
        age = len(ids) / SORTED_A_SECOND
        if made_of == self._made_of and 0.0 < clock - self._sorted_at < age:
            return False
        self._made_of, self._sorted_at = made_of, clock
        first = bottom if bottom < len(ids) // 4 else None
        keys = self.state.list_ids(matches, clock, first=first)
        changed = keys != self.keys
        self.keys = keys
        self.count(matches)
        return changed

    def _lay_out(self, width: int, chosen: tuple[str, ...] | None) -> Layout:
        """The usual columns, or those that were chosen."""
        if chosen is None:
            return super()._lay_out(width, chosen)
        return lay_out_chosen("list", chosen, width)

    def column_at(self, x: int, width: int) -> str:
        """The column under the mouse."""
        return self._marked_column(x, width)

    def titles(self, width: int) -> Cells:
        """The columns, the sorted one marked."""
        marks = ("^", "v") if self.plain else ("▴", "▾")
        order = self.state.order
        down = self.state.reverse == (order.measure is None)
        mark = marks[int(down)]

        def make(room: int) -> Cells:
            over = self.state.over
            return heading(self.layout(room), order.column, mark, over=over)

        return self.marked(0, make, width)

    def cells(self, index: int, width: int) -> Cells:
        """One child."""
        row = self.state.row(self.keys[index])
        if row is None:
            return clip_cells((), width)
        scene = self.scene()

        def make(room: int) -> Cells:
            layout = self.layout(room)
            if row.status == "gone":
                return list_cells(row, layout, scene)
            return self._memo.line(row, (), layout, scene, list_cells)

        return self.marked(row.id, make, width)
