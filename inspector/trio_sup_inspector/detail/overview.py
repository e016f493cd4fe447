"""The detail pane's text: everything known about one child. Knows no Textual."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.model.problems import looping, problem
from trio_sup.inspect.model.tree_model import DOWN, WAITING
from trio_sup.inspect.text import show
from trio_sup.inspect.text.traceback_text import (
    Folded,
    Frame,
    Says,
    folded,
    own_place,
    read_traceback,
)
from trio_sup_inspector.lines.cells import Cell, Role, cut_front
from trio_sup_inspector.lines.journal import kind_word, role_of, wall_time
from trio_sup_inspector.lines.sparkline import sparkline
from trio_sup_inspector.lines.writer import LABEL, Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.protocol.wire import Detail, Event, Row
    from trio_sup_inspector.state.node import NodeState

EVENTS: Final = 12
ORDERLY: Final = ("normal", "shutdown")
"""How ends begin that are no crashes."""


@frozen
class Subject:
    """One child, and what is known besides its row."""

    row: Row
    detail: Detail | None
    events: Sequence[Event]
    """Newest first."""
    depths: Sequence[int]
    """The mailbox depth at the last refreshes, oldest first."""
    dead_for: float | None
    """Seconds since it was removed; None if it lives."""
    looked_since: float = -math.inf
    """Since when its mailbox is looked at: what was there by then may be older."""
    unfolded: bool = False
    """Whether a traceback shows the frames of libraries."""


def title(subject: Subject) -> str:
    """The pane's heading."""
    path = show.clean(subject.row.path)
    if subject.dead_for is None:
        return path
    return f"{path} - gone {show.duration(subject.dead_for)} ago"


def overview(writer: Writer, subject: Subject, state: NodeState, clock: float) -> None:
    """What it is, how it does, how it last ended; first what is looked for."""
    _condition(writer, subject, state.now())
    # Of what crashes again and again, or is down, that is its crash.
    crash_first = _down_by_a_crash(subject.row, state.now())
    if crash_first:
        _exits(writer, subject, state)
    _overview(writer, subject)
    if subject.row.mailbox_len is not None:
        mailbox_figures(writer, subject, state, clock)
    if state.model.child_count(subject.row.id):
        _children(writer, subject.row, state)
    if not crash_first:
        _exits(writer, subject, state)
    _events(writer, subject, state)


def _down_by_a_crash(row: Row, now: float) -> bool:
    crashed = row.last_exit and not row.last_exit.startswith(ORDERLY)
    down = row.status in DOWN | WAITING or looping(row, now) is not None
    return bool(crashed and down)


def _condition(writer: Writer, subject: Subject, now: float) -> None:
    row = subject.row
    look = show.look(row.status)
    glyph = look.ascii if writer.plain else look.glyph
    life = f"   life {row.life}" if row.life else ""
    up = show.uptime(row, now)
    writer.add(
        (f"{glyph} {look.word}", look.severity),
        (life, "text"),
        (f"   up {up}" if up else "", "dim"),
    )
    wrong = problem(row, now)
    if wrong is not None:
        writer.paragraph(f"{show.clean(row.label)} {wrong}", "warn")


def _overview(writer: Writer, subject: Subject) -> None:
    row = subject.row
    writer.section("Overview")
    if row.kind in ("supervisor", "dynamic"):
        writer.fact("kind", f"{row.kind} supervisor".replace("supervisor s", "s"))
        writer.fact("strategy", show.clean(row.target))
    else:
        writer.fact("kind", row.kind)
        writer.fact("runs", show.clean(row.target))
    held = subject.detail is not None and subject.detail.held
    writer.fact("restart", row.restart)
    writer.fact("held", "no restart follows this life" if held else "", "warn")
    writer.fact("name", show.clean(row.name))
    writer.fact("path", show.clean(row.path))
    writer.fact("restarts", str(row.restarts), "text" if row.restarts else "dim")
    facts = None if subject.detail is None else subject.detail.facts
    for name, text in facts or ():
        writer.fact(show.clean(name), show.clean(text))
    _budget(writer, row)


def _budget(writer: Writer, row: Row) -> None:
    if row.budget_max is None:
        return
    used, limit = row.budget_used or 0, row.budget_max
    role: Role = "bad" if used >= limit else "warn" if used else "ok"
    window = "" if row.budget_seconds is None else f" in {row.budget_seconds:g} s"
    gauge = show.bar(used / limit if limit else 1.0, 10, plain=writer.plain)
    writer.add(
        (f"{'budget':<{LABEL}}", "dim"),
        (gauge, role),
        (f" {used} of {limit}{window}", role if used else "text"),
    )


