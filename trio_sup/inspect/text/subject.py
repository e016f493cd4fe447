"""One child in full: which one is meant, and what is printed of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.client.oneshot import wall_time
from trio_sup.inspect.finding.node_file import SCHEMA
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.text import show
from trio_sup.inspect.text.report import Json, event_json, event_line, flat_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.client.oneshot import Answer
    from trio_sup.inspect.protocol.wire import Detail, Row

EVENTS: Final = 10
"""How many of the child's latest events are printed."""
_NAMED: Final = 5


class NoSuchChild(LookupError):
    """No child fits; `str` is one line."""


class AmbiguousChild(LookupError):
    """Several fit; `str` is one line that names some."""


def find_child(rows: Iterable[Row], wanted: str) -> int:
    """The id of the child that is meant.

    Args:
        rows: All of them.
        wanted: ``#12`` for a serial number, else a path, else a registered name,
            else the end of a path.

    Raises:
        NoSuchChild: none fits.
        AmbiguousChild: several do.
    """
    rows = list(rows)
    if wanted.startswith("#"):
        found = [row for row in rows if str(row.id) == wanted[1:]]
    else:
        end = f"/{wanted.strip('/')}"
        found = (
            [row for row in rows if row.path == wanted]
            or [row for row in rows if row.name and row.name == wanted]
            or [row for row in rows if f"/{row.path}".endswith(end)]
        )
    if not found:
        raise NoSuchChild(f"no child {wanted!r}: trio-sup ps lists them")
    if len(found) > 1:
        paths = ", ".join(f"{row.path} (#{row.id})" for row in found[:_NAMED])
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise AmbiguousChild(f"{len(found)} children fit {wanted!r}: {paths}{more}")
    return found[0].id


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
        ("restart", row.restart),
        ("name", show.clean(row.name)),
        ("life", f"{row.life}, {row.restarts} restarts"),
        ("up", show.uptime(row, now)),
        ("problem", problem(row, now) or ""),
        ("mailbox", _mailbox(row)),
        ("in hand", show.operation(row, now)),
        ("budget", _budget(row)),
        ("last exit", show.clean(row.last_exit)),
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
        "events": [
            event_json(event, wall_time(answer.node, event.at))
            for event in answer.events
            if event.path == row.path
        ],
    }
