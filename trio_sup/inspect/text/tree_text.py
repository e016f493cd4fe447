"""The tree as plain lines, for ``trio-sup tree``. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.tree_view import Expansion, flatten
from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.model.query import Query
    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup.inspect.model.tree_view import Line
    from trio_sup.inspect.protocol.wire import Row

DRAWN: Final = 200
"""Levels that are drawn; of what is deeper the innermost ones."""


def guides(line: Line, *, plain: bool = False) -> str:
    """What stands before a name to draw the tree."""
    if not line.guides:
        return ""
    through, tee, corner = ("|  ", "|- ", "`- ") if plain else ("│  ", "├─ ", "└─ ")
    levels = line.guides[1:][-DRAWN:]
    above = "".join(through if each == "|" else "   " for each in levels)
    return above + (corner if line.last else tee)


def tree_lines(
    model: TreeModel,
    *,
    now: float,
    query: Query | None = None,
    depth: int | None = None,
    plain: bool = False,
) -> Iterator[Clean]:
    """One line for each child, without colours.

    Args:
        model: The rows.
        now: The node's clock.
        query: Only matches, and the supervisors above them.
        depth: How many levels; what is cut off is summed up at its supervisor.
        plain: Draw with ASCII only.
    """
    matches = frozenset(query.select(model.rows.values(), now)) if query else None
    lines = flatten(model, Expansion(crowd=len(model.rows)), matches=matches)
    if depth is not None:
        lines = [line for line in lines if len(line.guides) < depth]
    names = [
        guides(line, plain=plain) + show.clean(model.rows[line.id].label)
        for line in lines
    ]
    width = min(max(map(len, names), default=0), 48)
    for line, name in zip(lines, names, strict=True):
        row = model.rows[line.id]
        cut = depth is not None and len(line.guides) == depth - 1
        hidden = cut and model.child_count(line.id) > 0
        tail = [show.aggregate(model.totals(line.id), plain=plain)] if hidden else []
        yield _line(row, name.ljust(width), now, plain, tail)


def _line(row: Row, name: str, now: float, plain: bool, tail: list[str]) -> Clean:
    look = show.look(row.status)
    facts = [show.kind(row)]
    if box := show.mailbox(row):
        facts.append(f"mbox {box}")
    if row.restarts or row.budget_used:
        facts.append(f"restarts {show.restarts(row)}")
    if up := show.uptime(row, now):
        facts.append(f"up {up}")
    if doing := show.operation(row, now):
        facts.append(f"in {doing}")
    if row.last_exit and row.restarts:
        facts.append(show.clean(row.last_exit))
    glyph = look.ascii if plain else look.glyph
    text = f"{glyph} {name}  {look.word:<10}  {'  '.join(facts + tail)}".rstrip()
    return show.clean(text.encode("ascii", "replace").decode() if plain else text)
