"""The Tree screen: supervisors, and what stands below them. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup_inspector.lines.cells import Cells, clip_cells
from trio_sup_inspector.lines.columns import TREE_COLUMNS, lay_out_tree
from trio_sup_inspector.lines.memo import Memo
from trio_sup_inspector.lines.rows import heading, tree_cells
from trio_sup_inspector.panes.pane import Pane

if TYPE_CHECKING:
    from trio_sup.inspect.model.tree_view import Line
    from trio_sup.inspect.protocol.wire import Row
    from trio_sup_inspector.lines.columns import Layout
    from trio_sup_inspector.lines.rows import Scene
    from trio_sup_inspector.state.node import NodeState


LABEL: Final = 24
"""Cells of a label for which room is made."""
MARKS: Final = 4
"""Cells of the marks before a label."""


class TreePane(Pane):
    """The supervision tree."""

    name = "tree"
    columns = TREE_COLUMNS

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.lines: list[Line] = []
        self._made_of: tuple[object, ...] = ()
        self.aside = 0
        """Cells by which the names are scrolled to the left."""
        self._widest: dict[int, int] = {}
        self._memo = Memo()

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Flatten again, if anything that it depends on changed."""
        self.clock = clock
        loops = self.state.loops.among(self.state.findings(clock, age=1.0))
        self._memo.note_signs(loops, over=self.state.over)
        matches = self.state.matches(clock)
        made_of = (self.state.model.structure, self.state.folding.revision, matches)
        if made_of == self._made_of:
            return False
        self._made_of = made_of
        self.lines = self.state.folding.lines(matches)
        self.keys = [line.id for line in self.lines]
        self._measure()
        self.count(matches)
        return True

    def _measure(self) -> None:
        """How wide names and their indentation are, by the indentation's step."""
        rows = self.state.model.rows
        labels: dict[int, int] = {}
        for line in self.lines:
            label = min(len(rows[line.id].label), LABEL)
            depth = len(line.guides)
            labels[depth] = max(labels.get(depth, 0), label)
        self._widest = {
            step: max((step * d + MARKS + n for d, n in labels.items()), default=0)
            for step in (1, 2, 3)
        }
        self._layouts.clear()

    def _lay_out(self, width: int, chosen: tuple[str, ...] | None) -> Layout:
        """The columns: a deep tree's names have their room first."""
        needs = self._widest
        return lay_out_tree(width, lambda step: needs.get(step, 0), self.aside, chosen)

    def column_at(self, x: int, width: int) -> str:
        """The column under the mouse."""
        return self._marked_column(x, width)

    def scroll_names(self, cells: int) -> None:
        """Move the names sideways, at most until nothing of them is left."""
        most = max(0, max(self._widest.values(), default=0) - MARKS)
        self.aside = min(max(self.aside + cells, 0), most)
        self._layouts.clear()

    def matches_itself(self, index: int) -> bool:
        """Not the supervisors that only lead to a match."""
        return not self.lines[index].dim

    def titles(self, width: int) -> Cells:
        """The columns."""

        def make(room: int) -> Cells:
            return heading(self.layout(room), over=self.state.over)

        return self.marked(0, make, width)

    def cells(self, index: int, width: int) -> Cells:
        """One child."""
        line = self.lines[index]
        row = self.state.row(line.id)
        if row is None:
            return clip_cells((), width)
        fold = None
        if self.state.model.child_count(line.id):
            fold = self.state.folding.is_open(line.id)
        scene = self.scene(fold)

        def write(row: Row, layout: Layout, scene: Scene) -> Cells:
            return tree_cells(row, line, layout, scene)

        def make(room: int) -> Cells:
            layout = self.layout(room)
            # A folded one says what is below it; of a dim one all is dim.
            if fold is False or line.dim or row.status == "gone":
                return write(row, layout, scene)
            return self._memo.line(row, (line, fold), layout, scene, write)

        return self.marked(row.id, make, width)
