"""The tree, the processes, the log; and which pane stands under which tab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup_inspector.lines.cells import Cells, clip_cells
from trio_sup_inspector.lines.journal import TROUBLE, Entry, entry_cells
from trio_sup_inspector.lines.rows import (
    LIST_COLUMNS,
    TREE_COLUMNS,
    heading,
    list_cells,
    tree_cells,
)
from trio_sup_inspector.panes.flows import BusyPane, CallsPane
from trio_sup_inspector.panes.node import NodePane
from trio_sup_inspector.panes.pane import Pane
from trio_sup_inspector.panes.tasks import TasksPane
from trio_sup_inspector.panes.trouble import LintsPane, RestartsPane

if TYPE_CHECKING:
    from trio_sup.inspect.model.tree_view import Line
    from trio_sup_inspector.state import NodeState

NAMES: Final = (
    "tree",
    "list",
    "restarts",
    "events",
    "lints",
    "node",
    "tasks",
    "calls",
    "busy",
)


class TreePane(Pane):
    """The supervision tree."""

    columns = TREE_COLUMNS

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.lines: list[Line] = []
        self._made_of: tuple[object, ...] = ()
        self.folds = 0
        """Counts folding and unfolding: raise it to have the lines made anew."""

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Flatten again, if anything that it depends on changed."""
        self.clock = clock
        matches = self.state.matches(clock)
        made_of = (self.state.model.structure, self.folds, matches)
        if made_of == self._made_of:
            return False
        self._made_of = made_of
        self.lines = self.state.tree_lines(matches)
        self.keys = [line.id for line in self.lines]
        self.count(matches)
        return True

    def matches_itself(self, index: int) -> bool:
        """Not the supervisors that only lead to a match."""
        return not self.lines[index].dim

    def titles(self, width: int) -> Cells:
        """The columns."""
        return heading(self.layout(width))

    def cells(self, index: int, width: int) -> Cells:
        """One child."""
        line = self.lines[index]
        row = self.state.row(line.id)
        if row is None:
            return clip_cells((), width)
        model = self.state.model
        fold = None
        if model.child_count(line.id):
            fold = self.state.unfolded.is_open(model, line.id)
        return tree_cells(row, line, self.layout(width), self.scene(fold))


SORTED_A_SECOND: Final = 10_000
"""How many rows are sorted in a second, on the average: what the eye can follow."""


class ListPane(Pane):
    """All children, flat and sorted."""

    columns = LIST_COLUMNS

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self._made_of: tuple[object, ...] = ()
        self._sorted_at = 0.0

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Filter and sort, unless the user is moving through the same rows."""
        self.clock = clock
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

    def titles(self, width: int) -> Cells:
        """The columns, the sorted one marked."""
        marks = ("^", "v") if self.plain else ("▴", "▾")
        order = self.state.order
        down = self.state.reverse == (order.measure is None)
        return heading(self.layout(width), order.column, marks[int(down)])

    def cells(self, index: int, width: int) -> Cells:
        """One child."""
        row = self.state.row(self.keys[index])
        if row is None:
            return clip_cells((), width)
        return list_cells(row, self.layout(width), self.scene())


class EventsPane(Pane):
    """The lifecycle log."""

    nothing = "No events yet."

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.entries: list[Entry] = []

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Filter the log; while paused it stands still."""
        self.clock = clock
        state = self.state
        if state.paused and self.entries:
            return False
        only = TROUBLE if state.only_problems else None
        self.entries = state.journal.select(state.query.text, only=only)
        keys = [entry.serial for entry in self.entries]
        changed = keys != self.keys
        self.keys = keys
        self.shown, self.total = len(keys), len(state.journal.entries)
        return changed

    def titles(self, width: int) -> Cells:
        """What the columns are."""
        kind = f"{'EVENT':<19}" if width >= 60 else ""
        room = max(12, min(40, width // 4))
        return ((f"TIME     {kind}{'PATH':<{room + 1}}WHAT", "dim"),)

    def cells(self, index: int, width: int) -> Cells:
        """One event."""
        node = self.state.session.node
        return entry_cells(self.entries[index], width, node=node, plain=self.plain)

    def row_id(self, key: int) -> int | None:
        """The child that the event is about, if it still lives."""
        for entry in self.entries:
            if entry.serial == key and entry.event is not None:
                return self.state.model.by_path(entry.event.path)
        return None


def make_panes(state: NodeState, *, plain: bool) -> dict[str, Pane]:
    """All lists by the name of their tab."""
    return {
        "tree": TreePane(state, plain=plain),
        "list": ListPane(state, plain=plain),
        "restarts": RestartsPane(state, plain=plain),
        "events": EventsPane(state, plain=plain),
        "lints": LintsPane(state, plain=plain),
        "node": NodePane(state, plain=plain),
        "tasks": TasksPane(state, plain=plain),
        "calls": CallsPane(state, plain=plain),
        "busy": BusyPane(state, plain=plain),
    }
