"""The Trace screen: what servers receive and answer, live. Knows no Textual."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.query import parse_text_query
from trio_sup.inspect.protocol.wire_details import Follow
from trio_sup.inspect.text import show
from trio_sup.inspect.text.trace_lines import cost_line, way, what, what_parts
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    cells_width,
    clip_cells,
    cut,
    cut_front,
    fit,
    printable,
    printable_cells,
    width_of,
)
from trio_sup_inspector.lines.journal import wall_time
from trio_sup_inspector.panes.pane import Pane, can_ask

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire_trace import TraceStep
    from trio_sup_inspector.state.node import NodeState

WAY: Final = 7
"""Steps of one request that are shown below the list."""
LEAST: Final = 8
"""Cells below which the end of a line says nothing."""
_ROLES: Final[dict[str, Role]] = {
    "received": "text",
    "replied": "ok",
    "handled": "ok",
    "answered": "ok",
    "failed": "warn",
    "deferred": "busy",
    "withdrawn": "warn",
    "crashed": "bad",
}


class TracePane(Pane):
    """The steps of one server, or of all below a supervisor."""

    topics = ("trace",)
    tails = True

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.child: int | None = None
        """Who is traced, None as long as nobody was chosen."""
        self.op = ""
        """Which operation alone, with what follows from it; empty for all."""
        self.steps: list[TraceStep] = []
        self._first = 0

    def wishes(self) -> tuple[Follow, ...]:
        """The steps of who was chosen: nobody is traced unasked."""
        if self.child is None:
            return ()
        return (Follow("trace", child=self.child, text=self.op),)

    def choose(self, child: int) -> None:
        """Trace another child, and all its operations."""
        if child != self.child:
            self.child, self.op = child, ""
            self.state.session.ask.unfollow("trace")
            self.state.followed = ()

    def choose_op(self, key: int) -> None:
        """Trace the operation of a line alone; again: all of them."""
        step = self._step(key)
        if self.op:
            self.op = ""
        elif step is not None:
            self.op = step.op

    def forget(self) -> None:
        """Take the present lines at the next look, though the picture stands."""
        self.steps = []

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Filter the steps; while paused they stand still."""
        self.clock = clock
        state = self.state
        topics = state.session.topics
        self.nothing = self._why_nothing()
        if state.picture.paused and self.steps:
            return False
        tail = topics.steps
        passes = parse_text_query(state.filter.query.text)
        first = tail.count - len(tail.lines)
        numbered = list(enumerate(tail.lines, first + 1))
        kept = [(n, s) for n, s in numbered if passes(f"{s.path} {what(s)} #{s.root}")]
        self.steps = [step for _, step in kept]
        self.shown, self.total = len(kept), len(numbered)
        keys = [number for number, _ in kept]
        changed = keys != self.keys
        self.keys = keys
        return changed

    def _why_nothing(self) -> str:
        state = self.state
        if not can_ask(state, "trace"):
            return state.cannot_tell
        if self.child is None:
            return "Nobody is traced. c on a child in any list traces it."
        trace = state.session.topics.trace
        if trace is not None and not trace.servers:
            return "There is no server there: only servers take messages."
        return "asking" if trace is None else "Nothing was received since you look."

    def titles(self, width: int) -> Cells:
        """Who is traced, which operation, and what it costs."""
        row = self.state.row(self.child)
        if self.child is None:
            return ()
        who = show.clean(row.path) if row is not None else f"child {self.child}"
        topics = self.state.session.topics
        only = f"only {show.clean(self.op)} (C: all)" if self.op else "C: one operation"
        cost = cost_line(topics.trace, topics.steps.missed)
        loud: Role = "warn" if topics.steps.missed else "dim"
        return clip_cells(
            printable_cells(
                ((f"{who}  ", "strong"), (f"{cost}  ", loud), (only, "dim")),
                plain=self.plain,
            ),
            width,
            plain=self.plain,
        )

    def cells(self, index: int, width: int) -> Cells:
        """One step."""
        step = self.steps[index]
        stamp = wall_time(step.at, self.state.picture.node)
        cells: list[Cell] = [(stamp + " ", "dim")]
        *head, (text, role) = self._about(step, max(12, min(34, width // 4)))
        cells += head
        room = max(1, width - cells_width(tuple(cells)))
        cells.append((_within(step, text, room, plain=self.plain), role))
        return clip_cells(tuple(cells), width, plain=self.plain)

    def _about(self, step: TraceStep, room: int) -> list[Cell]:
        """Number, server, and what happened, indented by what it follows from."""
        plain = self.plain
        indent = " " * min(2 * step.depth, 12)
        path = printable(show.clean(step.path), plain=plain)
        number = fit(f"#{step.id}", 6, plain=plain)
        return [
            (f"{number} ", "dim"),
            (fit(cut_front(path, room, plain=plain), room) + " " + indent, "strong"),
            (printable(what(step), plain=plain), _ROLES.get(step.kind, "text")),
        ]

    def _step(self, key: int) -> TraceStep | None:
        keys = list(self.keys)
        return self.steps[keys.index(key)] if key in keys else None

    def row_id(self, key: int) -> int | None:
        """The server."""
        step = self._step(key)
        return None if step is None else step.child

    def explain(self, key: int, width: int) -> list[Cells]:
        """The way of this request through all servers that are looked at."""
        step, plain = self._step(key), self.plain
        if step is None:
            return []
        steps = way(self.state.session.topics.steps.lines, step.root)
        head = f"request #{step.root}: {len(steps)} steps"
        lines: list[Cells] = [clip_cells(((head, "dim"),), width, plain=plain)]
        for each in steps[-WAY:]:
            lines += self._whole(each, width)
        return lines

    def _whole(self, step: TraceStep, width: int) -> list[Cells]:
        """A step in as many lines as it needs: the list above may have cut it off."""
        *head, (text, role) = self._about(step, max(12, min(34, width // 4)))
        margin = cells_width(tuple(head))
        parts = textwrap.wrap(text, max(8, width - margin - 2)) or [""]
        lines: list[tuple[Cell, ...]] = [(*head, (parts[0], role))]
        aside = cell(" " * (margin + 2), "text")
        lines += [(aside, cell(part, role)) for part in parts[1:]]
        return [
            clip_cells(printable_cells(line, plain=self.plain), width, plain=self.plain)
            for line in lines
        ]


def _within(step: TraceStep, text: str, room: int, *, plain: bool) -> str:
    """A step in the cells that there are: how long it took is the last to be cut."""
    if width_of(text) <= room:
        return text
    said, time, more = (printable(part, plain=plain) for part in what_parts(step))
    said = cut(said, max(1, room - width_of(time)), plain=plain)
    left = room - width_of(said) - width_of(time)
    return f"{said}{time}{cut(more, max(0, left), plain=plain) if left > LEAST else ''}"
