"""The Restarts screen: who restarts, how often lately, and what is left of budgets.

Knows no Textual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect import show
from trio_sup_inspector.cells import (
    Cell,
    Cells,
    Role,
    clip_cells,
    cut,
    cut_front,
    fit,
    printable,
)

if TYPE_CHECKING:
    from trio_sup.inspect.wire import Row
    from trio_sup_inspector.state import NodeState

WINDOW: Final = 60.0
"""Seconds that the strip covers."""
BUCKETS: Final = 20
_MARKS: Final = "·▂▄▆█"
_PLAIN_MARKS: Final = ".:+*#"

Strips = dict[str, list[int]]
"""Crashes a bucket for each path, oldest first."""


def crash_strips(state: NodeState, now: float) -> Strips:
    """Count the crashes of the last minute, by path and bucket."""
    strips: Strips = {}
    for entry in reversed(state.journal.entries):
        event = entry.event
        if event is None or event.at < now - WINDOW:
            break
        if event.kind in ("child_crashed", "child_start_failed"):
            strip = strips.setdefault(event.path, [0] * BUCKETS)
            age = int((now - event.at) / WINDOW * BUCKETS)
            strip[BUCKETS - 1 - min(max(age, 0), BUCKETS - 1)] += 1
    return strips


def restart_ids(
    state: NodeState, strips: Strips, matches: frozenset[int] | None
) -> list[int]:
    """Who restarted or uses a budget: the busiest of the last minute first."""
    rows = state.model.rows

    def rank(id: int) -> tuple[int, int, str]:
        row = rows[id]
        return (-sum(strips.get(row.path, ())), -row.restarts, row.path)

    return sorted(
        (
            id
            for id, row in rows.items()
            if (row.restarts or row.budget_used) and (matches is None or id in matches)
        ),
        key=rank,
    )


def strip_text(counts: list[int], *, plain: bool) -> str:
    """The strip as one mark a bucket."""
    marks = _PLAIN_MARKS if plain else _MARKS
    return "".join(marks[min(number, len(marks) - 1)] for number in counts)


def restarts_heading(width: int) -> Cells:
    """The column titles."""
    name, strip, gauge = _sizes(width)
    cells: list[Cell] = [(fit("PATH", name), "dim")]
    cells.append((fit(" RESTARTS", 10, right=True), "dim"))
    if strip:
        cells.append((fit("  LAST MINUTE", strip + 2), "dim"))
    if gauge:
        cells.append((fit("  BUDGET", gauge), "dim"))
    cells.append(("  LAST EXIT", "dim"))
    return clip_cells(tuple(cells), width)


def restart_cells(row: Row, strips: Strips, width: int, *, plain: bool) -> Cells:
    """One line, `width` cells wide."""
    name, strip, gauge = _sizes(width)
    look = show.look(row.status)
    path = printable(show.clean(row.path), plain=plain)
    path = cut_front(path, name - 2, plain=plain)
    lately = strips.get(row.path, [0] * BUCKETS)
    cells: list[Cell] = [
        ((look.ascii if plain else look.glyph) + " ", look.severity),
        (fit(path, name - 2), "text"),
        (fit(str(row.restarts), 10, right=True), "text"),
    ]
    if strip:
        role: Role = "warn" if any(lately) else "dim"
        cells.append(("  " + strip_text(lately, plain=plain), role))
    if gauge:
        cells += _gauge(row, gauge, plain)
    text = printable(show.clean(row.last_exit), plain=plain)
    used = name + 10 + (strip + 2 if strip else 0) + gauge + 2
    cells.append(("  " + cut(text, max(1, width - used), plain=plain), "dim"))
    return clip_cells(tuple(cells), width, plain=plain)


def _gauge(row: Row, width: int, plain: bool) -> list[Cell]:
    if row.budget_max is None:
        return [(" " * width, "dim")]
    used, limit = row.budget_used or 0, row.budget_max
    role: Role = "bad" if used >= limit else "warn" if used else "ok"
    bar = show.bar(used / limit if limit else 1.0, 5, plain=plain)
    window = "" if row.budget_seconds is None else f" in {row.budget_seconds:g}s"
    text = f"{used}/{limit}{window}"
    return [("  ", "text"), (bar, role), (fit(" " + text, width - 7), role)]


def _sizes(width: int) -> tuple[int, int, int]:
    """Cells of the path, the strip (0: none) and the gauge (0: none)."""
    strip = BUCKETS if width >= 64 else 0
    gauge = 21 if width >= 84 else 0
    return max(14, min(48, (width - strip - gauge) // 2)), strip, gauge
