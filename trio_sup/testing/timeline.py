"""What happened, as text: one lane a child, injected faults marked.

A tree that is too wide for a table gets narrow lanes, with the text beside them. No
line is wider than a terminal's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from trio_sup._core import events
from trio_sup._core.events import LifecycleEvent
from trio_sup.testing._run.columns import WIDEST, cells, cut, folded, padded, shown

if TYPE_CHECKING:
    from trio_sup.testing.problems import Hit, Problem

LIMIT = 60
"""Lines shown of what happened; if there is more, those around faults and problems."""

MOST_LANES = 20
"""Narrow lanes that are drawn; more of them show nothing that can be followed."""

WIDE = 32
"""Characters up to which what follows at once is joined into one cell."""


def timeline(
    happened: Sequence[LifecycleEvent],
    hits: Sequence[Hit],
    problems: Sequence[Problem] = (),
) -> str:
    """Return a table: time, a lane for each child, and what is not of a lane.

    Args:
        happened: Events in order.
        hits: The faults, by the time at which they happened.
        problems: What was found.
    """
    lanes = sorted(
        {e.path for e in happened if isinstance(e, events.ChildStarting)},
        key=lambda path: [e.path for e in happened].index(path),
    )
    rows: list[_Row] = []
    marks: list[tuple[int, _Row]] = []
    for hit in hits:
        word = "missed" if hit.missed else "FAULT"
        lane = hit.fault.path if hit.fault.path in lanes else ""
        marks.append((hit.place, (hit.at, lane, f"{word} {type(hit.fault).__name__}")))
    found = {(p.place, p.at, p.invariant): None for p in problems}
    for at_event, at, name in found:
        marks.append((at_event, (at, "", f"PROBLEM {name}")))
    for place, event in enumerate([*happened, None]):
        rows += [mark for at, mark in marks if at == place]
        text = "" if event is None else _cell(event)
        if event is not None and text:
            lane = event.path if event.path in lanes else ""
            said = text if lane else f"{event.path}: {text}"
            rows.append((event.at, lane, said))
    return _table(lanes, _joined(rows))


_Row: TypeAlias = tuple[float, str, str]
"""Time, lane, text."""


def _joined(rows: list[_Row]) -> list[_Row]:
    """Join rows that follow each other in one lane at one time."""
    done: list[_Row] = []
    for at, lane, text in rows:
        last = done[-1] if done else None
        joined = "" if last is None else f"{last[2]}, {text}"
        if last is not None and lane and last[:2] == (at, lane) and len(joined) <= WIDE:
            done[-1] = (at, lane, joined)
        else:
            done.append((at, lane, text))
    return done


def _table(lanes: list[str], rows: list[_Row]) -> str:
    rows = _what_counts(rows)
    names = {lane: _one_line(lane.partition("/")[2] or lane) for lane in lanes}
    rows = [(at, lane, shown(text)) for at, lane, text in rows]
    widths = {lane: cells(name) for lane, name in names.items()}
    for _, lane, text in rows:
        if lane:
            widths[lane] = max(widths[lane], cells(text))
    if 8 + sum(2 + width for width in widths.values()) > WIDEST:
        return "\n".join(_narrow(names, rows))
    return "\n".join(_wide(names, widths, rows))


def _what_counts(rows: list[_Row]) -> list[_Row]:
    """Return the rows around faults and problems, if there are too many."""
    if len(rows) <= LIMIT:
        return rows
    marked = [
        place
        for place, (_, _, text) in enumerate(rows)
        if "FAULT " in text or "PROBLEM " in text
    ]
    distances = [
        min(abs(place - mark) for mark in [0, *marked]) for place in range(len(rows))
    ]
    kept = sorted(sorted(range(len(rows)), key=distances.__getitem__)[:LIMIT])
    done: list[_Row] = []
    before = -1
    for place in kept:
        if place != before + 1:
            done.append((rows[before + 1][0], "", "…"))
        done.append(rows[place])
        before = place
    if before != len(rows) - 1:
        done.append((rows[before + 1][0], "", "…"))
    return done


def _wide(
    names: dict[str, str], widths: dict[str, int], rows: list[_Row]
) -> Iterator[str]:
    """A column for each child, what happens to it in the column."""

    def line(time: str, texts: Iterable[str]) -> str:
        return f"{time:>8}  {'  '.join(texts)}".rstrip()

    yield line("time", (padded(name, widths[lane]) for lane, name in names.items()))
    for time, lane, text in _timed(rows):
        if lane:
            row = dict.fromkeys(names, "|") | {lane: text}
            yield line(time, (padded(row[each], widths[each]) for each in names))
        else:
            yield from folded(text, line(time, [""]).ljust(10), " " * 12)


def _narrow(names: dict[str, str], rows: list[_Row]) -> Iterator[str]:
    """A mark for each child, and beside them whom it is about and what it is."""
    drawn = list(names) if len(names) <= MOST_LANES else []
    room = WIDEST - 11 - 2 * len(drawn)
    rest = " " * 10 + "| " * len(drawn) + "   "
    yield f"{'time':>8}"
    for time, lane, text in _timed(rows):
        marks = "".join("* " if each == lane else "| " for each in drawn)
        # The events have the whole name; here its begin and end tell who it is.
        said = f"{cut(names[lane], room // 2)}: {text}" if lane else text
        yield from folded(said, f"{time:>8}  {marks} ", rest)


def _timed(rows: list[_Row]) -> Iterator[tuple[str, str, str]]:
    """Say each time once."""
    before = -1.0
    for at, lane, text in rows:
        yield ("" if at == before else f"{at:.3f}"), lane, text
        before = at


def _one_line(name: str) -> str:
    return name if name.isprintable() else ascii(name)[1:-1]


def _cell(event: LifecycleEvent) -> str:
    match event:
        case events.ChildStarting():
            return f"start {event.life}"
        case events.ChildStarted():
            return "ready" if event.life else ""
        case events.ChildStartFailed():
            return f"start failed ({_error(event.exit.error)})"
        case events.ChildIgnored():
            return "ignored"
        case events.ChildStopping():
            return "asked"
        case events.ChildStopped():
            failed = f" ({_error(event.exit.error)})" if event.exit.error else ""
            return f"end {event.exit.kind}{failed}"
        case events.ChildCrashed():
            return f"crash ({_error(event.exit.error)})"
        case events.RestartDecided():
            return f"restart in {event.delay:g} s" if event.delay else "restart"
        case events.ChildRemoved():
            return "forgotten"
        case events.ChildQuarantined():
            return "quarantined"
        case events.ChildReleased():
            return "released"
        case events.ChildGivenUp():
            return "given up"
        case events.ChildStuck():
            return "stuck"
        case events.SupervisorGaveUp():
            return f"gives up over {event.child}"
        case events.SupervisorStopping():
            return "stops all"
        case events.SupervisorAutoShutdown():
            return f"shuts down after {event.child}"
        case events.Requested():
            return event.action
        case events.SupervisorReconfigured():
            return f"reconfigured ({event.outcome})"
        case events.OperatorAction():
            return f"operator: {event.action} ({event.outcome})"


def _error(error: BaseException | None) -> str:
    return "" if error is None else type(error).__name__
