"""The main screen: bars, the lists, the detail pane, the filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.widgets import Input, Static

from trio_sup_inspector import banner, frame
from trio_sup_inspector.cells import Cells, Role, clip_cells, cut
from trio_sup_inspector.keys import MAIN_KEYS, TREE_KEYS
from trio_sup_inspector.panes import NAMES, EventsPane, Pane, TreePane, make_panes
from trio_sup_inspector.screens.page import page_cells
from trio_sup_inspector.side import Side
from trio_sup_inspector.widgets.bars import Bar, TabBar, key_cells
from trio_sup_inspector.widgets.document import Document
from trio_sup_inspector.widgets.lines import MARGIN, LineView
from trio_sup_inspector.widgets.paint import use_whole_cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from trio_sup_inspector.connection import Connection
    from trio_sup_inspector.state import NodeState

HOLD: Final = 1.0
"""Seconds after a movement for which sorted lists keep their order."""
SMALLEST: Final = (20, 6)


class MainScreen(Screen[None]):
    """Everything about one node."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [*MAIN_KEYS, *TREE_KEYS]
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
        self._held_until = 0.0

    # --- layout ------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The widgets; lists are shown one at a time."""
        yield Bar(self._header, id="header")
        yield TabBar(self._tabs, id="tabs")
        yield Bar(self._notice, id="notice")
        with Horizontal(id="body"):
            with Vertical(id="lists"):
                yield Bar(self._titles, id="titles")
                for name in NAMES:
                    yield LineView(self.panes[name].cells, id=name)
                yield Document(self._blank, id="blank")
            with Vertical(id="side"):
                yield Bar(self._side_title, id="side-title")
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
        self._show_pane("tree")

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
        hold = clock < self._held_until
        bottom = view.scroll_offset.y + view.size.height + 1
        if view.cursor >= bottom:
            bottom = len(view.keys) + 1
        follow = self.current == "events" and self.follow
        if self.pane.refresh(clock, bottom=bottom, hold=hold):
            view.set_keys(self.pane.keys, follow=follow)
        view.fade(self.state.stale)
        hidden = self.state.filtering and "Nothing passes the filter. esc shows all."
        view.set_note(hidden or self.pane.nothing)
        blank = self.state.empty
        self.set_class(blank, "-blank")
        self.query_one("#notice").display = bool(self._notice_text()[0])
        self.side.refresh(self._pointed() if self.has_class("-wide") else None)
        if not blank:
            view.update_lines()
            if self.focused is None:
                view.focus()
        for bar in self.query(Bar):
            bar.update_bar()
        for page in self.query(Document):
            page.update_page()

    def _header(self, width: int) -> Cells:
        return banner.header(self.state, self.clock(), width, plain=self.plain)

    def _tabs(self, width: int) -> Cells:
        held = self.clock() < self._held_until
        note = frame.tab_note(
            self.state, self.pane, self.current, held=held, follow=self.follow
        )
        return frame.tabs(self.current, note, width, plain=self.plain)

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

    def _show_pane(self, name: str) -> None:
        self.current = name
        for each in NAMES:
            self.query_one(f"#{each}").display = each == name
        self.view.focus()
        self.call_after_refresh(self.refresh_view)

    def _pointed(self) -> int | None:
        key = self.view.selected
        return self.pane.row_id(key) if isinstance(key, int) else None

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """The cursor moved: keep sorted lists still, and the log where it is."""
        self._held_until = self.clock() + HOLD
        view = message.view
        if view.id == "events":
            self.follow = view.cursor >= len(view.keys) - 1
        self.refresh_view()

    def on_line_view_opened(self) -> None:
        """Show the details of the line."""
        id = self._pointed()
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
        self._flush()
        self.call_after_refresh(self.refresh_view)

    @property
    def _list_hidden(self) -> bool:
        """Whether the details stand where the list would."""
        return self.side.open and not self.has_class("-wide")

    def _show_details_of_line(self) -> None:
        """After a jump in a list that the details cover: show those of its line."""
        id = self._pointed()
        if self._list_hidden and id is not None:
            self.open_detail(id)

    def close_detail(self) -> None:
        """Close the detail pane."""
        self.side.close()
        self.remove_class("-detail")
        self.view.focus()
        self._flush()
        self.call_after_refresh(self.refresh_view)

    def _flush(self) -> None:
        if self.connection is not None:
            self.connection.flush()

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        """Change the screen with the mouse."""
        if message.index < len(NAMES):
            self._show_pane(NAMES[message.index])

    def action_screen(self, name: str) -> None:
        """Show one of the lists."""
        self._show_pane(name)

    def action_next_screen(self, step: int) -> None:
        """Show the list beside this one."""
        self._show_pane(NAMES[(NAMES.index(self.current) + step) % len(NAMES)])

    # --- the tree ----------------------------------------------------------

    @property
    def _tree(self) -> TreePane | None:
        pane = self.pane
        return pane if isinstance(pane, TreePane) else None

    def _fold(self, id: int, opened: bool) -> None:
        tree = self._tree
        if tree is not None:
            self.state.unfolded.set_open(self.state.model, id, opened)
            tree.folds += 1
            self.refresh_view()

    def action_fold(self) -> None:
        """Fold the supervisor, or go to the one above."""
        id, model = self._pointed(), self.state.model
        if id is None or self._tree is None:
            return
        if model.child_count(id) and self.state.unfolded.is_open(model, id):
            self._fold(id, False)
        elif parent := model.parent(id):
            self.view.select(parent)

    def action_unfold(self) -> None:
        """Unfold the supervisor, or go to its first child."""
        id, model = self._pointed(), self.state.model
        if id is None or self._tree is None or not model.child_count(id):
            return
        if self.state.unfolded.is_open(model, id):
            self.view.action_down()
        else:
            self._fold(id, True)

    def action_unfold_all(self) -> None:
        """Unfold everything below the cursor."""
        id, tree = self._pointed(), self._tree
        if id is not None and tree is not None:
            self.state.unfolded.set_below(self.state.model, id, True)
            tree.folds += 1
            self.refresh_view()

    def action_fold_all(self) -> None:
        """Fold every supervisor but the roots."""
        tree = self._tree
        if tree is not None:
            self.state.fold_all()
            tree.folds += 1
            self.refresh_view()

    # --- filter and problems -----------------------------------------------

    def action_filter(self) -> None:
        """Type a filter. A list behind the details comes to the front."""
        if self._list_hidden:
            self.close_detail()
        self.add_class("-filter")
        self.query_one("#filter").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        self.state.type_filter(event.value)
        self.refresh_view()

    def on_input_submitted(self) -> None:
        """Keep the filter and go back to the list."""
        self.set_class(bool(self.state.query or self.state.query_error), "-filter")
        self.view.focus()
        self.refresh_view()

    def action_match(self, step: int) -> None:
        """Go to the next line that matches by itself."""
        found = self.pane.next_match(self.view.cursor, step)
        if found is not None:
            self.view.select(found)
            self._show_details_of_line()

    def action_next_problem(self) -> None:
        """Go to the next child that needs a look, unfolding what hides it."""
        clock = self.clock()
        id = self.state.next_problem(self._pointed(), clock)
        if id is None:
            self.notify("nothing needs a look")
            return
        if self._tree is None and id not in self.view.keys:
            self._show_pane("tree")
        tree = self._tree
        if tree is not None:
            self.state.reveal(id)
            tree.folds += 1
            self.refresh_view()
        self.view.select(id)
        self._show_details_of_line()

    def action_only_problems(self) -> None:
        """Hide what is well."""
        self.state.only_problems = not self.state.only_problems
        self.refresh_view()

    def action_back(self) -> None:
        """Leave the innermost thing that is open. Never quits."""
        state, box = self.state, self.query_one("#filter", Input)
        if box.has_focus:
            self._clear_filter(box)
        elif self.side.open:
            self.close_detail()
        elif state.query or state.query_error or self.has_class("-filter"):
            self._clear_filter(box)
        elif state.only_problems:
            self.action_only_problems()

    def _clear_filter(self, box: Input) -> None:
        box.value = ""
        self.state.type_filter("")
        self.remove_class("-filter")
        self.view.focus()
        self.refresh_view()

    # --- the picture -------------------------------------------------------

    def action_invert(self) -> None:
        """Sort the other way round."""
        self.state.reverse = not self.state.reverse
        self._held_until = 0.0
        self.refresh_view()

    def action_pause(self) -> None:
        """Stop the picture, or go on."""
        state, clock = self.state, self.clock()
        state.resume(clock) if state.paused else state.pause(clock)
        self.refresh_view()

    def action_step(self) -> None:
        """While paused: show the present once."""
        if self.state.paused:
            self.state.step(self.clock())
            pane = self.pane
            if isinstance(pane, EventsPane):
                pane.entries = []
            self.refresh_view()

    def action_follow(self) -> None:
        """Keep to the newest event, or stop doing so."""
        self.follow = not self.follow
        if self.follow and self.current == "events":
            self.view.action_last()
        self.refresh_view()

    def action_keep_dead(self) -> None:
        """Keep what died on screen, or let it go."""
        self.state.toggle_keep_dead(self.clock())
        self.refresh_view()

    def action_copy(self) -> None:
        """Copy the path of the child under the cursor."""
        row = self.state.row(self._pointed())
        if row is not None:
            self.app.copy_to_clipboard(row.path)  # pyright: ignore[reportUnknownMemberType]
            self.notify(f"copied {row.path}", markup=False)

    def action_dismiss(self, result: None = None) -> None:  # type: ignore[override]
        """Dismiss the notice of a restarted node."""
        self.state.session.restarted_at = None
        self.refresh_view()
