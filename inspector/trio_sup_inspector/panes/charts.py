"""The Charts screen: figures over time, of the node or of one child. No Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.text import show
from trio_sup.inspect.text.chart import draw, time_axis
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    cell,
    clip_cells,
    printable_cells,
)
from trio_sup_inspector.panes.pane import Pane, can_ask

if TYPE_CHECKING:
    from trio_sup.inspect.model.trends import Trends
    from trio_sup_inspector.state.node import NodeState

SPANS: Final = (60.0, 120.0, 300.0, 600.0)
"""How many seconds charts may cover."""
BESIDE: Final = 110
"""The width from which on two charts stand side by side."""
GAP: Final = 2
LOW: Final = 2
"""Lines of bars that a chart has at least."""


class ChartsPane(Pane):
    """A page of charts."""

    still = True

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.child: int | None = None
        """Whose charts they are; None for the node's."""
        self.span = SPANS[1]
        self._lines: list[Cells] = []

    def choose(self, child: int | None) -> None:
        """Show the charts of a child, or of the node."""
        self.child = child
        if child is not None:
            self.state.charts.choose(child)

    def next_span(self) -> None:
        """Cover more time; after the most the least."""
        self.span = SPANS[(SPANS.index(self.span) + 1) % len(SPANS)]

    def leave(self) -> None:
        """What is measured for this screen alone ends with it."""
        self.state.watches.drop("charts", self.clock)

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Draw again."""
        self.clock = clock
        self._measure()
        if not self.state.picture.paused or not self._lines:
            self._lines = self._page()
        keys = range(1, len(self._lines) + 1)
        changed = list(keys) != list(self.keys)
        self.keys = keys
        return changed

    def _measure(self) -> None:
        """Have the node measure how long messages of the child take."""
        state, child = self.state, self.child
        if child is None or child not in state.charts.children:
            state.watches.drop("charts", self.clock)
        elif can_ask(state, "times"):
            state.watches.want("charts", child, ("overview", "times"), self.clock)

    def _page(self) -> list[Cells]:
        trends = self._trends()
        names = list(trends.names)
        if self.child is not None:
            # Of what is no server there is less to draw.
            names = [name for name in names if trends.series[name]] or names[:2]
        if self.width < BESIDE:
            return self._column(trends, names, self.width, self.height)
        half = (self.width - GAP) // 2
        left = self._column(trends, names[::2], half, self.height)
        right = self._column(trends, names[1::2], half, self.height)
        empty: Cells = ()
        right += [empty] * (len(left) - len(right))
        gap: Cell = (" " * GAP, "text")
        return [
            (*clip_cells(a, half), gap, *clip_cells(b, half))
            for a, b in zip(left, right, strict=False)
        ]

    def _trends(self) -> Trends:
        charts = self.state.charts
        if self.child is None:
            return charts.node
        charts.choose(self.child)
        return charts.children[self.child]

    def _column(
        self, trends: Trends, names: list[str], width: int, room: int
    ) -> list[Cells]:
        """Charts one below the other, in the lines that there are."""
        height = max(LOW, (room - 1) // max(len(names), 1) - 1)
        lines: list[Cells] = []
        plain, span = self.plain, self.span
        now = trends.at or 0.0
        for name in names:
            drawn = draw(
                trends,
                name,
                now=now,
                span=span,
                width=width,
                height=height,
                plain=plain,
            )
            lines.append(((f"{drawn.title}  ", "strong"), (drawn.figures, "accent")))
            lines += [
                (cell(left, "dim"), cell(text, "accent")) for left, text in drawn.lines
            ]
        lines.append(((time_axis(span, width), "dim"),))
        return lines

    def titles(self, width: int) -> Cells:
        """Whose charts they are."""
        row = self.state.row(self.child)
        node = self.state.session.node
        if self.child is None:
            who = "the node" if node is None else f"the node {node.node}"
            hint = "p on a child in any list: its charts"
        else:
            who = f"child {self.child}" if row is None else row.path
            hint = "p: the node"
        cells: list[Cell] = [(f"{show.clean(who)}  ", "strong")]
        cells.append((f"{hint}  P: {show.duration(self.span)}", "dim"))
        return clip_cells(printable_cells(cells, plain=self.plain), width)

    def cells(self, index: int, width: int) -> Cells:
        """One line of the page."""
        return clip_cells(self._lines[index], width, plain=self.plain)

    def row_id(self, key: int) -> int | None:
        """No line is about a child."""
        return None
