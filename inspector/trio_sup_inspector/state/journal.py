"""The lifecycle log, with a divider where the node started anew."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from trio_sup.inspect.model.incidents import Incidents
from trio_sup.inspect.model.query import parse_text_query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.model.incident import Incident
    from trio_sup.inspect.protocol.wire import Event, Hello

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
    node: Hello | None = None
    """The process in which it happened: its time is of that one's clock."""


@frozen
class Former:
    """What went wrong in the process before: told by another clock than the present."""

    node: Hello
    incidents: tuple[Incident, ...]
    """Oldest first; one at least."""

    @property
    def ended(self) -> float:
        """When it was last heard of, by its own clock."""
        return max(incident.at for incident in self.incidents)


@define
class Journal:
    """The newest events of all lives of a node."""

    entries: deque[Entry] = field(factory=lambda: deque["Entry"](maxlen=LINES_KEPT))
    incidents: Incidents = field(factory=Incidents)
    """Those of the present process, joined into incidents."""
    former: Former | None = None
    """The incidents of the last process before it that had any."""
    serial: int = 0
    """How many lines there have been."""
    node: Hello | None = None
    """The process whose events come."""

    def add(self, events: Iterable[Event]) -> None:
        """Add new events, oldest first."""
        for event in events:
            self._append(event, "")
            self.incidents.add(event)

    def meet(self, node: Hello) -> None:
        """What follows happened in this process: if there was another, draw a line."""
        before, self.node = self.node, node
        if before is None:
            return
        self._append(None, f"the node started anew, pid {node.pid}")
        self.incidents.node_lost()
        if found := self.incidents.found:
            self.former = Former(before, tuple(found))
        # Two clocks, two stories: nothing of one goes on in the other.
        self.incidents = self.incidents.of_next_process()

    @property
    def known_incidents(self) -> int:
        """How many incidents are kept, those of the process before included."""
        before = () if self.former is None else self.former.incidents
        return len(self.incidents.found) + len(before)

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
        self.entries.append(Entry(self.serial, event, text, self.node))
