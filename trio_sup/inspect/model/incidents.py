"""Why children restarted: lifecycle events joined into incidents. Pure.

An incident is a cause (a child that ended by itself), its blast radius (the
siblings that its supervisor stopped because of it) and an outcome (restarted, in
quarantine, the supervisor gave up, ...). When a supervisor gives up, the incident
in which *its* supervisor restarts it points back at the one that led to it.

What happens again just so is one incident that says how often: a child that crashes
a hundred times a second has one line, and evicts nobody else's. Incidents are kept
for each supervisor apart, see `History`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup.inspect.model.incident import Incident
from trio_sup.inspect.model.incident_history import History
from trio_sup.inspect.protocol.shapes import MAX_SECONDS

if TYPE_CHECKING:
    from trio_sup.inspect.model.incident import Outcome
    from trio_sup.inspect.protocol.wire import Event

STOPPED_KEPT: Final = 2_000
"""How many siblings of one incident are kept, the first ones."""
GAVE_UP_KEPT: Final = 1_024
"""How many supervisors are remembered that gave up and did not come back yet."""
QUARANTINED_KEPT: Final = 1_024
"""Of how many children in quarantine it is remembered who put them there."""

_AFTER: Final = re.compile(r" after '(.*)' ended")
_DELAY: Final = re.compile(r" is restarted in ([0-9.e+-]+) s")
_GROUP: Final = re.compile(r"with (\d{1,9}) siblings \((\w+)\)")
_LIFE: Final = re.compile(r"\(life (\d{1,15})\)")


def parent_path(path: str) -> str:
    """The path of the supervisor; empty for a root."""
    return path.rpartition("/")[0]


@define
class Incidents:
    """Joins events into incidents, in the order in which the node emitted them."""

    history: History = field(factory=History)
    """The incidents of each supervisor."""
    _serial: int = 0
    # Open incidents by the path of their child.
    _open: dict[str, Incident] = field(factory=dict["str", "Incident"])
    # The incident over which a supervisor gave up, until it is restarted itself.
    _gave_up: dict[str, Incident] = field(factory=dict["str", "Incident"])
    # Changes of specifications that are under way, by the path of their supervisor.
    _changing: dict[str, Incident] = field(factory=dict["str", "Incident"])
    # The last child that ended by itself without a crash.
    _ended: Event | None = None
    # Who is in quarantine, and whether people put it there.
    _quarantined: dict[str, bool] = field(factory=dict["str", "bool"])
    # By whose end a sibling was stopped, until it runs again.
    _taken: dict[str, Incident] = field(factory=dict["str", "Incident"])

    @property
    def found(self) -> list[Incident]:
        """All of them, oldest first."""
        return self.history.all()

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
                self._quarantine(event)
            case "child_given_up":
                self._over_budget(event, "stays_down")
            case "supervisor_gave_up" | "supervisor_auto_shutdown":
                self._given_up(event)
            case "supervisor_stopping":
                self._winds_down(event)
            case "requested" if event.text.endswith(": reconfigure"):
                self._change_begins(event)
            case "supervisor_reconfigured":
                self._changed(event)
            case _:
                pass

    def node_lost(self) -> None:
        """The node's process ended: nothing that is open can be answered."""
        for incident in (*self._open.values(), *self._changing.values()):
            incident.end("lost", incident.at)
        self._open.clear()
        self._changing.clear()
        self._gave_up.clear()
        self._quarantined.clear()
        self._taken.clear()
        self._ended = None

    def of_next_process(self) -> Incidents:
        """None yet; the numbers go on, so that a view takes none for another."""
        following = Incidents()
        following._serial = self._serial
        return following

    # --- causes ------------------------------------------------------------

    def _crashed(self, event: Event) -> None:
        incident = self._open.get(event.path)
        if incident is not None:
            # It failed to come back: the same incident goes on.
            incident.attempts += 1
            incident.ended_at(event.at)
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
        incident.since = event.at
        incident.ended_at(event.at)
        incident.note(event)
        incident.because = self._gave_up.pop(path, None)
        for old in self.history.add(incident):
            self._forget(old)
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

    def _change_begins(self, event: Event) -> None:
        """Somebody gave a supervisor another specification."""
        self._serial += 1
        path = event.path
        change = Incident(self._serial, event.at, path, path, "another specification")
        change.since = event.at
        change.note(event)
        for old in self.history.add(change):
            self._forget(old)
        self._changing[path] = change

    def _changed(self, event: Event) -> None:
        change = self._changing.pop(event.path, None)
        if change is None:
            return  # it began before anybody looked
        change.note(event)
        said = event.text.removeprefix(f"{event.path}: ")
        done = said.startswith("reconfigured: ")
        if done:
            change.cause = said.removeprefix("reconfigured: ")
        else:
            change.cause = said.removeprefix("reconfigure rolled back: ")
        self._end(change, "reconfigured" if done else "rolled_back", event.at)

    # --- the blast radius --------------------------------------------------

    def _stopping(self, event: Event) -> None:
        incident = self._culprit(event) or self._change_of(event)
        if incident is not None:
            if len(incident.stopped) < STOPPED_KEPT:
                incident.stopped[event.path] = event.at
                self._taken[event.path] = incident
            incident.note(event)

    def _change_of(self, event: Event) -> Incident | None:
        """The change for which a child was asked to stop."""
        if "reconfigure" not in event.text:
            return None
        return self._changing.get(parent_path(event.path))

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
        taken = self._taken.pop(event.path, None)
        incident = self._open.get(event.path) or taken
        if incident is None:
            return
        if len(incident.back) <= STOPPED_KEPT:
            incident.back[event.path] = event.at
        incident.note(event)
        if incident.child in self._changing:
            return  # ended by its own word
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

    def _quarantine(self, event: Event) -> None:
        self._quarantined.pop(event.path, None)
        self._quarantined[event.path] = event.text.endswith(" quarantined by hand")
        if len(self._quarantined) > QUARANTINED_KEPT:
            del self._quarantined[next(iter(self._quarantined))]
        self._over_budget(event, "quarantined")

    def by_hand(self, path: str) -> bool | None:
        """Whether people put a child in quarantine; None if nobody saw it."""
        return self._quarantined.get(path)

    def _given_up(self, event: Event) -> None:
        inside = self._open_below(event.path)
        named = [i for i in inside if repr(i.child.rpartition("/")[2]) in event.text]
        for incident in inside:
            incident.note(event)
            self._end(incident, "gave_up", event.at)
        if inside:
            self._gave_up[event.path] = (named or inside)[-1]
            if len(self._gave_up) > GAVE_UP_KEPT:
                del self._gave_up[next(iter(self._gave_up))]

    def _winds_down(self, event: Event) -> None:
        for incident in self._open_below(event.path):
            incident.note(event)
            self._end(incident, "stopped", event.at)

    def _open_below(self, path: str) -> list[Incident]:
        found = self.history.of(path)
        return [i for i in found if self._open.get(i.child) is i]

    def _end(self, incident: Incident, outcome: Outcome, at: float) -> None:
        incident.end(outcome, at)
        self._forget(incident)
        self.history.ended(incident)

    def _forget(self, incident: Incident) -> None:
        """What was decided, or pushed out, is not looked up any more."""
        if self._open.get(incident.child) is incident:
            del self._open[incident.child]
        if self._changing.get(incident.child) is incident:
            del self._changing[incident.child]
        for path in incident.stopped:
            if self._taken.get(path) is incident:
                del self._taken[path]


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


__all__ = ["Incidents", "parent_path"]
