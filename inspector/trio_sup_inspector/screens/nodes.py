"""The node picker: what runs here, or what to do so that something is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import Screen

from trio_sup.inspect.finding.directory import DiscoveryError, places_text
from trio_sup.inspect.finding.discovery import list_nodes
from trio_sup.inspect.finding.found_node import FoundNode
from trio_sup.inspect.text import show
from trio_sup_inspector.lines import banner
from trio_sup_inspector.lines.cells import Cell, Cells, clip_cells, fit, printable_cells
from trio_sup_inspector.screens.page import page_cells
from trio_sup_inspector.widgets.bars import Bar, key_cells
from trio_sup_inspector.widgets.document import Document
from trio_sup_inspector.widgets.lines import LineView

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.binding import BindingType

LOOK_EVERY: Final = 1.0
"""Seconds between two looks at the directory."""


class Nodes(Screen[FoundNode | None]):
    """Ends with the node that was chosen, or None to go back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "go_back", show=False),
        Binding("r", "look", show=False),
        Binding("q", "app.quit", show=False),
    ]

    def __init__(
        self,
        directory: Path | tuple[Path, ...],
        *,
        wall: Callable[[], float],
        plain: bool,
        present: int | None,
        sole: bool,
    ) -> None:
        super().__init__()
        self._directory = directory
        self._wall = wall
        self._plain = plain
        self._present = present
        self._sole = sole
        self._found: list[FoundNode] = []
        self._wrong = ""

    def compose(self) -> ComposeResult:
        """A title, the list or the page, the keys."""
        yield Bar(self._heading, id="nodes-title")
        with Vertical(id="nodes-body"):
            yield LineView(self._line, id="nodes")
            yield Document(self._page, id="no-nodes")
        yield Bar(self._keys, id="keys")

    def on_mount(self) -> None:
        """Look at once, and then every second."""
        self.action_look()
        self.query_one(LineView).focus()
        self.set_interval(LOOK_EVERY, self.action_look)

    def action_look(self) -> None:
        """Look which nodes run."""
        try:
            found = [node for node in list_nodes(self._directory) if node.running]
            self._wrong = ""
        except DiscoveryError as error:
            found, self._wrong = [], str(error)
        if self._sole and len(found) == 1 and not self._found:
            self.dismiss(found[0])
            return
        self._found = found
        view, page = self.query_one(LineView), self.query_one(Document)
        view.display, page.display = bool(found), not found
        view.set_keys([node.title for node in found])
        self.call_after_refresh(page.update_page)
        for bar in self.query(Bar):
            bar.update_bar()

    def action_go_back(self) -> None:
        """Back to the node that is shown, if there is one."""
        if self._present is not None:
            self.dismiss(None)

    def on_line_view_opened(self, message: LineView.Opened) -> None:
        """Enter attaches."""
        message.stop()
        self.dismiss(self._found[message.view.cursor])

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """Moves are nobody else's business."""
        message.stop()

    def _heading(self, width: int) -> Cells:
        number = len(self._found)
        what = f"{number} node{'s' * (number != 1)}" if number else "no node"
        title: Cell = (f" trio-sup  {what} in {places_text(self._directory)}", "strong")
        return clip_cells((title,), width, plain=self._plain)

    def _keys(self, width: int) -> Cells:
        hints = [("enter", "attach"), ("r", "look again"), ("q", "quit")]
        if self._present is not None:
            hints.insert(1, ("esc", "back"))
        return key_cells(hints if self._found else hints[1:], width)

    def _line(self, index: int, width: int) -> Cells:
        node = self._found[index]
        mark = "*" if self._plain else "●"
        cells: list[Cell] = [(f" {mark} ", "ok"), (fit(node.name, 24), "strong")]
        cells.append((fit(str(node.pid), 9, right=True), "text"))
        if node.probe == "forbidden":
            cells.append(("  permission denied", "bad"))
        if node.owner:
            cells.append((f"  of {node.owner}", "bad"))
        file = node.file
        if file is not None:
            age = show.duration(self._wall() - file.started_wall)
            cells.append((fit(age, 9, right=True), "dim"))
            cells.append((f"  {show.clean(file.argv0)}", "text"))
            cells.append((f"  {show.clean(file.cwd)}", "dim"))
        shown = printable_cells(cells, plain=self._plain)
        return clip_cells(shown, width, plain=self._plain)

    def _page(self, width: int) -> list[Cells]:
        if self._wrong:
            title: Cell = ("The runtime directory is not safe", "bad")
            return page_cells([title, (self._wrong, "text")], width, plain=self._plain)
        page = banner.no_nodes(places_text(self._directory))
        return page_cells(page, width, plain=self._plain)
