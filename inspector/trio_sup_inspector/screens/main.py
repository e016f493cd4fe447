"""The main screen: the bars, the body between them, and who does what a key asks for.

It consists of parts with one job each, and brings them together: `lists` and
`details` in the `body`, the `filter_bar`, and the objects in `keys`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual.scroll_view import ScrollView
from textual.widgets import Static

from trio_sup_inspector.acting import IN_BROWSER
from trio_sup_inspector.keys import MAIN_KEYS, TREE_KEYS, real_key, shown_key
from trio_sup_inspector.lines import banner, frame
from trio_sup_inspector.lines.cells import FOLDED, UNFOLDED, Cells, Role
from trio_sup_inspector.lines.frame import NAMES
from trio_sup_inspector.screens.body import Body
from trio_sup_inspector.screens.details import Details
from trio_sup_inspector.screens.filter_bar import FilterBar
from trio_sup_inspector.screens.keyed import KeyedScreen
from trio_sup_inspector.screens.keys.asking import AskingKeys
from trio_sup_inspector.screens.keys.details import DetailKeys
from trio_sup_inspector.screens.keys.finding import FindingKeys
from trio_sup_inspector.screens.keys.marks import MarkKeys
from trio_sup_inspector.screens.keys.picture import PictureKeys
from trio_sup_inspector.screens.keys.tree import TreeKeys
from trio_sup_inspector.screens.lists import Lists
from trio_sup_inspector.screens.page import page_cells
from trio_sup_inspector.widgets.bars import Bar, TabBar, key_cells, press
from trio_sup_inspector.widgets.document import Document
from trio_sup_inspector.widgets.paint import use_whole_cells
from trio_sup_inspector.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widgets import Input

    from trio_sup_inspector.connection import Connection
    from trio_sup_inspector.state.node import NodeState
    from trio_sup_inspector.widgets.lines import LineView

SMALLEST: Final = (20, 6)


def _no_alarm(width: int) -> Cells:
    return ()


class MainScreen(KeyedScreen):
    """Everything about one node.

    Args:
        state: The node.
        clock: The application's clock.
        plain: ASCII only.
        where: What is being connected to, for people.
        connection: The way to the node; None for a recording.
        keymap: The user's own keys, by the actions' ids.
        alarm: Writes the line about other nodes, empty while they are well.
        first: The list to begin with.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012
    AUTO_FOCUS = "#tree"
    BINDINGS: ClassVar[list[BindingType]] = [*MAIN_KEYS, *TREE_KEYS]

    def __init__(
        self,
        state: NodeState,
        *,
        clock: Callable[[], float],
        plain: bool,
        where: str,
        connection: Connection | None = None,
        keymap: Mapping[str, str] | None = None,
        alarm: Callable[[int], Cells] | None = None,
        first: str = "tree",
    ) -> None:
        super().__init__()
        self.state = state
        self.clock = clock
        self.plain = plain
        self._where = where
        self._connection = connection
        self._opened = False
        self.lists = Lists(state, clock=clock, plain=plain, blank=self._blank)
        self.details = Details(state, clock=clock, plain=plain)
        self._keymap = keymap or {}
        self._alarm: Callable[[int], Cells] = alarm or _no_alarm
        self._first = first
        self._hints: list[str] = []
        # All that is brought up to date at each look; there are no others later on.
        self._bars: list[Bar] = []
        self._pages: list[Document] = []
        repaint, send = self.refresh_view, self._send
        self.body = Body(self.lists, self.details, send=send, repaint=repaint)
        self.filter_bar = FilterBar(
            state, self._filter_note, self._filter_error, lambda: self.lists.view, plain
        )
        self._picture_keys = PictureKeys(state, clock, self.body, repaint)
        self.doing: dict[str, Callable[[], None]] = {
            # Those of traces and charts are come to by a child: `trace`, `charts`.
            **{
                f"screen.{name}": partial(self.body.go_to, name)
                for name in NAMES
                if name not in ("trace", "charts")
            },
            "screen.next": partial(self._go_beside, 1),
            "screen.previous": partial(self._go_beside, -1),
            **TreeKeys(state, self.lists, repaint).doing,
            **MarkKeys(state, self.lists, repaint).doing,
            **FindingKeys(state, clock, self.body, self.filter_bar, repaint).doing,
            **self._picture_keys.doing,
            **AskingKeys(self.body, repaint, send).doing,
            **DetailKeys(state, self.body, send).doing,
        }
        """What each key of `MAIN_KEYS` and `TREE_KEYS` does, by the key's id."""

    def compose(self) -> ComposeResult:
        """The widgets, top to bottom."""
        yield Bar(self.header, id="header")
        yield TabBar(self._tabs, id="tabs")
        yield Bar(self._alarm, id="alarm")
        yield Paragraph(self._notice, plain=self.plain, id="notice")
        yield self.body
        yield self.filter_bar
        yield TabBar(self._keys, id="keys")
        yield Static("terminal too small", id="too-small")

    def _go_beside(self, step: int) -> None:
        """Show the list beside this one."""
        at = NAMES.index(self.lists.current)
        self.body.go_to(NAMES[(at + step) % len(NAMES)])

    def _send(self) -> None:
        if self._connection is not None:
            self._connection.flush()

    # --- what happens to it ------------------------------------------------

    def on_mount(self) -> None:
        """Show the first list."""
        if self.plain:
            self.add_class("-plain")
            for scrolling in self.query(ScrollView):
                use_whole_cells(scrolling)
        if self.app.is_web:  # pyright: ignore[reportUnknownMemberType]
            self.state.session.operating.not_asked = IN_BROWSER
        self._bars, self._pages = list(self.query(Bar)), list(self.query(Document))
        self.body.bring(self._first)

    def on_resize(self, event: events.Resize) -> None:
        """Below the smallest size only a word is shown."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-too-small")
        self.call_after_refresh(self.refresh_view)

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """The cursor moved in a list."""
        self.lists.moved(message.view)
        self.refresh_view()

    def on_line_view_opened(self) -> None:
        """Show the details of the line."""
        self.body.open_line()

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        """Do with the mouse what keys do: tabs, titles of columns, the keys below."""
        index = message.index
        match message.bar.id:
            case "tabs":
                shown = frame.shown_tabs(self.lists.current, bare=self.state.bare)
                if index < len(shown):
                    self.body.go_to(shown[index].name)
            case "side-tabs":
                self.body.show_tab(self.details.side.tab_at(index, message.bar.pieces))
            case "titles":
                self._picture_keys.sort_by_column(self.lists.title_at(message.x))
            case "keys" if index // 2 < len(self._hints):
                hint = self._hints[index // 2]  # A key and what it does: two pieces.
                if key := real_key(hint, self._keymap):
                    press(self, key)
            case _:
                pass

    def on_line_view_clicked(self, message: LineView.Clicked) -> None:
        """An arrow folds what is below its line, or unfolds it."""
        if message.piece in UNFOLDED:
            self.doing["tree.fold"]()
        elif message.piece in FOLDED:
            self.doing["tree.unfold"]()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        self.state.type_filter(event.value)
        self.refresh_view()

    def on_input_submitted(self) -> None:
        """Keep the filter and go back to the list."""
        self.filter_bar.settle()
        self.lists.view.focus()
        self.refresh_view()

    # --- painting ----------------------------------------------------------

    def refresh_view(self) -> None:
        """Bring the screen up to date: once a tick, and after a key that matters."""
        lists, bare = self.lists, self.state.bare
        self.state.over = self._connection is not None and self._connection.ended
        if bare and not self._opened:
            # What can be seen of a program without supervisors are its tasks.
            self._opened = True
            if lists.current == "tree":
                self.body.go_to("tasks")
        blank = self.state.empty and not (bare and lists.current in frame.BARE)
        lists.update_list()
        self.set_class(not lists.titled, "-untitled")
        self.set_class(blank, "-blank")
        self.query_one("#alarm").display = bool(self._alarm(self.size.width))
        lists.show_explanation()
        self.details.side.refresh(lists.pointed() if self.body.wide else None)
        # Else what is shown without rows would stand beside the page that says why.
        lists.view.display = not blank
        if not blank:
            lists.view.update_lines()
            if self.focused is None:
                lists.view.focus()
        for bar in self._bars:
            bar.update_bar()
        for page in self._pages:
            page.update_page()

    def header(self, width: int) -> Cells:
        """The first line: the node, its figures, and how present the picture is."""
        return banner.header(self.state, self.clock(), width, plain=self.plain)

    def _tabs(self, width: int) -> Cells:
        lists, pane = self.lists, self.lists.pane
        note = frame.tab_note(
            self.state,
            lists.current,
            shown=pane.shown,
            total=pane.total,
            held=lists.held,
            behind=pane.tails and not lists.follow,
        )
        wrong = frame.lint_count(self.state, self.clock())
        return frame.tabs(
            lists.current,
            note,
            width,
            plain=self.plain,
            wrong=wrong,
            bare=self.state.bare,
        )

    def _notice(self) -> tuple[str, Role]:
        return banner.notice(self.state, self._connection, self.clock())

    def _blank(self, width: int) -> list[Cells]:
        line = self._connection
        trouble, pid = (None, 0) if line is None else (line.trouble, line.pid)
        clock = self.clock()
        page = banner.blank_page(self.state, trouble, self._where, clock, pid=pid)
        return page_cells(page, width, plain=self.plain)

    def _filter_note(self, width: int) -> Cells:
        pane, wish = self.lists.pane, self.state.filter
        found = pane.shown, pane.total
        return frame.filter_note(wish, *found, searches=pane.searches)

    def _filter_error(self) -> tuple[str, Role]:
        # What is typed there is no filter of children, but words that the node looks for.
        return "" if self.lists.pane.searches else self.state.filter.error, "bad"

    def _keys(self, width: int) -> Cells:
        hints = frame.hints(
            self.state,
            self.lists.current,
            typing=self.filter_bar.typing,
            detail=self.details.side.open,
        )
        shown = [(shown_key(key, self._keymap), key, text) for key, text in hints]
        cells = key_cells([(label, text) for label, _, text in shown], width)
        labels = {label: key for label, key, _ in shown}
        # Not all of them have room; what is clicked is one of those that have.
        self._hints = [labels[text.strip()] for text, _ in cells[::2]]
        return cells
