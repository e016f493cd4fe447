"""Keys that mark children, to act on all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup_inspector.screens.lists import Lists
    from trio_sup_inspector.state.node import NodeState


class MarkKeys:
    """Marks stay on their children, whatever list is shown."""

    def __init__(
        self, state: NodeState, lists: Lists, repaint: Callable[[], None]
    ) -> None:
        self._state = state
        self._lists = lists
        self._repaint = repaint
        self.doing: dict[str, Callable[[], None]] = {
            "mark": self._mark,
            "mark.none": self._unmark_all,
        }

    def _mark(self) -> None:
        """Mark the child under the cursor, or take its mark away, and go on."""
        id = self._lists.pointed()
        if id is None:
            return
        marks = self._state.marks
        if id in marks:
            del marks[id]
        else:
            marks[id] = None
        self._lists.view.action_down()
        self._repaint()

    def _unmark_all(self) -> None:
        """Take all marks away."""
        self._state.marks.clear()
        self._repaint()
