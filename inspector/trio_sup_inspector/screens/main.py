"""The main screen: what its keys do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Input

from trio_sup._core.clean import clean, json_line
from trio_sup.inspect.model.order import ORDERS
from trio_sup.inspect.protocol.wire import ROW_COLUMNS
from trio_sup_inspector.detail.parts import TABS
from trio_sup_inspector.keys import MAIN_KEYS, TREE_KEYS
from trio_sup_inspector.panes.lists import NAMES, EventsPane, TreePane
from trio_sup_inspector.panes.tasks import TasksPane
from trio_sup_inspector.screens.layout import Layout

if TYPE_CHECKING:
    from textual.binding import BindingType


class MainScreen(Layout):
    """Everything about one node."""

    BINDINGS: ClassVar[list[BindingType]] = [*MAIN_KEYS, *TREE_KEYS]

    # --- screens -----------------------------------------------------------

    def action_screen(self, name: str) -> None:
        """Show one of the lists."""
        self.go_to(name)

    def action_next_screen(self, step: int) -> None:
        """Show the list beside this one."""
        self.go_to(NAMES[(NAMES.index(self.current) + step) % len(NAMES)])

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

    def _task_line(self) -> tuple[TasksPane, int] | None:
        pane, key = self.pane, self.view.selected
        if isinstance(pane, TasksPane) and isinstance(key, int):
            return pane, key
        return None

    def action_fold(self) -> None:
        """Fold the supervisor or the task, or go to the one above."""
        if (task := self._task_line()) is not None:
            above = task[0].fold(task[1])
            if above is not None:
                self.view.select(above)
            self.refresh_view()
            return
        id, model = self.pointed(), self.state.model
        if id is None or self._tree is None:
            return
        if model.child_count(id) and self.state.unfolded.is_open(model, id):
            self._fold(id, False)
        elif parent := model.parent(id):
            self.view.select(parent)

    def action_unfold(self) -> None:
        """Unfold the supervisor or the task, or go to its first child."""
        if (task := self._task_line()) is not None:
            if not task[0].unfold(task[1]):
                self.view.action_down()
            self.refresh_view()
            return
        id, model = self.pointed(), self.state.model
        if id is None or self._tree is None or not model.child_count(id):
            return
        if self.state.unfolded.is_open(model, id):
            self.view.action_down()
        else:
            self._fold(id, True)

    def action_unfold_all(self) -> None:
        """Unfold everything below the cursor."""
        id, tree = self.pointed(), self._tree
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
        if self.list_hidden:
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
            self.show_details_of_line()

    def action_next_problem(self) -> None:
        """Go to the next child that needs a look, unfolding what hides it."""
        clock = self.clock()
        id = self.state.next_problem(self.pointed(), clock)
        if id is None:
            self.notify("nothing needs a look")
            return
        if self._tree is None and id not in self.view.keys:
            self.show_pane("tree")
        tree = self._tree
        if tree is not None:
            self.state.reveal(id)
            tree.folds += 1
            self.refresh_view()
        self.view.select(id)
        self.show_details_of_line()

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

    def action_sort_by(self, step: int) -> None:
        """Sort the processes by what stands beside in the menu."""
        state = self.state
        at = [order.id for order in ORDERS].index(state.order.id)
        state.order, state.reverse = ORDERS[(at + step) % len(ORDERS)], False
        self.held_until = 0.0
        self.show_pane("list")

    def action_invert(self) -> None:
        """Sort the other way round."""
        self.state.reverse = not self.state.reverse
        self.held_until = 0.0
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

    def action_system_tasks(self) -> None:
        """Show the inspector's own and Trio's system tasks, or hide them."""
        tasks = self.panes["tasks"]
        if isinstance(tasks, TasksPane):
            tasks.own = not tasks.own
            self.refresh_view()

    def action_keep_dead(self) -> None:
        """Keep what died on screen, or let it go."""
        self.state.toggle_keep_dead(self.clock())
        self.refresh_view()

    def action_detail_tab(self, step: int) -> None:
        """Show the tab beside this one; opens the details if they are not."""
        id = self.pointed()
        if not self.side.open:
            if id is not None:
                self.open_detail(id)
            return
        at = TABS.index(self.side.tab)
        self.show_tab(TABS[(at + step) % len(TABS)])

    def action_reload(self) -> None:
        """Read the state of the child again."""
        self.side.reload()
        self.flush()

    def action_copy(self) -> None:
        """Copy the path of the child under the cursor."""
        row = self.state.row(self.pointed())
        if row is not None:
            self.app.copy_to_clipboard(clean(row.path))  # pyright: ignore[reportUnknownMemberType]
            self.notify(f"copied {row.path}")

    def action_copy_row(self) -> None:
        """Copy all that is known of the child under the cursor, as JSON."""
        row = self.state.row(self.pointed())
        if row is not None:
            facts = {name: getattr(row, name) for name in ROW_COLUMNS}
            self.app.copy_to_clipboard(json_line(facts))  # pyright: ignore[reportUnknownMemberType]
            self.notify(f"copied {row.path} as JSON")

    def action_dismiss(self, result: None = None) -> None:  # type: ignore[override]
        """Dismiss the notice of a restarted node."""
        self.state.session.restarted_at = None
        self.state.said = None
        self.refresh_view()
