"""One child in full, as ``trio-sup show`` prints it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.client.answer import wall_time
from trio_sup.inspect.finding.found_node import SCHEMA
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.text import show
from trio_sup.inspect.text.documents import Json, event_json, flat_json
from trio_sup.inspect.text.plain_lines import event_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.protocol.wire import Detail, Row

HELD: Final = "held: no restart follows this life"
EVENTS: Final = 10
"""How many of the child's latest events are printed."""


def child_lines(answer: Answer, detail: Detail, row: Row) -> Iterator[Clean]:
    """What ``trio-sup show`` prints."""
    return map(show.clean, _child_lines(answer, detail, row))


def _child_lines(answer: Answer, detail: Detail, row: Row) -> Iterator[str]:
    now = detail.at
    look = show.look(row.status)
    yield f"{show.clean(row.path)}  {look.word}"
    facts = [
        ("id", f"#{row.id}"),
        ("kind", f"{row.kind}, {show.clean(row.target)}"),
        ("restart", row.restart + (f"; {HELD}" if detail.held else "")),
        ("name", show.clean(row.name)),
        ("life", f"{row.life}, {row.restarts} restarts"),
        ("up", show.uptime(row, now)),
        ("problem", problem(row, now) or ""),
        ("mailbox", _mailbox(row)),
        ("in hand", show.operation(row, now)),
        ("budget", _budget(row)),
        ("last exit", show.clean(row.last_exit)),
    ]
    facts += [
        (show.clean(name), show.clean(value)) for name, value in detail.facts or ()
    ]
    for name, value in facts:
        if value:
            yield f"  {name:<10} {value}"
    if detail.traceback:
        yield "last crash" + (" (its beginning was cut off)" if detail.clipped else "")
        for line in detail.traceback.split("\n"):
            yield f"  {show.clean(line)}".rstrip()
    events = [event for event in answer.events if event.path == row.path][-EVENTS:]
    if events:
        yield "latest events"
    for event in events:
        yield f"  {event_line(event, wall_time(answer.node, event.at))}"


def _mailbox(row: Row) -> str:
    text = show.mailbox(row)
    return text and f"{text} waiting, peak {row.mailbox_peak}, {row.handled} handled"


def _budget(row: Row) -> str:
    if row.budget_max is None:
        return ""
    window = "" if row.budget_seconds is None else f" in {row.budget_seconds:g} s"
    limit = "any number of" if row.budget_max < 0 else str(row.budget_max)
    return f"{row.budget_used or 0} of {limit} restarts{window}"


def child_json(answer: Answer, detail: Detail, row: Row) -> Json:
    """The document of ``trio-sup show --json``."""
    return {
        "schema": SCHEMA,
        "node": answer.node.node,
        "pid": answer.node.pid,
        "child": flat_json(row, detail.at),
        "traceback": detail.traceback or None,
        "traceback_clipped": detail.clipped,
        "held": detail.held,
        "facts": [[name, value] for name, value in detail.facts or ()],
        "events": [
            event_json(event, wall_time(answer.node, event.at))
            for event in answer.events
            if event.path == row.path
        ],
    }
