"""The lists, one at a time: column titles above, below them what a line is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.containers import Vertical

from trio_sup_inspector.lines.cells import Cells, clip_cells
from trio_sup_inspector.lines.frame import NAMES
from trio_sup_inspector.panes.tabs import make_panes
from trio_sup_inspector.widgets.bars import TabBar
from trio_sup_inspector.widgets.document import Document
from trio_sup_inspector.widgets.lines import MARGIN, LineView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from trio_sup_inspector.panes.pane import Pane
    from trio_sup_inspector.state.node import NodeState

HOLD: Final = 1.0
"""Seconds after a movement for which sorted lists keep their order."""
EXPLAINED: Final = 9
"""Lines of the body from which on the line under the cursor is explained."""


class Lists(Vertical):
    """One pane for each tab, of which one is on screen.

    Args:
        state: The node.
        clock: The application's clock.
        plain: ASCII only.
        blank: Writes the page that stands there while there are no rows.
    """

    def __init__(
        self,
        state: NodeState,
        *,
        clock: Callable[[], float],
        plain: bool,
        blank: Callable[[int], list[Cells]],
    ) -> None:
        super().__init__(id="lists")
        self.current = "tree"
        self.follow = True
        """Whether lists that grow at their end keep to it."""
        self.panes: dict[str, Pane] = make_panes(state, plain=plain)
        self._state = state
        self._clock = clock
        self._blank = blank
        self._held_until = 0.0

    def compose(self) -> ComposeResult:
        """The widgets; one list is shown at a time."""
        yield TabBar(self._titles, id="titles")
        for name in NAMES:
            pane = self.panes[name]
            yield LineView(pane.cells, id=name, still=pane.still)
        yield Document(self._blank, id="blank")
        yield Document(self._explain, id="explain")

    @property
    def view(self) -> LineView:
        """The list on screen."""
        return self.query_one(f"#{self.current}", LineView)

    @property
    def pane(self) -> Pane:
        """What the list on screen shows."""
        return self.panes[self.current]

    def pointed(self) -> int | None:
        """The child under the cursor, or None."""
        key = self.view.selected
        return self.pane.row_id(key) if isinstance(key, int) else None

    def bring(self, name: str) -> None:
        """Bring one of the lists to the front."""
        if name != self.current:
            self.pane.leave()
        self.current = name
        for each in NAMES:
            self.query_one(f"#{each}").display = each == name
        # It is about the list that was there until now.
        self.query_one("#explain", Document).clear()
        self.ask()

    def ask(self) -> None:
        """Ask the node for what the list on screen shows, and for no more."""
        self._state.follow(self.pane.wishes(), self._clock())

    # --- the order of the lines --------------------------------------------

    @property
    def held(self) -> bool:
        """Whether sorted lists keep their order: the user is moving."""
        return self._clock() < self._held_until

    def moved(self, view: LineView) -> None:
        """The cursor moved: keep sorted lists still, and the log where it is."""
        self._held_until = self._clock() + HOLD
        if self.panes[view.id or self.current].tails:
            self.follow = view.cursor >= len(view.keys) - 1

    def release(self) -> None:
        """Sort again at once: another order was asked for."""
        self._held_until = 0.0

    # --- painting ----------------------------------------------------------

    def update_list(self) -> None:
        """Bring the list on screen up to date; its lines are painted after that."""
        view, pane = self.view, self.pane
        self.ask()  # it may depend on what is typed
        bottom = view.scroll_offset.y + view.size.height + 1
        if view.cursor >= bottom:
            bottom = len(view.keys) + 1
        follow = pane.tails and self.follow
        pane.width, pane.height = view.line_width(), view.size.height
        if pane.refresh(self._clock(), bottom=bottom, hold=self.held):
            view.set_keys(pane.keys, follow=follow, start=pane.starts_at)
        view.fade(self._state.stale)
        hidden = self._state.filter.on and "Nothing passes the filter. esc shows all."
        view.set_note(hidden or pane.nothing)

    @property
    def titled(self) -> bool:
        """Whether the list on screen has column titles."""
        return bool(self.pane.titles(self.view.line_width() or 1))

    def show_explanation(self) -> None:
        """Give what stands below the list as much room as it needs and may have."""
        box, room = self.query_one("#explain", Document), self.size.height
        lines = len(self._explain(self.view.line_width()))
        box.display = (
            bool(lines)
            and room >= EXPLAINED
            and not (self._state.empty and not self._state.bare)
        )
        if box.display:
            box.styles.height = min(lines, max(3, room * 2 // 5)) + 1  # its border

    def _titles(self, width: int) -> Cells:
        # Room for the scrollbar keeps titles above their columns.
        room = self.view.line_width() or width - 2 * MARGIN
        return clip_cells(((" " * MARGIN, "text"), *self.pane.titles(room)), width)

    def title_at(self, x: int) -> str:
        """The column whose title is at a cell of the line of titles; empty for none."""
        return self.pane.column_at(x - MARGIN, self.view.line_width())

    def _explain(self, width: int) -> list[Cells]:
        key = self.view.selected
        if not isinstance(key, int) or not width:
            return []
        return self.pane.explain(key, width)
