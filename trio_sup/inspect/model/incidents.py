"""Why children restarted: lifecycle events joined into incidents. Pure.

An incident is a cause (a child that ended by itself), its blast radius (the
siblings that its supervisor stopped because of it) and an outcome (restarted, in
quarantine, the supervisor gave up, ...). When a supervisor gives up, the incident
in which *its* supervisor restarts it points back at the one that led to it.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import define, field

from trio_sup.inspect.protocol.shapes import MAX_SECONDS

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire import Event

KEPT: Final = 256
"""How many incidents are kept."""
STOPPED_KEPT: Final = 2_000
"""How many siblings of one incident are kept, the first ones."""
GAVE_UP_KEPT: Final = 1_024
"""How many supervisors are remembered that gave up and did not come back yet."""
EVENTS_KEPT: Final = 40
"""How many events of one incident are kept, the first ones."""

Outcome: TypeAlias = Literal[
    "open", "restarted", "quarantined", "gave_up", "stays_down", "stopped", "lost"
]
"""How an incident ended; ``open`` while nobody knows, ``lost`` with its node."""

_AFTER: Final = re.compile(r" after '(.*)' ended")
_DELAY: Final = re.compile(r" is restarted in ([0-9.e+-]+) s")
_GROUP: Final = re.compile(r"with (\d{1,9}) siblings \((\w+)\)")
_LIFE: Final = re.compile(r"\(life (\d{1,15})\)")


@define(eq=False)
class Incident:
    """One cause with all that came of it."""

    serial: int
    at: float
    """The node's clock at the cause."""
    child: str
    """The path of who ended by itself."""
    supervisor: str
    """The path of who decided; empty if the child is a root."""
    cause: str
    """What happened to the child, in a few words."""
    because: Incident | None = None
    """The incident over which the child, a supervisor, gave up."""
    strategy: str = ""
    """The group strategy that took siblings along; empty if none did."""
    planned: int = 0
    """How many siblings the supervisor said it would restart."""
    delay: float = 0.0
    """Seconds of backoff before the restart."""
    attempts: int = 1
    """Lives that ended in this incident: more than one if starts failed."""
    life: int = 0
    """The life that ended."""
    stopped: dict[str, float] = field(factory=dict[str, float])
    """Siblings that were stopped because of it, and when."""
    back: dict[str, float] = field(factory=dict[str, float])
    """Which of all these run again, and since when."""
    outcome: Outcome = "open"
    ended: float | None = None
    """When the outcome was known."""
    events: list[Event] = field(factory=list["Event"])
    """What it consists of, oldest first, bounded."""

    @property
    def down_for(self) -> float | None:
        """Seconds from the cause to the outcome; None while open."""
        return None if self.ended is None else max(0.0, self.ended - self.at)

    def note(self, event: Event) -> None:
        """Keep an event, if there is room."""
        if len(self.events) < EVENTS_KEPT:
            self.events.append(event)

    def end(self, outcome: Outcome, at: float) -> None:
        """Close the incident; the first outcome counts."""
        if self.outcome == "open":
            self.outcome, self.ended = outcome, at


def parent_path(path: str) -> str:
    """The path of the supervisor; empty for a root."""
    return path.rpartition("/")[0]


