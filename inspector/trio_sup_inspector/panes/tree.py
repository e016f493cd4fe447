"""The Tree screen: supervisors, and what stands below them. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup_inspector.lines.cells import Cells, clip_cells
from trio_sup_inspector.lines.rows import TREE_COLUMNS, heading, tree_cells
from trio_sup_inspector.panes.pane import Pane

if TYPE_CHECKING:
    from trio_sup.inspect.model.tree_view import Line
    from trio_sup_inspector.state.node import NodeState


class TreePane(Pane):
    """The supervision tree."""

    columns = TREE_COLUMNS

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.lines: list[Line] = []
        self._made_of: tuple[object, ...] = ()

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Flatten again, if anything that it depends on changed."""
        self.clock = clock
        matches = self.state.matches(clock)
        made_of = (self.state.model.structure, self.state.folding.revision, matches)
        if made_of == self._made_of:
            return False
        self._made_of = made_of
        self.lines = self.state.folding.lines(matches)
        self.keys = [line.id for line in self.lines]
        self.count(matches)
        return True

    def matches_itself(self, index: int) -> bool:
        """Not the supervisors that only lead to a match."""
        return not self.lines[index].dim

    def titles(self, width: int) -> Cells:
        """The columns."""
        return self.marked(0, lambda room: heading(self.layout(room)), width)

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

        def make(room: int) -> Cells:
            return tree_cells(row, line, self.layout(room), scene)

        return self.marked(row.id, make, width)
