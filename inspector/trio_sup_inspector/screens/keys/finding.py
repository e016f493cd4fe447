"""Keys that find something, and the way back from it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup_inspector.screens.body import Body
    from trio_sup_inspector.screens.filter_bar import FilterBar
    from trio_sup_inspector.state.node import NodeState


class FindingKeys:
    """The filter, its matches, and what is wrong."""

    def __init__(
        self,
        state: NodeState,
        clock: Callable[[], float],
        body: Body,
        bar: FilterBar,
        repaint: Callable[[], None],
    ) -> None:
        self._state = state
        self._clock = clock
        self._body = body
        self._lists = body.lists
        self._bar = bar
        self._repaint = repaint
        self.doing: dict[str, Callable[[], None]] = {
            "filter": self._filter,
            "filter.next": partial(self._match, 1),
            "filter.previous": partial(self._match, -1),
            "problem.next": self._next_problem,
            "problem.only": self._only_problems,
            "back": self._back,
            "names": self._names,
        }

    def _filter(self) -> None:
        """Type a filter. A list behind the details comes to the front."""
        self._body.uncover()
        self._bar.begin()

    def _match(self, step: int) -> None:
        """Go to the next line that matches by itself."""
        view = self._lists.view
        found = self._lists.pane.next_match(view.cursor, step)
        if found is not None:
            view.select(found)
            self._body.follow_line()

    def _next_problem(self) -> None:
        """Go to the next child that needs a look, unfolding what hides it."""
        lists = self._lists
        id = self._state.next_problem(lists.pointed(), self._clock())
        if id is None:
            self._body.notify(self._all_is_well())
            return
        if lists.current != "tree" and id not in lists.view.keys:
            self._body.bring("tree")
        if lists.current == "tree":
            self._state.folding.reveal(id)
            self._repaint()
        lists.view.select(id)
        self._body.follow_line()

    def _all_is_well(self) -> str:
        """What is true where no child needs a look."""
        lints = len(self._state.findings(self._clock(), age=1.0))
        if not lints:
            return "nothing needs a look"
        where = "under this filter" if self._state.filter.on else "by itself"
        return f"no child needs a look {where}; lints: {lints}, key 5"

    def _names(self) -> None:
        """From a child to its names, from a name to the child in the tree."""
        lists, body = self._lists, self._body
        row = self._state.row(lists.pointed())
        if row is None:
            body.notify("no child here")
        elif lists.current == "registry":
            self._bar.clear()
            body.go_to("tree")
            self._state.folding.reveal(row.id)
            self._repaint()
            lists.view.select(row.id)
        else:
            body.go_to("registry")
            self._bar.put(row.path)

    def _only_problems(self) -> None:
        """Hide what is well, or show it again."""
        wish = self._state.filter
        wish.only_problems = not wish.only_problems
        self._repaint()

    def _back(self) -> None:
        """Leave the innermost thing that is open. Never quits."""
        if self._bar.typing:
            self._clear_filter()
        elif self._body.details.side.open:
            self._body.close_detail()
        elif self._bar.in_use:
            self._clear_filter()
        elif self._state.filter.only_problems:
            self._only_problems()

    def _clear_filter(self) -> None:
        self._bar.clear()
        self._lists.view.focus()
        self._repaint()
