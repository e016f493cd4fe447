"""The Busy screen: what keeps the loop, and so everybody else, waiting. No Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.query import parse_text_query
from trio_sup.inspect.text import show
from trio_sup.inspect.text.stacks import hold_line
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    clip_cells,
    cut_front,
    fit,
    printable,
    printable_cells,
)
from trio_sup_inspector.lines.journal import wall_time
from trio_sup_inspector.panes.pane import Pane, can_follow

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire_details import BusyRow, Held
    from trio_sup_inspector.state.node import NodeState


WORST: Final = 3
"""How many of the longest are shown."""
ENOUGH: Final = 0.5
"""Seconds of a window that says whether anything runs: a node's first one is empty."""
FRAMES: Final = 6
"""How many frames of the longest are shown, the innermost first."""


class BusyPane(Pane):
    """Who kept the loop busy in the last second, and who held it."""

    topics = ("busy", "holds")

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.rows: list[BusyRow] = []
        self._names: dict[str, int] = {}

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Take the newest window; the order holds still while the user moves."""
        self.clock = clock
        state = self.state
        busy = state.session.topics.busy
        measuring = "measuring..." if self.plain else "measuring…"
        self.nothing = measuring if can_follow(state) else state.cannot_tell
        if busy is not None and busy.seconds >= ENOUGH:
            self.nothing = "Nothing ran in the last second."
        if (state.picture.paused or hold) and self.rows:
            return False
        rows = list(busy.rows) if busy is not None else []
        self.total = len(rows)
        if state.filter.on:
            passing, matches = (
                parse_text_query(state.filter.query.text),
                state.matches(clock),
            )
            rows = [
                row
                for row in rows
                if (row.child in (matches or ()) if row.child else passing(row.name))
            ]
        rows.sort(key=_is_own)  # the busiest first, but those of the inspector last
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
        own = _is_own(row)
        said = f"(inspector) {row.name.rpartition('.node.')[2]}" if own else row.name
        text = printable(show.clean(said), plain=self.plain)
        shown = fit(cut_front(text, name, plain=self.plain), name)
        who: Role = "strong" if row.child else "dim" if own else "text"
        cells.append((" " + shown, who))
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
        lines += self._worst()
        plain = self.plain
        return [
            clip_cells(printable_cells(line, plain=plain), width, plain=plain)
            for line in lines
        ]

    def _worst(self) -> list[list[Cell]]:
        """What held the loop in the last hour, with the stack of the worst."""
        holds = self.state.session.topics.holds
        if holds is None or not holds.holds:
            return []
        lines: list[list[Cell]] = [[("the worst of the last hour", "strong")]]
        for hold in holds.holds[:WORST]:
            cell: Cell = show.clean(hold_line(hold, holds.at)), "bad"
            lines.append([cell])
        for frame in reversed(holds.holds[0].frames[-FRAMES:]):
            place = f"  {frame.file}:{frame.line} in {frame.function}  "
            lines.append([(show.clean(place), "dim"), (show.clean(frame.code), "text")])
        return lines

    def _held(self, held: Held) -> list[Cell]:
        at = wall_time(held.at, self.state.picture.node)
        where = f"  {held.where}" if held.where else ""
        return [
            (f"{at} ", "dim"),
            (show.clean(held.name), "strong"),
            (f" held the loop for {show.duration(held.seconds)}", "bad"),
            (show.clean(where), "dim"),
        ]


def _is_own(row: BusyRow) -> bool:
    """Whether a task is the inspector's own, in the node: there while one looks."""
    return not row.child and row.name.startswith("trio_sup.inspect.")


def _step(seconds: float) -> str:
    """A short time, with tenths of milliseconds where they matter."""
    return f"{seconds * 1000:.1f}ms" if seconds < 0.01 else show.duration(seconds)
