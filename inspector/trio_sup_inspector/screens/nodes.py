"""The nodes that run here, side by side; or what to do so that one is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import Screen

from trio_sup.inspect.finding.directory import places_text
from trio_sup_inspector.fleet import Member
from trio_sup_inspector.lines import banner
from trio_sup_inspector.lines.cells import Cell, Cells, clip_cells
from trio_sup_inspector.lines.fleet import heading, member_cells, why_lines
from trio_sup_inspector.screens.page import page_cells
from trio_sup_inspector.widgets.bars import Bar, TabBar, key_cells, press
from trio_sup_inspector.widgets.document import Document
from trio_sup_inspector.widgets.lines import MARGIN, LineView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from trio_sup_inspector.connection import Connection
    from trio_sup_inspector.fleet import Fleet

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at the directory."""
KEYS: Final = {"enter": "enter", "e": "e", "r": "r", "q": "q", "esc": "escape"}
"""What to press for a key that is named below."""


class Nodes(Screen[Member | None]):
    """Ends with the node that was chosen, or None to go back.

    Args:
        fleet: The nodes.
        clock: The application's clock.
        plain: ASCII only.
        shown: The connection to the node on screen; None if there is none yet.
        sole: Choose at once if only one runs.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,7", "go_back", show=False),
        Binding("e", "next_alarm", show=False),
        Binding("r", "look", show=False),
        Binding("q", "app.quit", show=False),
    ]

    def __init__(
        self,
        fleet: Fleet,
        *,
        clock: Callable[[], float],
        plain: bool,
        shown: Connection | None,
        sole: bool,
    ) -> None:
        super().__init__()
        self._fleet = fleet
        self._clock = clock
        self._plain = plain
        self._shown = shown
        self._sole = sole
        self._members: list[Member] = []

    def compose(self) -> ComposeResult:
        """A title, the list or the page, what needs a look, the keys."""
        yield Bar(self._heading, id="nodes-title")
        with Vertical(id="nodes-body"):
            yield Bar(self._titles, id="titles")
            yield LineView(self._line, id="nodes")
            yield Document(self._page, id="no-nodes")
            yield Document(self._why, id="explain")
        yield TabBar(self._keys, id="keys")

    def on_mount(self) -> None:
        """Look at once, and then every second."""
        self.set_class(self._plain, "-plain")
        self.action_look()
        view = self.query_one(LineView)
        here = [m.title for m in self._members if m.connection is self._shown]
        if self._shown is not None and here:
            view.select(here[0])
        view.focus()
        self.set_interval(LOOK_EVERY, self.action_look)

    def action_look(self) -> None:
        """Look which nodes run, and how they are."""
        self._fleet.look(self._shown)
        self._members = self._fleet.members
        running = [m for m in self._members if m.ended is None]
        if self._sole and len(running) == 1 and len(self._members) == 1:
            self.dismiss(running[0])
            return
        self._sole = self._sole and not running
        view, page = self.query_one(LineView), self.query_one("#no-nodes", Document)
        view.display, page.display = bool(self._members), not self._members
        view.set_keys([member.title for member in self._members])
        self.refresh_view()
        self.call_after_refresh(page.update_page)

    def refresh_view(self) -> None:
        """Say what is new."""
        view, why = self.query_one(LineView), self.query_one("#explain", Document)
        lines = len(self._why(view.line_width()))
        why.display = bool(lines)
        why.styles.height = min(lines, max(2, self.size.height // 3)) + 1  # its border
        view.update_lines()
        why.update_page()
        for bar in self.query(Bar):
            bar.update_bar()

    def action_go_back(self) -> None:
        """Back to the node that is shown, if there is one."""
        if self._shown is not None:
            self.dismiss(None)

    def action_next_alarm(self) -> None:
        """Go to the next node that needs a look."""
        view, clock = self.query_one(LineView), self._clock()
        count = len(self._members)
        for step in range(1, count + 1):
            member = self._members[(view.cursor + step) % count]
            if member.alarming(clock):
                view.select(member.title)
                return
        self.notify("no node needs a look", timeout=2)

    def on_line_view_opened(self, message: LineView.Opened) -> None:
        """Enter attaches."""
        message.stop()
        member = self._members[message.view.cursor]
        if member.ended is not None:
            self.notify("it has ended", timeout=2)
        elif member.connection is self._shown and self._shown is not None:
            self.dismiss(None)
        else:
            self.dismiss(member)

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """Moves are nobody else's business."""
        message.stop()
        self.refresh_view()

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        """A click on a key is as good as the key."""
        hints = self._hints()
        if message.index // 2 < len(hints):
            key = KEYS[hints[message.index // 2][0]]
            press(self, key)

    def _heading(self, width: int) -> Cells:
        members = [m for m in self._members if m.ended is None]
        number, clock = len(members), self._clock()
        wrong = sum(member.alarming(clock) for member in self._members)
        what = f"{number} node{'s' * (number != 1)}" if number else "no node"
        cells: list[Cell] = [(f" trio-sup  {what}", "strong")]
        if wrong:
            cells.append((f"  {wrong} need{'s' * (wrong == 1)} a look", "bad"))
        if not self._members:
            cells.append((f"  in {places_text(self._fleet.directory)}", "dim"))
        return clip_cells(tuple(cells), width, plain=self._plain)

    def _hints(self) -> list[tuple[str, str]]:
        hints = [("enter", "attach"), ("e", "next alarm"), ("r", "look again")]
        if not self._members:
            hints = [("r", "look again")]
        if self._shown is not None:
            hints.insert(1, ("esc", "back"))
        return [*hints, ("q", "quit")]

    def _keys(self, width: int) -> Cells:
        return key_cells(self._hints(), width)

    def _titles(self, width: int) -> Cells:
        return ((" " * MARGIN, "text"), *heading(width - 2 * MARGIN))

    def _line(self, index: int, width: int) -> Cells:
        member = self._members[index]
        here = self._shown is not None and member.connection is self._shown
        return member_cells(member, self._clock(), width, plain=self._plain, here=here)

    def _why(self, width: int) -> list[Cells]:
        at = self.query_one(LineView).cursor
        if at >= len(self._members):
            return []
        return why_lines(self._members[at], self._clock(), width, plain=self._plain)

    def _page(self, width: int) -> list[Cells]:
        if self._fleet.wrong:
            title: Cell = ("The runtime directory is not safe", "bad")
            wrong: Cell = (self._fleet.wrong, "text")
            return page_cells([title, wrong], width, plain=self._plain)
        page = banner.no_nodes(places_text(self._fleet.directory))
        return page_cells(page, width, plain=self._plain)
