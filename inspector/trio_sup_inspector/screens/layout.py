"""What the main screen consists of and how it is painted; its keys are in `main`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.widgets import Input, Static

from trio_sup_inspector.detail.parts import TABS
from trio_sup_inspector.detail.side import Side
from trio_sup_inspector.lines import banner, frame
from trio_sup_inspector.lines.cells import Cells, Role, clip_cells, cut
from trio_sup_inspector.panes.lists import NAMES, make_panes
from trio_sup_inspector.screens.page import page_cells
from trio_sup_inspector.widgets.bars import Bar, TabBar, key_cells
from trio_sup_inspector.widgets.document import Document
from trio_sup_inspector.widgets.lines import MARGIN, LineView
from trio_sup_inspector.widgets.paint import use_whole_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult

    from trio_sup_inspector.connection import Connection
    from trio_sup_inspector.panes.pane import Pane
    from trio_sup_inspector.state import NodeState

HOLD: Final = 1.0
"""Seconds after a movement for which sorted lists keep their order."""
SMALLEST: Final = (20, 6)
EXPLAINED: Final = 9
"""Lines of the body from which on the line under the cursor is explained."""


class Layout(Screen[None]):
    """Bars, the lists one at a time, the detail pane, the filter."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012
    AUTO_FOCUS = "#tree"

    def __init__(
        self, state: NodeState, *, clock: Callable[[], float], plain: bool, where: str
    ) -> None:
        super().__init__()
        self.state = state
        self.clock = clock
        self.plain = plain
        self.where = where
        """What is being connected to, for people."""
        self.connection: Connection | None = None
        self.current = "tree"
        self.follow = True
        """Whether the event log keeps to its end."""
        self.panes: dict[str, Pane] = make_panes(state, plain=plain)
        self.side = Side(state, clock, plain=plain)
        self.held_until = 0.0
        """Until when sorted lists keep their order."""

    # --- layout ------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The widgets; lists are shown one at a time."""
        yield Bar(self.header, id="header")
        yield TabBar(self._tabs, id="tabs")
        yield Bar(self._notice, id="notice")
        with Horizontal(id="body"):
            with Vertical(id="lists"):
                yield Bar(self._titles, id="titles")
                for name in NAMES:
                    pane = self.panes[name]
                    yield LineView(pane.cells, id=name, still=pane.still)
                yield Document(self._blank, id="blank")
                yield Document(self._explain, id="explain")
            with Vertical(id="side"):
                yield Bar(self._side_title, id="side-title")
                yield TabBar(self.side.tabs, id="side-tabs")
                yield Document(self.side.lines, id="detail")
        with Horizontal(id="filter-bar"):
            yield Static("/", id="filter-mark")
            yield Input(id="filter", placeholder="text !not state:down mbox>100 ?")
            yield Bar(self._filter_note, id="filter-note")
        yield Bar(self._keys, id="keys")
        yield Static("terminal too small", id="too-small")

    def on_mount(self) -> None:
        """Show the first list."""
        if self.plain:
            self.add_class("-plain")
            for scrolling in self.query(ScrollView):
                use_whole_cells(scrolling)
        self.show_pane("tree")

    def on_resize(self, event: events.Resize) -> None:
        """Below the smallest size only a word is shown."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-too-small")
        self.call_after_refresh(self.refresh_view)

    @property
    def view(self) -> LineView:
        """The list on screen."""
        return self.query_one(f"#{self.current}", LineView)

    @property
    def pane(self) -> Pane:
        """What the list on screen shows."""
        return self.panes[self.current]

    # --- painting ----------------------------------------------------------

    def refresh_view(self) -> None:
        """Bring the screen up to date: once a tick, and after a key that matters."""
        clock, view = self.clock(), self.view
        hold = clock < self.held_until
        bottom = view.scroll_offset.y + view.size.height + 1
        if view.cursor >= bottom:
            bottom = len(view.keys) + 1
        follow = self.current == "events" and self.follow
        self.pane.width = view.line_width()
        if self.pane.refresh(clock, bottom=bottom, hold=hold):
            view.set_keys(self.pane.keys, follow=follow)
        titles = bool(self.pane.titles(view.line_width() or 1))
        self.set_class(not titles, "-untitled")
        view.fade(self.state.stale)
        hidden = self.state.filtering and "Nothing passes the filter. esc shows all."
        view.set_note(hidden or self.pane.nothing)
        blank = self.state.empty
        self.set_class(blank, "-blank")
        self.query_one("#notice").display = bool(self._notice_text()[0])
        self._show_explanation()
        self.side.refresh(self.pointed() if self.has_class("-wide") else None)
        if not blank:
            view.update_lines()
            if self.focused is None:
                view.focus()
        for bar in self.query(Bar):
            bar.update_bar()
        for page in self.query(Document):
            page.update_page()

    def header(self, width: int) -> Cells:
        """The first line: the node, its figures, and how present the picture is."""
        return banner.header(self.state, self.clock(), width, plain=self.plain)

    def _tabs(self, width: int) -> Cells:
        held = self.clock() < self.held_until
        note = frame.tab_note(
            self.state, self.pane, self.current, held=held, follow=self.follow
        )
        wrong = frame.lint_count(self.state, self.clock())
        return frame.tabs(self.current, note, width, plain=self.plain, wrong=wrong)

    def _notice_text(self) -> tuple[str, Role]:
        return banner.notice(self.state, self.connection, self.clock())

    def _notice(self, width: int) -> Cells:
        text, role = self._notice_text()
        return ((" " + cut(text, width - 2, plain=self.plain), role),)

    def _titles(self, width: int) -> Cells:
        # Room for the scrollbar keeps titles above their columns.
        room = self.view.line_width() or width - 2 * MARGIN
        return clip_cells(((" " * MARGIN, "text"), *self.pane.titles(room)), width)

    def _blank(self, width: int) -> list[Cells]:
        trouble = self.connection.trouble if self.connection is not None else None
        page = banner.blank_page(self.state, trouble, self.where, self.clock())
        return page_cells(page, width, plain=self.plain)

    def _show_explanation(self) -> None:
        """Give what stands below the list as much room as it needs and may have."""
        box = self.query_one("#explain", Document)
        room = self.query_one("#lists").size.height
        lines = len(self._explain(self.view.line_width()))
        box.display = bool(lines) and room >= EXPLAINED and not self.state.empty
        if box.display:
            box.styles.height = min(lines, max(3, room * 2 // 5)) + 1  # its border

    def _explain(self, width: int) -> list[Cells]:
        key = self.view.selected
        if not isinstance(key, int) or not width:
            return []
        return self.pane.explain(key, width)

    def _side_title(self, width: int) -> Cells:
        text = cut(self.side.title(), width - 1, plain=self.plain)
        return ((" " + text, "strong"),)

    def _filter_note(self, width: int) -> Cells:
        return frame.filter_note(self.state, self.pane, width, plain=self.plain)

    def _keys(self, width: int) -> Cells:
        typing = self.query_one("#filter").has_focus
        hints = frame.hints(
            self.state, self.current, typing=typing, detail=self.side.open
        )
        return key_cells(hints, width)

    # --- lists -------------------------------------------------------------

    def go_to(self, name: str) -> None:
        """Bring a list to the front that was asked for: before covering details."""
        if self.list_hidden:
            self.close_detail()
        self.show_pane(name)

    def show_pane(self, name: str) -> None:
        """Bring one of the lists to the front."""
        self.current = name
        for each in NAMES:
            self.query_one(f"#{each}").display = each == name
        self.state.follow(self.pane.topics, self.clock())
        self.flush()
        self.view.focus()
        self.call_after_refresh(self.refresh_view)

    def pointed(self) -> int | None:
        """The child under the cursor, or None."""
        key = self.view.selected
        return self.pane.row_id(key) if isinstance(key, int) else None

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """The cursor moved: keep sorted lists still, and the log where it is."""
        self.held_until = self.clock() + HOLD
        view = message.view
        if view.id == "events":
            self.follow = view.cursor >= len(view.keys) - 1
        self.refresh_view()

    def on_line_view_opened(self) -> None:
        """Show the details of the line."""
        id = self.pointed()
        if id is not None and self.side.open and self.side.subject_id == id:
            self.query_one("#detail").focus()
        elif id is not None:
            self.open_detail(id)

    def open_detail(self, id: int) -> None:
        """Open the detail pane on a child."""
        self.side.show(id)
        self.add_class("-detail")
        if not self.has_class("-wide"):
            self.query_one("#detail").focus()
        self.flush()
        self.call_after_refresh(self.refresh_view)

    def show_tab(self, tab: str) -> None:
        """Show a tab of the details."""
        self.side.turn(tab)
        self.query_one("#detail", Document).scroll_home(animate=False)
        self.flush()
        self.refresh_view()

    @property
    def list_hidden(self) -> bool:
        """Whether the details stand where the list would."""
        return self.side.open and not self.has_class("-wide")

    def show_details_of_line(self) -> None:
        """After a jump in a list that the details cover: show those of its line."""
        id = self.pointed()
        if self.list_hidden and id is not None:
            self.open_detail(id)

    def close_detail(self) -> None:
        """Close the detail pane."""
        self.side.close()
        self.remove_class("-detail")
        self.view.focus()
        self.flush()
        self.call_after_refresh(self.refresh_view)

    def flush(self) -> None:
        """Send what the session has to say."""
        if self.connection is not None:
            self.connection.flush()

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        """Change the screen, or the tab of the details, with the mouse."""
        if message.bar.id == "side-tabs":
            if message.index < len(TABS):
                self.show_tab(TABS[message.index])
        elif message.index < len(NAMES):
            self.go_to(NAMES[message.index])
