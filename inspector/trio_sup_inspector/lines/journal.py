"""The lifecycle log as lines, with a divider where the node started anew.

Knows no Textual.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from trio_sup.inspect.model.incidents import Incidents
from trio_sup.inspect.model.query import parse_text_query
from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cells,
    Role,
    clip_cells,
    cut_front,
    fit,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trio_sup.inspect.protocol.wire import Event, Hello

LINES_KEPT: Final = 2000
TROUBLE: Final[dict[str, Role]] = {
    "child_crashed": "bad",
    "child_start_failed": "bad",
    "child_stuck": "bad",
    "child_quarantined": "bad",
    "supervisor_gave_up": "bad",
    "hook_failed": "bad",
    "restart_decided": "warn",
    "supervisor_auto_shutdown": "warn",
}
"""The kinds of the Restarts screen, and how loud they are."""
_QUIET: Final[dict[str, Role]] = {
    "child_started": "ok",
    "child_starting": "busy",
    "child_stopping": "busy",
    "child_stopped": "off",
    "child_removed": "off",
    "requested": "dim",
}


@frozen
class Entry:
    """One line of the log."""

    serial: int
    """Grows by one with every line of this application."""
    event: Event | None
    """None: a divider."""
    text: str = ""
    """What a divider says."""


@define
class Journal:
    """The newest events of all lives of a node."""

    entries: deque[Entry] = field(factory=lambda: deque["Entry"](maxlen=LINES_KEPT))
    incidents: Incidents = field(factory=Incidents)
    """The same events, joined into incidents."""
    serial: int = 0
    """How many lines there have been."""

    def add(self, events: Iterable[Event]) -> None:
        """Add new events, oldest first."""
        for event in events:
            self._append(event, "")
            self.incidents.add(event)

    def node_restarted(self, pid: int) -> None:
        """Draw a line: what follows happened in another process."""
        self._append(None, f"the node started anew, pid {pid}")
        self.incidents.node_lost()

    def select(
        self, text: str = "", *, only: Iterable[str] | None = None
    ) -> list[Entry]:
        """The lines that pass a filter, oldest first.

        Args:
            text: Words and ``/regex/`` on path, kind and text; other terms of the
                filter language are about rows and pass over.
            only: Kinds; dividers always pass.
        """
        passes = parse_text_query(text)
        kinds = None if only is None else frozenset(only)
        return [
            entry
            for entry in self.entries
            if entry.event is None
            or (
                (kinds is None or entry.event.kind in kinds)
                and passes(f"{entry.event.path} {entry.event.kind} {entry.event.text}")
            )
        ]

    def of(self, path: str, limit: int) -> list[Event]:
        """The last events of one child, newest first."""
        found: list[Event] = []
        for entry in reversed(self.entries):
            if entry.event is None or len(found) >= limit:
                break
            if entry.event.path == path:
                found.append(entry.event)
        return found

    def _append(self, event: Event | None, text: str) -> None:
        self.serial += 1
        self.entries.append(Entry(self.serial, event, text))


def kind_word(kind: str) -> str:
    """The event's name in one or two words."""
    kind = kind.removeprefix("child_").removesuffix("_decided")
    return kind.replace("_", " ")


def role_of(kind: str) -> Role:
    """How loud an event is."""
    return TROUBLE.get(kind) or _QUIET.get(kind, "text")


def wall_time(at: float, node: Hello | None) -> str:
    """A time of the node's clock as ``HH:MM:SS`` of this machine's time zone."""
    if node is None:
        return f"{at:.3f}"
    wall = node.wall0 + (at - node.mono0)
    return time.strftime("%H:%M:%S", time.localtime(wall))


def entry_cells(
    entry: Entry,
    width: int,
    *,
    node: Hello | None,
    plain: bool,
    stamp: Callable[[float, Hello | None], str] = wall_time,
) -> Cells:
    """One line of the log in exactly `width` cells."""
    if entry.event is None:
        rule = ("-" if plain else "─") * 3
        return clip_cells(((f"{rule} {entry.text} {rule}", "accent"),), width)
    event = entry.event
    role = role_of(event.kind)
    kind = kind_word(event.kind)
    parts: list[tuple[str, Role]] = [(stamp(event.at, node) + " ", "dim")]
    if width >= 60:
        parts.append((fit(kind, 18, plain=plain) + " ", role))
    path = printable(show.clean(event.path), plain=plain)
    room = max(12, min(40, width // 4))
    parts.append((fit(cut_front(path, room, plain=plain), room) + " ", "strong"))
    text = show.clean(event.text).removeprefix(event.path).strip(" :")
    parts.append((printable(text, plain=plain), role if role == "bad" else "text"))
    return clip_cells(tuple(parts), width, plain=plain)