def mailbox_figures(
    writer: Writer, subject: Subject, state: NodeState, clock: float
) -> None:
    """How full the mailbox is, and where that leads."""
    row = subject.row
    writer.section("Mailbox")
    share = show.fullness(row)
    role: Role = "text"
    if share is not None:
        role = "bad" if share >= 0.9 else "warn" if share >= 0.5 else "text"
    bound = "unbounded" if (row.mailbox_cap or -1) < 0 else f"of {row.mailbox_cap}"
    writer.fact("waiting", f"{row.mailbox_len} {bound}", role)
    if share is not None:
        room = min(30, writer.width - LABEL)
        gauge = show.bar(share, room, plain=writer.plain).rstrip()
        rest = ("." if writer.plain else "·") * (room - len(gauge))
        loud: Role = "accent" if role == "text" else role
        writer.add((" " * LABEL, "dim"), (gauge, loud), (rest, "off"))
    writer.fact("peak", f"{row.mailbox_peak} in this life")
    rate = state.model.handled_rate(row.id, clock)
    speed = f"   {show.count(rate)}/s" if rate >= 0.5 else ""
    writer.fact("handled", f"{row.handled}{speed}")
    growth = state.model.growth(row.id, clock)
    if growth >= 0.5:
        writer.fact("growing", f"by {show.count(growth)} messages a second", "warn")
    doing = show.operation(row, state.now())
    writer.fact("in progress", doing or "nothing", "text" if doing else "dim")
    if any(subject.depths):
        spark = sparkline(subject.depths, writer.width - LABEL, plain=writer.plain)
        writer.add((f"{'trend':<{LABEL}}", "dim"), (spark, "accent"))


def _children(writer: Writer, row: Row, state: NodeState) -> None:
    totals = state.model.totals(row.id)
    writer.section("Below")
    writer.fact("children", str(state.model.child_count(row.id)))
    writer.fact("descendants", str(totals.rows))
    writer.fact("down", str(totals.down) if totals.down else "", "bad")
    writer.fact("waiting", str(totals.waiting) if totals.waiting else "", "warn")
    writer.fact("stuck", str(totals.stuck) if totals.stuck else "", "bad")
    writer.fact("restarts", str(totals.restarts))
    writer.fact("messages", f"{totals.mailbox} waiting")


def _exits(writer: Writer, subject: Subject, state: NodeState) -> None:
    row, detail = subject.row, subject.detail
    writer.section("Last exit")
    if not row.last_exit:
        writer.add(("none: this is its first life", "dim"))
        return
    writer.paragraph(show.clean(row.last_exit), "text")
    if detail is None:
        none = "this recording holds no tracebacks"
        writer.add((none if state.recorded else "asking for the traceback", "dim"))
    elif detail.traceback:
        writer.add()
        if row.last_exit.startswith(ORDERLY):
            writer.add(("its last crash was before that", "dim"))
        if detail.clipped:
            writer.add(("its beginning was cut off", "dim"))
        write_traceback(writer, detail.traceback, unfolded=subject.unfolded)


def write_traceback(writer: Writer, text: str, *, unfolded: bool) -> None:
    """The program's own place first, then the frames, those of libraries folded."""
    parts = read_traceback(text)
    place = own_place(parts)
    if place is not None:
        writer.add((f"in {show.clean(place.name)}  ", "strong"), _place(place, writer))
        for line in place.code[-1:]:
            writer.paragraph(show.clean(line), "accent", indent="  ")
        writer.add()
    shown = parts if unfolded else folded(parts)
    for part in shown:
        match part:
            case Folded():
                mark = ".." if writer.plain else "⋯"
                writer.add((f"  {mark} {show.clean(part.text)}, F shows them", "dim"))
            case Frame():
                loud: Role = "dim" if part.library else "text"
                name = f"  {show.clean(part.name)}  "
                writer.add(
                    (name, "dim" if part.library else "strong"), _place(part, writer)
                )
                for line in part.code:
                    writer.paragraph(show.clean(line), loud, indent="    ")
            case Says():
                text = show.clean(part.text)
                quiet = not text.strip() or text.startswith(
                    ("Traceback", "Exception Gr")
                )
                writer.paragraph(text, "dim" if quiet else "bad")


def _place(frame: Frame, writer: Writer) -> Cell:
    """Where a frame is: of a long path the end says most."""
    where = f"{show.clean(frame.file)}:{frame.line}"
    room = max(12, writer.width - len(frame.name) - 6)
    return cut_front(where, room, plain=writer.plain), "dim"


def _events(writer: Writer, subject: Subject, state: NodeState) -> None:
    if not subject.events:
        return
    writer.section("Events")
    node = state.picture.node
    for event in subject.events[:EVENTS]:
        text = show.clean(event.text).removeprefix(event.path).strip(" :")
        writer.add(
            (wall_time(event.at, node) + " ", "dim"),
            (text or kind_word(event.kind), role_of(event.kind)),
        )
