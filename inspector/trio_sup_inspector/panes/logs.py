"""The Logs screen: what the program writes to its log. Knows no Textual."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.query import parse_text_query
from trio_sup.inspect.protocol.wire_details import Follow
from trio_sup.inspect.text import show
from trio_sup.inspect.text.log_lines import (
    LEVELS,
    level_name,
    nothing_passes,
    searched,
    what,
)
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
from trio_sup_inspector.panes.pane import Pane, can_ask

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire_logs import LogLine
    from trio_sup_inspector.state.node import NodeState

CHOICES: Final = (0, *LEVELS.values())
"""The levels to choose from; 0 stands for all."""
TEXT_LINES: Final = 4
"""Lines of a record's text below the list."""


class LogsPane(Pane):
    """The newest records, as they are written."""

    topics = ("logs",)
    tails = True

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.level = 0
        """From which level on records are asked for."""
        self.lines: list[LogLine] = []
        self._at: dict[int, LogLine] = {}

    def wishes(self) -> tuple[Follow, ...]:
        """Records of the level chosen."""
        return (Follow("logs", level=self.level),)

    def next_level(self) -> None:
        """Ask for fewer records, or for all of them again."""
        self.level = CHOICES[(CHOICES.index(self.level) + 1) % len(CHOICES)]

    def forget(self) -> None:
        """Take the present lines at the next look, though the picture stands."""
        self.lines = []

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Filter the records; while paused they stand still."""
        self.clock = clock
        state = self.state
        topics = state.session.topics
        if not can_ask(state, "logs"):
            self.nothing = state.cannot_tell
        elif topics.logs is None:
            self.nothing = "asking"
        else:
            self.nothing = "Nothing was written since you look."
        if state.picture.paused and self.lines:
            return False
        passes = parse_text_query(state.filter.query.text)
        known = [line for line in topics.log.lines if line.level >= self.level]
        self.lines = [line for line in known if passes(searched(line))]
        self.shown, self.total = len(self.lines), len(known)
        keys = [line.n for line in self.lines]
        changed = keys != self.keys
        self.keys, self._at = keys, {line.n: line for line in self.lines}
        return changed

    def titles(self, width: int) -> Cells:
        """The columns, and which records there are."""
        room = _room(width)
        chosen = f"level {level_name(self.level)}" if self.level else "all levels"
        why = nothing_passes(self.state.session.topics.logs, self.level)
        note = f"  (v: {chosen}{'; ' if why else ''}{why})"
        return clip_cells(
            (
                (f"TIME     {'LEVEL':<9}{'WHO':<{room + 1}}WHAT", "dim"),
                (note, "dim"),
            ),
            width,
            plain=self.plain,
        )

    def cells(self, index: int, width: int) -> Cells:
        """One record."""
        line, plain = self.lines[index], self.plain
        role, room = _role(line.level), _room(width)
        who = printable(show.clean(line.path or line.logger), plain=plain)
        text = what(line).removeprefix(line.path).lstrip(" :")
        return clip_cells(
            (
                (wall_time(line.at, self.state.picture.node) + " ", "dim"),
                (fit(level_name(line.level), 8) + " ", role),
                (fit(cut_front(who, room, plain=plain), room) + " ", "strong"),
                (printable(text, plain=plain), role if role == "bad" else "text"),
            ),
            width,
            plain=plain,
        )

    def row_id(self, key: int) -> int | None:
        """The child that wrote it, or that it tells of, if it still lives."""
        line = self._at.get(key)
        if line is None:
            return None
        if line.child in self.state.model.rows:
            return line.child
        return self.state.model.by_path(line.path) if line.path else None

    def explain(self, key: int, width: int) -> list[Cells]:
        """All of the record: who wrote it, where, and its whole text."""
        line = self._at.get(key)
        if line is None:
            return []
        plain = self.plain
        place = f"  {line.where}" + (f"  in {line.thread}" if line.thread else "")
        lines: list[list[Cell]] = [
            [
                (show.clean(line.path or "no child"), "strong"),
                (f"  {show.clean(line.logger)}", "text"),
                (show.clean(place), "dim"),
            ]
        ]
        wrapped = textwrap.wrap(what(line), max(width, 20))[:TEXT_LINES]
        role = _role(line.level)
        lines.extend([(piece, role)] for piece in wrapped)
        missed = self.state.session.topics.log.missed
        if missed:
            lines.append(
                [(f"{missed} records missed: more came than are kept", "warn")]
            )
        return [
            clip_cells(printable_cells(each, plain=plain), width, plain=plain)
            for each in lines
        ]


def _role(level: int) -> Role:
    if level >= LEVELS["ERROR"]:
        return "bad"
    if level >= LEVELS["WARNING"]:
        return "warn"
    return "text" if level >= LEVELS["INFO"] else "dim"


def _room(width: int) -> int:
    return max(12, min(36, width // 4))
