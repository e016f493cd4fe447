"""Keys that fold: in the tree of children, that of tasks, and in the restarts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from trio_sup_inspector.panes.restarts import RestartsPane
from trio_sup_inspector.panes.tasks import TasksPane
from trio_sup_inspector.panes.tree import TreePane

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup_inspector.screens.lists import Lists
    from trio_sup_inspector.state.node import NodeState


SIDEWAYS: Final = 8
"""Cells by which names are scrolled at once."""


class TreeKeys:
    """They do nothing in other lists."""

    def __init__(
        self, state: NodeState, lists: Lists, repaint: Callable[[], None]
    ) -> None:
        self._state = state
        self._lists = lists
        self._repaint = repaint
        self.doing: dict[str, Callable[[], None]] = {
            "tree.fold": self._fold,
            "tree.unfold": self._unfold,
            "tree.unfold_all": self._unfold_all,
            "tree.fold_all": self._fold_all,
            "tree.names_left": partial(self._names, -SIDEWAYS),
            "tree.names_right": partial(self._names, SIDEWAYS),
        }

    @property
    def _in_tree(self) -> bool:
        return self._lists.current == "tree"

    def _task(self) -> tuple[TasksPane | RestartsPane, int] | None:
        """The line under the cursor, if it stands in another list that folds."""
        pane, key = self._lists.pane, self._lists.view.selected
        if isinstance(pane, TasksPane | RestartsPane) and isinstance(key, int):
            return pane, key
        return None

    def _fold(self) -> None:
        """Fold the supervisor or the task, or go to the one above."""
        lists, folding = self._lists, self._state.folding
        if (task := self._task()) is not None:
            above = task[0].fold(task[1])
            if above is not None:
                lists.view.select(above)
            self._repaint()
            return
        id, model = lists.pointed(), self._state.model
        if id is None or not self._in_tree:
            return
        if model.child_count(id) and folding.is_open(id):
            folding.set_open(id, False)
            self._repaint()
        elif parent := model.parent(id):
            lists.view.select(parent)

    def _unfold(self) -> None:
        """Unfold the supervisor or the task, or go to its first child."""
        lists, folding = self._lists, self._state.folding
        if (task := self._task()) is not None:
            if not task[0].unfold(task[1]):
                lists.view.action_down()
            self._repaint()
            return
        id = lists.pointed()
        if id is None or not self._in_tree or not self._state.model.child_count(id):
            return
        if folding.is_open(id):
            lists.view.action_down()
        else:
            folding.set_open(id, True)
            self._repaint()

    def _unfold_all(self) -> None:
        """Unfold everything below the cursor."""
        if isinstance(pane := self._lists.pane, RestartsPane):
            pane.unfold_all()
            self._repaint()
            return
        id = self._lists.pointed()
        if id is not None and self._in_tree:
            self._state.folding.unfold_below(id)
            self._repaint()

    def _names(self, cells: int) -> None:
        """Scroll the names sideways."""
        pane = self._lists.pane
        if isinstance(pane, TreePane):
            pane.scroll_names(cells)
            self._lists.view.refresh()
            self._repaint()

    def _fold_all(self) -> None:
        """Fold every supervisor but the roots."""
        if isinstance(pane := self._lists.pane, RestartsPane):
            pane.fold_all()
            self._repaint()
            return
        if self._in_tree:
            self._state.folding.fold_all()
            self._repaint()
