"""The lifecycle log, with a divider where the node started anew."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from trio_sup.inspect.model.incidents import Incidents
from trio_sup.inspect.model.query import parse_text_query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.protocol.wire import Event

LINES_KEPT: Final = 2000


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
        if not text.strip() and only is None:
            return list(self.entries)  # In a storm this is asked for all the time.
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
