"""A cluster: its nodes on whatever machine, names, calls and topics, followed live."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Vertical
from textual.scroll_view import ScrollView
from textual.widgets import Static

from trio_sup_inspector.keys import MAIN_KEYS, real_key, shown_key, shown_keys
from trio_sup_inspector.lines import cluster as lines
from trio_sup_inspector.lines.cells import Cells, Role, clip_cells
from trio_sup_inspector.lines.frame import filter_note
from trio_sup_inspector.panes.cluster_tables import TABS, make_tables
from trio_sup_inspector.screens.filter_bar import FilterBar
from trio_sup_inspector.screens.keyed import KeyedScreen
from trio_sup_inspector.screens.page import page_cells
from trio_sup_inspector.widgets.bars import Bar, TabBar, key_cells, press
from trio_sup_inspector.widgets.document import Document
from trio_sup_inspector.widgets.lines import MARGIN, LineView
from trio_sup_inspector.widgets.paint import use_whole_cells
from trio_sup_inspector.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widgets import Input

    from trio_sup_inspector.panes.cluster import Table
    from trio_sup_inspector.state.cluster import ClusterState

SMALLEST: Final = (20, 6)
EXPLAINED: Final = 9
"""Lines of the body from which on the line under the cursor is explained."""
LISTS: Final = ("screen.tree", "screen.list", "screen.restarts", "screen.events")
"""The keys of the first lists of a node show the lists of a cluster, in this order."""
SHARED: Final = frozenset(
    {
        *("filter", "back", "problem.next", "problem.only", "pause", "retry"),
        *("screen.next", "screen.previous", "help", "quit"),
    }
)
"""The keys of the main screen that do here what they do there."""


class ClusterScreen(KeyedScreen):
    """Everything about one cluster.

    Args:
        state: The cluster.
        clock: The application's clock.
        plain: ASCII only.
        keymap: The user's own keys, by the actions' ids.
        opened: Is asked for the tree of a node.
        back: Whether there is something behind it.
    """

    AUTO_FOCUS = "#table"
    BINDINGS: ClassVar[list[BindingType]] = [
        binding for binding in MAIN_KEYS if binding.id in SHARED or binding.id in LISTS
    ]

    def __init__(
        self,
        state: ClusterState,
        *,
        clock: Callable[[], float],
        plain: bool,
        keymap: Mapping[str, str],
        opened: Callable[[str], None],
        back: bool,
    ) -> None:
        super().__init__()
        self.state = state
        self.current = "nodes"
        self.tables: dict[str, Table] = make_tables(state, plain=plain)
        self._clock = clock
        self._plain = plain
        self._keymap = keymap
        self._open_node = opened
        self.leads_back = back
        """Whether there is something behind it."""
        self._hints: list[str] = []
        self.view = LineView(self._line, id="table")
        self.filter_bar = FilterBar(
            state, self._filter_note, self._filter_error, lambda: self.view, plain
        )
        self.doing: dict[str, Callable[[], None]] = {
            **{
                id: partial(self.show, tab.name)
                for id, tab in zip(LISTS, TABS, strict=True)
            },
            "screen.next": partial(self._beside, 1),
            "screen.previous": partial(self._beside, -1),
            "filter": self.filter_bar.begin,
            "back": self._back,
            "problem.next": self._next_wrong,
            "problem.only": self._only_wrong,
            "pause": self._pause,
        }
        """What each key does, by its id."""

    def compose(self) -> ComposeResult:
        """The widgets, top to bottom."""
        yield Bar(self._header, id="header")
        yield TabBar(self._tabs, id="tabs")
        yield Paragraph(self._notice, plain=self._plain, id="notice")
        with Vertical(id="cluster-body"):
            yield Bar(self._titles, id="titles")
            yield self.view
            yield Document(self._blank, id="blank")
            yield Document(self._about, id="explain")
        yield self.filter_bar
        yield TabBar(self._keys, id="keys")
        yield Static("terminal too small", id="too-small")

    # --- what happens to it --------------------------------------------------

    def on_mount(self) -> None:
        """Show what is known."""
        if self._plain:
            self.add_class("-plain")
            for scrolling in self.query(ScrollView):
                use_whole_cells(scrolling)
        self.call_after_refresh(self.refresh_view)

    def on_resize(self, event: events.Resize) -> None:
        """Below the smallest size only a word is shown."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-too-small")
        self.call_after_refresh(self.refresh_view)

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """The cursor moved."""
        message.stop()
        self.refresh_view()

    def on_line_view_opened(self, message: LineView.Opened) -> None:
        """Enter asks for the tree of the node that a line is about."""
        message.stop()
        entries = self._table.entries
        if message.view.cursor < len(entries):
            self._open_node(entries[message.view.cursor].node_id)

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        """A click on a tab or a key is as good as the key."""
        index = message.index
        hint = self._hints[index // 2] if index // 2 < len(self._hints) else ""
        if message.bar.id == "tabs" and index < len(TABS):
            self.show(TABS[index].name)
        elif message.bar.id == "keys" and (key := real_key(hint, self._keymap)):
            press(self, key)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        self.state.type_filter(event.value)
        self.refresh_view()

    def on_input_submitted(self) -> None:
        """Keep the filter and go back to the list."""
        self.filter_bar.settle()
        self.view.focus()
        self.refresh_view()

    # --- keys ----------------------------------------------------------------

    def show(self, name: str) -> None:
        """Bring a table to the front."""
        self.current = name
        self.view.set_keys([])
        self.refresh_view()

    def _beside(self, step: int) -> None:
        names = [tab.name for tab in TABS]
        self.show(names[(names.index(self.current) + step) % len(names)])

    def _back(self) -> None:
        """Leave the innermost thing that is open. Never quits."""
        wish = self.state.filter
        if self.filter_bar.typing or self.filter_bar.in_use:
            self.filter_bar.clear()
            self.view.focus()
        elif wish.only_problems:
            wish.only_problems = False
        elif self.leads_back:
            self.dismiss(None)
            return
        self.refresh_view()

    def _next_wrong(self) -> None:
        found = self._table.next_wrong(self.view.cursor)
        if found is None:
            self.notify("nothing in this list needs a look", timeout=2)
        else:
            self.view.select(self._table.keys[found])

    def _only_wrong(self) -> None:
        wish = self.state.filter
        wish.only_problems = not wish.only_problems
        self.refresh_view()

    def _pause(self) -> None:
        self.state.paused = not self.state.paused
        self.refresh_view()

    # --- painting --------------------------------------------------------------

    @property
    def _table(self) -> Table:
        return self.tables[self.current]

    def refresh_view(self) -> None:
        """Bring the screen up to date: once a tick, and after a key that matters."""
        view, state, clock = self.view, self.state, self._clock()
        table, blank = self._table, state.look is None
        table.refresh()
        if view.keys != table.keys:
            view.set_keys(table.keys)
        view.fade(bool(state.away(clock)))
        hidden = state.filter.on and table.total > 0
        view.set_note(
            "Nothing passes the filter. esc shows all." if hidden else table.nothing
        )
        self.set_class(blank, "-blank")
        view.display = not blank
        self._show_about(blank=blank)
        if not blank:
            view.update_lines()
            if self.focused is None:
                view.focus()
        for bar in self.query(Bar):
            bar.update_bar()
        for page in self.query(Document):
            page.update_page()

    def _show_about(self, *, blank: bool) -> None:
        """Give what stands below the list as much room as it needs and may have."""
        box, room = self.query_one("#explain", Document), self.size.height - 4
        count = len(self._about(self.view.line_width()))
        box.display = bool(count) and room >= EXPLAINED and not blank
        if box.display:
            box.styles.height = min(count, max(3, room * 2 // 5)) + 1  # its border

    def _header(self, width: int) -> Cells:
        return lines.header(self.state, self._clock(), width, plain=self._plain)

    def _tabs(self, width: int) -> Cells:
        by_id = {binding.id: binding for binding in MAIN_KEYS}
        named = [
            (shown_keys(by_id[id], self._keymap), tab.title, tab.name == self.current)
            for id, tab in zip(LISTS, TABS, strict=True)
        ]
        table = self._table
        number, total = len(table.entries), table.total
        note = f"{number:,} of {total:,}" if number != total else f"{total:,}"
        if self.state.filter.only_problems:
            note = f"only problems: {note}"
        return lines.tabs(named, note, width)

    def _notice(self) -> tuple[str, Role]:
        return lines.notice(self.state, self._clock())

    def _titles(self, width: int) -> Cells:
        room = self.view.line_width() or width - 2 * MARGIN
        titles = self._table.titles(room)
        return clip_cells(((" " * MARGIN, "text"), *titles), width)

    def _line(self, index: int, width: int) -> Cells:
        return self._table.cells(index, width)

    def _about(self, width: int) -> list[Cells]:
        return self._table.about(self.view.cursor, width) if width else []

    def _blank(self, width: int) -> list[Cells]:
        page = lines.blank_page(self.state, self._clock())
        return page_cells(page, width, plain=self._plain)

    def _filter_note(self, width: int) -> Cells:
        table = self._table
        return filter_note(self.state.filter, len(table.entries), table.total)

    def _filter_error(self) -> tuple[str, Role]:
        return self.state.filter.error, "bad"

    def _keys(self, width: int) -> Cells:
        hints = [("enter", "its tree"), ("/", "filter"), ("e", "next problem")]
        if self.filter_bar.typing:
            hints = [("enter", "keep"), ("esc", "clear")]
        elif self.leads_back:
            hints.insert(1, ("esc", "back"))
        hints += [("space", "pause"), ("?", "help"), ("q", "quit")]
        hints += [("z", "only problems"), ("tab", "lists")]
        shown = [(shown_key(key, self._keymap), key, text) for key, text in hints]
        cells = key_cells([(label, text) for label, _, text in shown], width)
        labels = {label: key for label, key, _ in shown}
        self._hints = [labels[text.strip()] for text, _ in cells[::2]]
        return cells
