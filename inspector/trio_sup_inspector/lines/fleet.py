"""Several nodes side by side: a line each, and one line for all alarms. No Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    cell,
    clip_cells,
    fit,
    printable_cells,
    spread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup_inspector.fleet import Member

NAME: Final = (10, 22)
"""Cells of a name, at least and at most."""
STATE: Final = 17
FIGURES: Final = (
    ("CHILDREN", 9, 0),
    ("DOWN", 5, 60),
    ("RESTARTS/M", 11, 66),
    ("MBOX", 7, 74),
    ("LAG", 7, 84),
    ("UP", 8, 92),
)
"""Titles, widths, and the line's width from which on each is shown."""
PROGRAM: Final = 116
"""The line's width from which on the program is shown."""
NAMED: Final = 12
"""What needs a look, of one node: so many are named."""


def _name(width: int) -> int:
    return min(max(NAME[0], width - STATE - FIGURES[0][1] - 2), NAME[1])


def heading(width: int) -> Cells:
    """The titles."""
    cells: list[Cell] = [
        (fit("  NODE", _name(width) + 2), "dim"),
        (fit("HEALTH", STATE), "dim"),
    ]
    cells += [
        cell(fit(title, room, right=True), "dim")
        for title, room, at in FIGURES
        if width >= at
    ]
    if width >= PROGRAM:
        cells.append(("  PROGRAM", "dim"))
    return clip_cells(tuple(cells), width)


def member_cells(
    member: Member, clock: float, width: int, *, plain: bool, here: bool
) -> Cells:
    """One node: how it is, and its figures.

    Args:
        member: The node.
        clock: The application's clock.
        width: Cells of the line.
        plain: ASCII only.
        here: Whether it is the one on screen.
    """
    words, role = member.state(clock)
    mark = {"ok": "●", "bad": "‼", "warn": "○"}.get(role, "◌")
    if plain:
        mark = {"ok": "*", "bad": "!", "warn": "o"}.get(role, ".")
    cells: list[Cell] = [
        (f"{mark} ", role),
        (fit(show.clean(member.title), _name(width)), "strong" if here else "text"),
        (fit(show.clean(words), STATE), role),
    ]
    health = member.health(clock)
    values = [""] * len(FIGURES)
    if health is not None and member.ended is None:
        values = [
            show.count(health.children),
            show.count(health.down),
            f"{health.restarts:,}",
            show.count(health.mailbox),
            show.duration(health.lag),
            show.duration(health.up),
        ]
    for (_, room, at), value in zip(FIGURES, values, strict=True):
        if width >= at:
            cells.append((fit(value, room, right=True), "text"))
    found = member.found
    if found is not None and found.owner:
        cells.append((f"  of {found.owner}", "bad"))
    if found is not None and found.file is not None and width >= PROGRAM:
        cells.append((f"  {show.clean(found.file.argv0)}", "dim"))
    return clip_cells(printable_cells(cells, plain=plain), width, plain=plain)


def why_lines(member: Member, clock: float, width: int, *, plain: bool) -> list[Cells]:
    """What needs a look of the node under the cursor, and where it runs."""
    found = member.found
    lines: list[list[Cell]] = []
    if found is not None and found.file is not None:
        file = found.file
        where = f"{file.argv0}  in {file.cwd}  Python {file.python}"
        lines.append([(show.clean(where), "dim")])
    why = member.why(clock)
    lines += [[cell(show.clean(each), "text")] for each in why[:NAMED]]
    if len(why) > NAMED:
        lines.append([(f"and {len(why) - NAMED:,} more", "dim")])
    return [
        clip_cells(printable_cells(line, plain=plain), width, plain=plain)
        for line in lines
    ]


def alarm_cells(
    alarms: Sequence[Member], clock: float, width: int, *, plain: bool
) -> Cells:
    """One line for all other nodes that need a look; empty if none does."""
    if not alarms:
        return ()
    number = len(alarms)
    head = f" {number} other node{'s' * (number != 1)}: "
    cells: list[Cell] = [(head, "dim")]
    for member in alarms:
        words, role = member.state(clock)
        why = member.why(clock)
        text = f"{show.clean(member.title)} {words}"
        if number == 1 and why:
            text += f": {show.clean(why[0])}"
        cells += [cell(text, role), cell("  ", "dim")]
    right: Cells = (("  7 = nodes ", "accent"),)
    return spread(printable_cells(cells, plain=plain), right, width, plain=plain)
