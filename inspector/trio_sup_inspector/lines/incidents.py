"""The Restarts screen: incidents under their supervisors, and what budgets are left.

A supervisor's line shows the strip of its last minute and the gauge of its budget;
below it stands each incident: cause, blast radius, outcome. Knows no Textual.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.client.paces import MINUTE
from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    clip_cells,
    cut,
    cut_front,
    fit,
    fold_mark,
    printable,
    printable_cells,
    width_of,
)
from trio_sup_inspector.lines.incident_groups import frees_in, strip_of
from trio_sup_inspector.lines.journal import kind_word, role_of, wall_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.model.incident import Incident, Outcome
    from trio_sup.inspect.protocol.wire import Hello
    from trio_sup_inspector.lines.incident_groups import Group

TIMES: Final = "\N{MULTIPLICATION SIGN}"
FAST: Final = 2
"""From so many times a minute on it is said how many these are."""
MARKS: Final = "·▂▄▆█"
PLAIN_MARKS: Final = ".:+*#"
TERSE: Final = 50
"""The width below which there is neither a cause nor a strip."""
_OUTCOMES: Final[dict[Outcome, tuple[str, Role]]] = {
    "open": ("restarting", "warn"),
    "restarted": ("restarted", "ok"),
    "quarantined": ("in quarantine", "bad"),
    "gave_up": ("the supervisor gave up", "bad"),
    "stays_down": ("stays down", "off"),
    "stopped": ("stopped", "off"),
    "lost": ("the node ended", "off"),
    "reconfigured": ("reconfigured", "ok"),
    "rolled_back": ("rolled back", "bad"),
}


def strip_text(counts: list[int], *, plain: bool) -> str:
    """The strip as one mark a bucket."""
    marks = PLAIN_MARKS if plain else MARKS
    return "".join(marks[min(number, len(marks) - 1)] for number in counts)


# --- lines -------------------------------------------------------------------


def restarts_heading(width: int) -> Cells:
    """The column titles."""
    child, cause, blast = _sizes(width)
    time = "TIME  " if width < TERSE else "TIME     "
    cells: list[Cell] = [(time, "dim"), (fit("CHILD", child + 1), "dim")]
    if cause:
        cells.append((fit("CAUSE", cause), "dim"))
    if blast:
        cells.append((fit(" TOOK ALONG", blast), "dim"))
    cells.append((" OUTCOME", "dim"))
    return clip_cells(tuple(cells), width)


def group_cells(
    group: Group, now: float, width: int, *, plain: bool, opened: bool | None = None
) -> Cells:
    """A supervisor's line: who, the strip of its last minute, its budget.

    Args:
        group: The supervisor.
        now: The node's clock.
        width: Cells of the line.
        plain: ASCII only.
        opened: Whether its incidents are shown; None if it has none.
    """
    row = group.row
    live = not group.former  # The last minute of another clock says nothing.
    strip = strip_of(group.incidents, now) if live and width >= TERSE else []
    gauge = _gauge(group, now, width, plain) if row is not None else []
    right: list[Cell] = list(gauge)
    if strip:
        role: Role = "warn" if any(strip) else "dim"
        right.insert(0, ("  " + strip_text(strip, plain=plain) + "  ", role))
    name = show.clean(group.path) or "the node"
    look = show.look("gone" if row is None else row.status)
    kind = "" if row is None else f"  {show.kind(row)}"
    if group.former and group.node is not None:
        kind = f"  in process {group.node.pid}, which ended"
    if opened is False:
        number = sum(incident.times for incident in group.incidents)
        kind = f"  {number:,} incident{'s' * (number != 1)}"
    room = width - sum(width_of(text) for text, _ in right)
    shown = cut_front(printable(name, plain=plain), max(8, room - 4), plain=plain)
    left: list[Cell] = [
        (fold_mark(opened, plain=plain), "dim"),
        ((look.ascii if plain else look.glyph) + " ", look.severity),
        (shown, "strong"),
    ]
    space = room - 4 - width_of(shown)
    left.append((fit(kind, max(0, space), plain=plain), "dim"))
    return clip_cells((*left, *right), width, plain=plain)


def _gauge(group: Group, now: float, width: int, plain: bool) -> list[Cell]:
    row = group.row
    if row is None or row.budget_max is None:
        return []
    used, limit = row.budget_used or 0, row.budget_max
    role: Role = "bad" if used >= limit else "warn" if used else "ok"
    window = "" if row.budget_seconds is None else f" in {row.budget_seconds:g}s"
    text = f" {used}/{limit}{window}"
    if width < TERSE:
        return [(text, role)]
    bar = show.bar(used / limit if limit else 1.0, 6, plain=plain)
    rest = ("." if plain else "·") * (len(bar) - len(bar.rstrip()))
    cells: list[Cell] = [(bar.rstrip(), role), (rest, "off")]
    frees = frees_in(row, group.incidents, now)
    cells.append((fit(text, 14), role))
    if width >= 100:
        freed = "" if frees is None else f"frees in {show.duration(frees)}"
        cells.append((fit(freed, 15), "dim"))
    return cells


def incident_cells(
    incident: Incident, now: float, width: int, *, node: Hello | None, plain: bool
) -> Cells:
    """One incident: when, who, why, who else, and how it ended."""
    child, cause, blast = _sizes(width)
    label = printable(show.clean(incident.child.rpartition("/")[2]), plain=plain)
    tie = ("`- " if plain else "└─ ") if incident.because else "   "
    why = printable(show.clean(incident.cause), plain=plain)
    if incident.because is not None:
        why = f"gave up over {incident.because.child.rpartition('/')[2]}"
    often = times_words(incident, now, plain=plain)
    if incident.alike:
        label = f"{incident.alike + 1} children"
    if often:
        # A narrow line has no cause, and says it beside the name.
        why, label = f"{often}  {why}", label if cause else f"{label} {often}"
    time = wall_time(incident.at, node)
    cells: list[Cell] = [
        ((time[:5] if width < TERSE else time) + " ", "dim"),
        (tie, "dim"),
        (fit(label, child - 3, plain=plain) + " ", "strong"),
    ]
    if cause:
        cells.append((fit(why, cause, plain=plain), "text"))
    if blast:
        text, role = blast_words(incident)
        cells.append((" " + fit(text, blast - 1, plain=plain), role))
    text, role = outcome_words(incident, now)
    used = sum(width_of(text) for text, _ in cells) + 1
    cells.append((" " + cut(text, max(1, width - used), plain=plain), role))
    return clip_cells(tuple(cells), width, plain=plain)


def times_words(incident: Incident, now: float, *, plain: bool) -> str:
    """How often just that happened, and how fast it does; nothing for once.

    The latest stands above, so that it is the pace that tells who is the worst. Of what
    is younger than a minute, or does not go on, the time in which it happened says so.
    """
    if incident.times == 1:
        return ""
    often = f"{'x' if plain else TIMES}{incident.times:,}"
    pace = incident.per_minute(now)
    if pace < FAST or now - incident.since <= MINUTE:
        return f"{often} in {show.duration(incident.at - incident.since)}"
    return f"{often}, {pace:,}/min{' each' * bool(incident.alike)}"


def blast_words(incident: Incident) -> Cell:
    """Who was taken along."""
    number = len(incident.stopped) or incident.planned
    if not number:
        return "nobody", "off"
    if number == 1 and incident.stopped:
        return next(iter(incident.stopped)).rpartition("/")[2], "warn"
    return f"{number} siblings", "warn"


def outcome_words(incident: Incident, now: float) -> Cell:
    """How it ended, and how long that took."""
    text, role = _OUTCOMES[incident.outcome]
    down = incident.down_for
    if incident.outcome == "restarted" and down is not None:
        text += " at once" if down < 0.05 else f" after {show.duration(down)}"
    elif incident.outcome == "open":
        due = incident.at + incident.delay - now
        if due > 0:
            text = f"restarts in {show.duration(due)}"
        else:
            text = f"down for {show.duration(now - incident.at)}"
    if incident.attempts > 1:
        text += f", {incident.attempts} tries"
    return text, role


def _sizes(width: int) -> tuple[int, int, int]:
    """Cells of the child, the cause and whom it took along (0: no column)."""
    if width < TERSE:
        return max(8, width - 6 - 1 - 18), 0, 0
    blast = 14 if width >= 96 else 11 if width >= 76 else 0
    outcome = 24 if width >= 96 else 18 if width >= 60 else 12
    left = max(12, width - 9 - 1 - blast - outcome)
    child = max(8, min(26, left * 2 // 5))
    return child, max(4, left - child), blast


# --- below the list ------------------------------------------------------------


def explain_incident(
    incident: Incident, now: float, width: int, *, node: Hello | None, plain: bool
) -> list[Cells]:
    """The whole story of one incident, oldest event first."""
    arrow = "->" if plain else "→"
    cause = "gave up" if incident.because else show.clean(incident.cause)
    outcome, role = outcome_words(incident, now)
    blast, _ = blast_words(incident)
    group = f" ({incident.strategy})" if incident.strategy else ""
    head: list[Cell] = [
        (show.clean(incident.child), "strong"),
        (f" and {incident.alike} more" if incident.alike else "", "strong"),
        (f" {cause}", "text"),
        (f"  {arrow} ", "dim"),
        (f"took along {blast}{group}", "text"),
        (f"  {arrow} ", "dim"),
        (outcome, role),
    ]
    if often := times_words(incident, now, plain=plain):
        last = wall_time(incident.at, node)
        head += [cell(f"  {arrow} ", "dim"), cell(f"{often}, last {last}", "warn")]
    lines: list[Sequence[Cell]] = [head]
    if sum(width_of(text) for text, _ in head) > width:
        lines = [[part] for part in head if part[0].strip(" ->→")]
    if incident.because is not None:
        over = incident.because
        words = f"it gave up over {show.clean(over.child)}: {show.clean(over.cause)}"
        lines += [[cell(part, "dim")] for part in textwrap.wrap(words, width)]
    names = [event.path.rpartition("/")[2] for event in incident.events]
    room = min(24, max(map(width_of, names), default=0))
    for event, name in zip(incident.events, names, strict=True):
        text = show.clean(event.text).removeprefix(event.path).strip(" :")
        lines.append(
            (
                cell(wall_time(event.at, node) + " ", "dim"),
                cell(f"+{show.duration(event.at - incident.at):<6} ", "dim"),
                cell(fit(show.clean(name), room, plain=plain) + " ", "strong"),
                cell(text or kind_word(event.kind), role_of(event.kind)),
            )
        )
    return [_line(line, width, plain) for line in lines]


def explain_group(group: Group, now: float, width: int, *, plain: bool) -> list[Cells]:
    """What the budget of a supervisor means at present."""
    row = group.row
    if row is None:
        text = "This supervisor is no more."
        if group.former and group.node is not None:
            text = (
                f"That was in process {group.node.pid}, before the node started anew."
            )
        return [_line([cell(text, "dim")], width, plain)]
    if row.budget_max is None:
        return []
    used, limit = row.budget_used or 0, row.budget_max
    window = "ever" if row.budget_seconds is None else f"within {row.budget_seconds:g}s"
    left = limit - used
    role: Role = "bad" if left <= 0 else "warn" if used else "text"
    if left <= 0:
        text = "The next crash makes it give up: its children stop, and it exits."
    else:
        crashes = f"{left} more crash{'es' * (left != 1)}"
        text = f"It survives {crashes}; the one after that makes it give up."
    frees = frees_in(row, group.incidents, now)
    lines: list[Sequence[Cell]] = [
        [
            cell(show.clean(group.path), "strong"),
            cell(f"  {used} of {limit} restarts used {window}", role),
        ],
        *([cell(part, "text")] for part in textwrap.wrap(text, width)),
    ]
    if frees is not None:
        lines.append([cell(f"One is given back in {show.duration(frees)}.", "text")])
    return [_line(line, width, plain) for line in lines]


def _line(cells: Sequence[Cell], width: int, plain: bool) -> Cells:
    return clip_cells(printable_cells(cells, plain=plain), width, plain=plain)
