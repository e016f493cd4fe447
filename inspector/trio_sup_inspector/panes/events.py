"""The Events screen: the lifecycle log. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup_inspector.lines.journal import TROUBLE, entry_cells
from trio_sup_inspector.panes.pane import Pane

if TYPE_CHECKING:
    from trio_sup_inspector.lines.cells import Cells
    from trio_sup_inspector.state.journal import Entry
    from trio_sup_inspector.state.node import NodeState


class EventsPane(Pane):
    """The lifecycle log."""

    nothing = "No events yet."
    tails = True

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.entries: list[Entry] = []
        self._made_of: tuple[object, ...] = ()

    def forget(self) -> None:
        """Take the present log at the next look, though the picture stands."""
        self.entries = []

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Filter the log; while paused it stands still."""
        self.clock = clock
        state = self.state
        if state.picture.paused and self.entries:
            return False
        only = TROUBLE if state.filter.only_problems else None
        made_of = (state.journal.serial, state.filter.query.text, only)
        if made_of == self._made_of and self.entries:
            return False
        self._made_of = made_of
        self.entries = state.journal.select(state.filter.query.text, only=only)
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
        return entry_cells(self.entries[index], width, plain=self.plain)

    def row_id(self, key: int) -> int | None:
        """The child that the event is about, if it still lives."""
        for entry in self.entries:
            if entry.serial == key and entry.event is not None:
                return self.state.model.by_path(entry.event.path)
        return None
