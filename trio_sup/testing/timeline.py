"""What happened, as text: one lane a child, injected faults marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from trio_sup._core import events
from trio_sup._core.events import LifecycleEvent

if TYPE_CHECKING:
    from trio_sup.testing.world import Hit, Problem

LIMIT = 60
"""Lines shown; a failure that needs more is cut in the middle."""

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
            shown = text if lane else f"{event.path}: {text}"
            rows.append((event.at, lane, shown))
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
    names = [lane.partition("/")[2] or lane for lane in lanes]
    widths = [
        max([len(name), *(len(text) for _, lane, text in rows if lane == path)])
        for name, path in zip(names, lanes, strict=True)
    ]
    head = "  ".join(
        name.ljust(width) for name, width in zip(names, widths, strict=True)
    )
    lines = [f"{'time':>8}  {head}".rstrip()]
    if len(rows) > LIMIT:
        rows = [
            *rows[: LIMIT // 2],
            (rows[LIMIT // 2][0], "", "…"),
            *rows[-LIMIT // 2 :],
        ]
    before = -1.0
    for at, lane, text in rows:
        shown, before = "" if at == before else f"{at:.3f}", at
        cells = [
            (text if lane == path else "|").ljust(width)
            for path, width in zip(lanes, widths, strict=True)
        ]
        if lane == "":
            cells = [text]
        lines.append(f"{shown:>8}  {'  '.join(cells)}".rstrip())
    return "\n".join(lines)


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
        case events.ChildQuarantinedEvent():
            return "quarantined"
        case events.ChildStuck():
            return "stuck"
        case events.SupervisorGaveUp():
            return f"gives up over {event.child}"
        case events.SupervisorWindsDown():
            return "stops all"
        case events.SupervisorAutoShutdown():
            return f"shuts down after {event.child}"
        case events.Requested():
            return event.action
        case events.OperatorAction():
            return f"operator: {event.action} ({event.outcome})"


def _error(error: BaseException | None) -> str:
    return "" if error is None else type(error).__name__
