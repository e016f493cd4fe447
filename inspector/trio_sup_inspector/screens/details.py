"""The details of one child as widgets: a title, tabs, and the text below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from trio_sup_inspector.detail.side import Side
from trio_sup_inspector.lines.cells import Cells, cut
from trio_sup_inspector.widgets.bars import Bar, TabBar
from trio_sup_inspector.widgets.document import Document

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from trio_sup_inspector.state.node import NodeState


class Details(Vertical):
    """What `Side` says, on screen."""

    def __init__(
        self, state: NodeState, *, clock: Callable[[], float], plain: bool
    ) -> None:
        super().__init__(id="side")
        self.side = Side(state, clock, plain=plain)
        self._plain = plain

    def compose(self) -> ComposeResult:
        """The title, the tabs, the text."""
        yield Bar(self._title, id="side-title")
        yield TabBar(self.side.tabs, id="side-tabs")
        yield Document(self.side.lines, id="detail")

    @property
    def page(self) -> Document:
        """The text."""
        return self.query_one("#detail", Document)

    def _title(self, width: int) -> Cells:
        # Where the keys go is seen without colours, too.
        here = self.page.has_focus
        mark = (">" if self._plain else "▸") if here else " "
        text = cut(self.side.title(), width - 2, plain=self._plain)
        return ((f"{mark} ", "accent"), (text, "strong"))