@define
class Incidents:
    """Joins events into incidents, in the order in which the node emitted them."""

    found: deque[Incident] = field(factory=lambda: deque["Incident"](maxlen=KEPT))
    """Oldest first."""
    _serial: int = 0
    # Open incidents by the path of their child.
    _open: dict[str, Incident] = field(factory=dict["str", "Incident"])
    # The incident over which a supervisor gave up, until it is restarted itself.
    _gave_up: dict[str, Incident] = field(factory=dict["str", "Incident"])
    # The last child that ended by itself without a crash.
    _ended: Event | None = None

    def add(self, event: Event) -> None:
        """Take the next event; those that belong to no incident are passed over."""
        match event.kind:
            case "child_crashed" | "child_start_failed":
                self._crashed(event)
            case "restart_decided":
                self._decided(event)
            case "child_stopping":
                self._stopping(event)
            case "child_stopped":
                self._stopped(event)
            case "child_started":
                self._started(event)
            case "child_removed" | "child_ignored":
                self._removed(event)
            case "child_quarantined":
                self._over_budget(event, "quarantined")
            case "child_given_up":
                self._over_budget(event, "stays_down")
            case "supervisor_gave_up" | "supervisor_auto_shutdown":
                self._given_up(event)
            case "supervisor_stopping":
                self._winds_down(event)
            case _:
                pass

    def node_lost(self) -> None:
        """The node's process ended: nothing that is open can be answered."""
        for incident in self._open.values():
            incident.end("lost", incident.at)
        self._open.clear()
        self._gave_up.clear()
        self._ended = None

    # --- causes ------------------------------------------------------------

    def _crashed(self, event: Event) -> None:
        incident = self._open.get(event.path)
        if incident is not None:
            # It failed to come back: the same incident goes on.
            incident.attempts += 1
            incident.cause = _words(event)
            incident.note(event)
        else:
            self._begin(event, _words(event))

    def _begin(self, event: Event, cause: str) -> Incident:
        self._serial += 1
        path = event.path
        incident = Incident(self._serial, event.at, path, parent_path(path), cause)
        life = _LIFE.search(event.text)
        incident.life = int(life[1]) if life else 0
        incident.note(event)
        incident.because = self._gave_up.pop(path, None)
        # What a full deque pushes out is not looked up any more.
        if (
            len(self.found) == KEPT
            and self._open.get(old := self.found[0].child) is (self.found[0])
        ):
            del self._open[old]
        self.found.append(incident)
        self._open[path] = incident
        return incident

    def _decided(self, event: Event) -> None:
        incident = self._open.get(event.path)
        if incident is None:
            ended = self._ended
            if ended is not None and ended.path == event.path:
                incident = self._begin(ended, _words(ended))
            else:
                incident = self._begin(event, "ended")
        incident.note(event)
        delay, group = _DELAY.search(event.text), _GROUP.search(event.text)
        if delay:
            incident.delay = _seconds(delay[1])
        if group:
            incident.planned, incident.strategy = int(group[1]), group[2]

    # --- the blast radius --------------------------------------------------

    def _stopping(self, event: Event) -> None:
        incident = self._culprit(event)
        if incident is not None:
            if len(incident.stopped) < STOPPED_KEPT:
                incident.stopped[event.path] = event.at
            incident.note(event)

    def _culprit(self, event: Event) -> Incident | None:
        """The incident because of which a child was asked to stop."""
        after = _AFTER.search(event.text)
        if after is None:
            return None
        above = parent_path(event.path)
        path = f"{above}/{after[1]}"
        incident = self._open.get(path)
        given_up = self._gave_up.get(above)
        if incident is None and given_up is not None and given_up.child == path:
            return given_up
        return incident

    def _stopped(self, event: Event) -> None:
        incident = self._open.get(event.path)
        if incident is not None:
            # Stopped by request while it waited for its next life.
            incident.note(event)
            self._end(incident, "stopped", event.at)
        self._ended = event

    # --- outcomes ----------------------------------------------------------

    def _started(self, event: Event) -> None:
        incident = self._open.get(event.path)
        if incident is None:
            above = parent_path(event.path)
            for other in self._open.values():
                if other.supervisor == above and event.path in other.stopped:
                    incident = other
        if incident is None:
            return
        if len(incident.back) <= STOPPED_KEPT:
            incident.back[event.path] = event.at
        incident.note(event)
        if incident.child in incident.back and incident.back.keys() >= (
            incident.stopped.keys()
        ):
            self._end(incident, "restarted", event.at)

    def _removed(self, event: Event) -> None:
        incident = self._open.get(event.path)
        if incident is not None:
            incident.note(event)
            self._end(incident, "stays_down", event.at)

    def _over_budget(self, event: Event, outcome: Outcome) -> None:
        incident = self._open.get(event.path) or self._begin(event, "crashed")
        incident.note(event)
        self._end(incident, outcome, event.at)

    def _given_up(self, event: Event) -> None:
        inside = [i for i in self._open.values() if i.supervisor == event.path]
        named = [i for i in inside if repr(i.child.rpartition("/")[2]) in event.text]
        for incident in inside:
            incident.note(event)
            self._end(incident, "gave_up", event.at)
        if inside:
            self._gave_up[event.path] = (named or inside)[-1]
            if len(self._gave_up) > GAVE_UP_KEPT:
                del self._gave_up[next(iter(self._gave_up))]

    def _winds_down(self, event: Event) -> None:
        for incident in [*self._open.values()]:
            if incident.supervisor == event.path:
                incident.note(event)
                self._end(incident, "stopped", event.at)

    def _end(self, incident: Incident, outcome: Outcome, at: float) -> None:
        incident.end(outcome, at)
        if self._open.get(incident.child) is incident:
            del self._open[incident.child]


def _seconds(text: str) -> float:
    """What an event's text says; 0 if that is no duration."""
    try:
        return min(float(text), MAX_SECONDS)
    except ValueError:
        return 0.0


def _words(event: Event) -> str:
    """What the event says, without the path and the life."""
    text = event.text.removeprefix(event.path).strip(" :")
    return _LIFE.sub("", text).replace(" :", ":").replace("  ", " ")


__all__ = ["KEPT", "Incident", "Incidents", "Outcome", "parent_path"]
