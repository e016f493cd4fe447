"""The Calls screen: who waits for whom. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.protocol.wire_details import Waits
from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    clip_cells,
    cut_front,
    fit,
    printable,
    printable_cells,
)
from trio_sup_inspector.panes.pane import Pane, can_follow
from trio_sup_inspector.state.waiting import by_urgency, chain, waited

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire_details import WaitEdge
    from trio_sup_inspector.state.node import NodeState

_WAITS: Final[dict[str, tuple[str, Role]]] = {
    "deadlock": ("deadlock", "bad"),
    "ring": ("ring", "warn"),
    "waits": ("waits", "text"),
}


class CallsPane(Pane):
    """The calls in progress: who waits, for whom, in what, for how long."""

    topics = ("waits",)

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.edges: list[WaitEdge] = []
        self._numbers: dict[tuple[int, int, str, float], int] = {}
        self._last = 0
        self._at: dict[int, WaitEdge] = {}
        # The look that `edges` are of.
        self._waits = Waits(0.0)

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Sort again; while paused everything stands still."""
        self.clock = clock
        state = self.state
        waits = state.session.topics.waits
        if not can_follow(state):
            self.nothing = self.state.cannot_tell
        else:
            self.nothing = "asking" if waits is None else "Nobody waits for a call."
        if state.picture.paused and self.edges:
            return False
        self._waits = waits or Waits(0.0)
        edges = by_urgency(self._waits.edges)
        self.total = len(edges)
        passing = state.matches(clock)
        if passing is not None:
            edges = [e for e in edges if e.source in passing or e.target in passing]
        self.edges, self.shown = edges, len(edges)
        known = [(e.source, e.target, e.op, e.since) for e in edges]
        numbers = self._numbers
        self._numbers = {key: numbers.get(key) or self._fresh() for key in known}
        keys = [self._numbers[key] for key in known]
        changed = keys != self.keys
        self.keys, self._at = keys, dict(zip(keys, edges, strict=True))
        return changed

    def _fresh(self) -> int:
        self._last += 1
        return self._last

    def titles(self, width: int) -> Cells:
        """The columns."""
        name, operation = _shares(width)
        return clip_cells(
            (
                cell(fit("STATE", 9), "dim"),
                cell(fit("WHO WAITS", name, plain=self.plain) + " ", "dim"),
                cell(fit("FOR WHOM", name, plain=self.plain) + " ", "dim"),
                cell(fit("IN", operation, plain=self.plain) + " ", "dim"),
                cell(fit("SINCE", 6, right=True), "dim"),
            ),
            width,
        )

    def cells(self, index: int, width: int) -> Cells:
        """One call."""
        edge = self.edges[index]
        name, operation = _shares(width)
        word, role = _WAITS.get(edge.state, (edge.state[:8], "warn"))
        age = self._age(edge)
        late: Role = "bad" if age >= 30 else "warn" if age >= 5 else "text"
        source, target = self._path(edge.source, name), self._path(edge.target, name)
        op = printable(show.clean(edge.op), plain=self.plain)
        return clip_cells(
            (
                cell(fit(word, 8) + " ", role),
                cell(source + " ", "strong"),
                cell(target + " ", "strong"),
                cell(fit(op, operation, plain=self.plain) + " ", "text"),
                cell(fit(show.duration(age) if age else "now", 6, right=True), late),
            ),
            width,
            plain=self.plain,
        )

    def _age(self, edge: WaitEdge) -> float:
        return waited(edge, self._waits, self.state.now())

    def _path(self, id: int, room: int) -> str:
        row = self.state.row(id)
        path = f"child {id}" if row is None else show.clean(row.path)
        path = printable(path, plain=self.plain)
        return fit(cut_front(path, room, plain=self.plain), room)

    def row_id(self, key: int) -> int | None:
        """Who waits."""
        edge = self._at.get(key)
        return None if edge is None else edge.source

    def explain(self, key: int, width: int) -> list[Cells]:
        """The chain that begins with this call, down to who holds everybody up."""
        edge = self._at.get(key)
        if edge is None:
            return []
        now, plain = self.state.now(), self.plain
        links = chain(edge, self._waits.edges)
        round_again = links[-1].target in {each.source for each in links}
        lines: list[list[Cell]] = []
        for depth, each in enumerate(links):
            age = self._age(each)
            since = f"for {show.duration(age)}" if age else "as of now"
            lines.append(
                [
                    ("  " * depth, "text"),
                    (self._name(each.source, width), "strong"),
                    (" waits for ", "dim"),
                    (self._name(each.target, width), "strong"),
                    (f" in {show.clean(each.op)} {since}", "text"),
                ]
            )
        last = self.state.row(links[-1].target)
        if round_again:
            lines.append([("A ring: none of them ever goes on by itself.", "bad")])
        elif last is not None:
            doing = show.operation(last, now)
            words = f"{last.label} waits for nobody" + (f", in {doing}" * bool(doing))
            lines.append([("  " * len(links) + words, "dim")])
        return [
            clip_cells(printable_cells(line, plain=plain), width, plain=plain)
            for line in lines
        ]

    def _name(self, id: int, width: int) -> str:
        row = self.state.row(id)
        if row is None:
            return f"child {id}"
        return show.clean(row.path if width >= 60 else row.label)


def _shares(width: int) -> tuple[int, int]:
    """Cells of a path and of the operation."""
    left = max(20, width - 9 - 6 - 3)
    operation = max(6, left // 5)
    return (left - operation) // 2, operation
