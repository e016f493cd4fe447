"""What all lists have in common. No Textual.

A pane's keys say which lines there are and keep the cursor on its line; `cells`
says what one of them shows, `explain` what stands below the list about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.protocol.wire_details import Follow
from trio_sup_inspector.lines.cells import clip_cells
from trio_sup_inspector.lines.columns import Column, Layout, lay_out
from trio_sup_inspector.lines.rows import Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trio_sup_inspector.lines.cells import Cells
    from trio_sup_inspector.state.node import NodeState

GROUP: Final = 2_000_000_000
"""From here on keys are those of headings; negative ones are the lines below them."""

MARK: Final = 2
"""Cells of the column for marks."""


def can_ask(state: NodeState, cap: str) -> bool:
    """Whether the node has a feature, as far as it was heard."""
    node = state.session.node
    return node is None or cap in node.caps


def can_follow(state: NodeState) -> bool:
    """Whether the node can be asked for topics."""
    return can_ask(state, "follow")


class Pane:
    """One list. `refresh` brings it up to date before it is painted."""

    name = ""
    """By which the settings know its columns, if one can choose them."""
    columns: tuple[Column, ...] = ()
    nothing = ""
    """What to say when there are no lines, and no filter is to blame."""
    topics: tuple[str, ...] = ()
    """What the node is asked for while the list is on screen."""
    tails = False
    """Whether new lines come at the end, which the list follows."""
    searches = False
    """Whether what is typed as a filter is for the node: plain words, then."""
    starts_at = 0
    """The index of the line under the cursor when the list is shown first."""
    still = False
    """Whether the lines are a page to read: there is no cursor."""

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        self.state = state
        self.plain = plain
        self.clock = 0.0
        self.width = 0
        """The width of a line, as last painted."""
        self.height = 0
        """How many lines there is room for."""
        self.keys: Sequence[int] = ()
        self.shown = 0
        """How many lines pass the filter."""
        self.total = 0
        """How many there would be without it."""
        self._layouts: dict[tuple[int, tuple[str, ...] | None], Layout] = {}

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Bring the keys up to date.

        Args:
            clock: The application's clock.
            bottom: How many lines from the top must be in their right order.
            hold: Do not move lines about: the user is moving.

        Returns:
            Whether the keys are others than before.
        """
        raise NotImplementedError

    def wishes(self) -> tuple[Follow, ...]:
        """What is asked for of `topics`."""
        return tuple(map(Follow, self.topics))

    def forget(self) -> None:
        """Take the present lines at the next look, though the picture stands."""

    def leave(self) -> None:
        """Another list comes to the front."""

    def titles(self, width: int) -> Cells:
        """The line above the list."""
        return ()

    def cells(self, index: int, width: int) -> Cells:
        """One line of the list in exactly `width` cells."""
        raise NotImplementedError

    def next_match(self, at: int, step: int) -> int | None:
        """The key of the next line, in a direction, that matches by itself."""
        count = len(self.keys)
        for distance in range(1, count + 1):
            index = (at + step * distance) % count
            if self.matches_itself(index):
                return self.keys[index]
        return None

    def explain(self, key: int, width: int) -> list[Cells]:
        """What stands below the list about one of its lines; nothing if empty."""
        return []

    def matches_itself(self, index: int) -> bool:
        """Whether a line is there for its own sake."""
        return True

    def row_id(self, key: int) -> int | None:
        """The child that a line is about, if it is about one."""
        return key

    def layout(self, width: int) -> Layout:
        """The columns for a width."""
        chosen = self.state.columns.get(self.name)
        if (width, chosen) not in self._layouts:
            self._layouts[width, chosen] = self._lay_out(width, chosen)
        return self._layouts[width, chosen]

    def _lay_out(self, width: int, chosen: tuple[str, ...] | None) -> Layout:
        """Work out the columns for a width.

        Args:
            width: Cells of a line.
            chosen: Those that somebody chose, if that was done.
        """
        del chosen  # Where there is a choice, a pane has a method of its own.
        return lay_out(self.columns, width)

    def column_at(self, x: int, width: int) -> str:
        """By which column a click on the titles sorts; empty for none.

        Args:
            x: The cell of the line of titles.
            width: Cells of that line.
        """
        return ""

    def marked(self, id: int, cells: Callable[[int], Cells], width: int) -> Cells:
        """A child's line, with a column for marks in front if there are any.

        Args:
            id: The child.
            cells: Makes its line in a width.
            width: The width of both together.
        """
        marks = self.state.marks
        if not marks:
            return cells(width)
        mark = ("*" if self.plain else "◆") if id in marks else " "
        room = max(width - MARK, 1)
        return clip_cells(((f"{mark} ", "accent"), *cells(room)), width)

    def _marked_column(self, x: int, width: int) -> str:
        """The column at a cell of a line that `marked` made."""
        mark = MARK if self.state.marks else 0
        return self.layout(max(width - mark, 1)).at(x - mark)

    def count(self, matches: frozenset[int] | None) -> None:
        """Say how many of the living pass the filter."""
        model = self.state.model
        self.total = len(model.rows) - len(model.dead)
        if matches is None:
            self.shown = self.total
        else:
            self.shown = len(matches) - sum(id in matches for id in model.dead)

    def scene(self, fold_open: bool | None = None) -> Scene:
        """What lines depend on besides their rows."""
        now, state = self.state.now(), self.state
        model, plain = state.model, self.plain
        signs = state.loops.ids, state.over
        return Scene(model, now, self.clock, plain, fold_open, *signs)
