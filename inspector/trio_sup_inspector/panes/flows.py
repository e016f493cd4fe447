"""The Calls and the Busy screens: what waits, and what keeps others waiting.

Knows no Textual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.query import parse_text_query
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
from trio_sup_inspector.lines.journal import wall_time
from trio_sup_inspector.lines.waiting import chain, edges_by_urgency
from trio_sup_inspector.panes.pane import Pane

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire_details import BusyRow, Held, WaitEdge
    from trio_sup_inspector.state import NodeState

OLD: Final = "This node cannot tell: its trio-sup is older than this inspector."
_WAITS: Final[dict[str, tuple[str, Role]]] = {
    "deadlock": ("deadlock", "bad"),
    "ring": ("ring", "warn"),
    "waits": ("waits", "text"),
}


def can_follow(state: NodeState) -> bool:
    """Whether the node can be asked for topics."""
    node = state.session.node
    return node is None or "follow" in node.caps


class CallsPane(Pane):
    """The calls in progress: who waits, for whom, in what, for how long."""

    topics = ("waits",)

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.edges: list[WaitEdge] = []
        self._numbers: dict[tuple[int, int, str, float], int] = {}
        self._last = 0
        self._at: dict[int, WaitEdge] = {}

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Sort again; while paused everything stands still."""
        self.clock = clock
        state = self.state
        waits = state.session.topics.waits
        if not can_follow(state):
            self.nothing = OLD
        else:
            self.nothing = "asking" if waits is None else "Nobody waits for a call."
        if state.paused and self.edges:
            return False
        edges = edges_by_urgency(state)
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
        age = self.state.now(self.clock) - edge.since
        late: Role = "bad" if age >= 30 else "warn" if age >= 5 else "text"
        source, target = self._path(edge.source, name), self._path(edge.target, name)
        op = printable(show.clean(edge.op), plain=self.plain)
        return clip_cells(
            (
                cell(fit(word, 8) + " ", role),
                cell(source + " ", "strong"),
                cell(target + " ", "strong"),
                cell(fit(op, operation, plain=self.plain) + " ", "text"),
                cell(fit(show.duration(age), 6, right=True), late),
            ),
            width,
            plain=self.plain,
        )

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
        now, plain = self.state.now(self.clock), self.plain
        waits = self.state.session.topics.waits
        links = chain(edge, waits.edges if waits is not None else [])
        round_again = links[-1].target in {each.source for each in links}
        lines: list[list[Cell]] = []
        for depth, each in enumerate(links):
            since = show.duration(now - each.since)
            lines.append(
                [
                    ("  " * depth, "text"),
                    (self._name(each.source, width), "strong"),
                    (" waits for ", "dim"),
                    (self._name(each.target, width), "strong"),
                    (f" in {show.clean(each.op)} for {since}", "text"),
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


class BusyPane(Pane):
    """Who kept the loop busy in the last second, and who held it."""

    topics = ("busy",)

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.rows: list[BusyRow] = []
        self._names: dict[str, int] = {}

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Take the newest window; the order holds still while the user moves."""
        self.clock = clock
        state = self.state
        busy = state.session.topics.busy
        self.nothing = "measuring" if can_follow(state) else OLD
        if busy is not None:
            self.nothing = "Nothing ran in the last second."
        if (state.paused or hold) and self.rows:
            return False
        rows = list(busy.rows) if busy is not None else []
        self.total = len(rows)
        if state.filtering:
            passing, matches = parse_text_query(state.query.text), state.matches(clock)
            rows = [
                row
                for row in rows
                if (row.child in (matches or ()) if row.child else passing(row.name))
            ]
        self.rows, self.shown = rows, len(rows)
        keys = [self._key(row) for row in rows]
        changed = keys != self.keys
        self.keys = keys
        return changed

    def _key(self, row: BusyRow) -> int:
        if row.child:
            return row.child
        return -self._names.setdefault(row.name, len(self._names) + 1)

    def titles(self, width: int) -> Cells:
        """The columns."""
        name = self._name_room(width)
        cells: list[Cell] = [(fit("LOOP", 6, right=True), "dim")]
        if width >= 60:
            cells.append((fit("", 13), "dim"))
        cells.append((" " + fit("WHO", name), "dim"))
        cells.append((fit("STEPS", 8, right=True), "dim"))
        cells.append((fit("LONGEST", 9, right=True), "dim"))
        return clip_cells(tuple(cells), width)

    def _name_room(self, width: int) -> int:
        return max(8, width - 7 - 17 - (13 if width >= 60 else 0))

    def cells(self, index: int, width: int) -> Cells:
        """One child or task."""
        row = self.rows[index]
        busy = self.state.session.topics.busy
        window = busy.seconds if busy is not None and busy.seconds > 0 else 1.0
        share = row.seconds / window
        role: Role = "bad" if share >= 0.5 else "warn" if share >= 0.2 else "text"
        cells: list[Cell] = [(fit(f"{share:.1%}", 6, right=True), role)]
        if width >= 60:
            bar = show.bar(share, 12, plain=self.plain)
            cells.append((" " + bar, "accent" if role == "text" else role))
        name = self._name_room(width)
        text = printable(show.clean(row.name), plain=self.plain)
        shown = fit(cut_front(text, name, plain=self.plain), name)
        cells.append((" " + shown, "strong" if row.child else "text"))
        cells.append((fit(show.count(row.steps), 8, right=True), "text"))
        long: Role = "bad" if row.longest >= 0.1 else "text"
        cells.append((fit(_step(row.longest), 9, right=True), long))
        return clip_cells(tuple(cells), width, plain=self.plain)

    def row_id(self, key: int) -> int | None:
        """The child, if the line is about one."""
        return key if key > 0 else None

    def explain(self, key: int, width: int) -> list[Cells]:
        """How busy the loop is, what measuring costs, who held it lately."""
        topics = self.state.session.topics
        busy = topics.busy
        if busy is None:
            return []
        window = busy.seconds or 1.0
        lines: list[list[Cell]] = [
            [
                (f"the loop ran for {busy.busy / window:.0%} of the time", "strong"),
                (f"  measuring adds at least {busy.overhead / window:.1%}", "warn"),
                (", and ends when you leave this screen", "dim"),
            ]
        ]
        lines += [self._held(held) for held in list(topics.held)[:-7:-1]]
        plain = self.plain
        return [
            clip_cells(printable_cells(line, plain=plain), width, plain=plain)
            for line in lines
        ]

    def _held(self, held: Held) -> list[Cell]:
        at = wall_time(held.at, self.state.session.node)
        where = f"  {held.where}" if held.where else ""
        return [
            (f"{at} ", "dim"),
            (show.clean(held.name), "strong"),
            (f" held the loop for {show.duration(held.seconds)}", "bad"),
            (show.clean(where), "dim"),
        ]


def _step(seconds: float) -> str:
    """A short time, with tenths of milliseconds where they matter."""
    return f"{seconds * 1000:.1f}ms" if seconds < 0.01 else show.duration(seconds)
