"""The incidents of each supervisor, so that a storm below one hides no other's. Pure."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.model.incident import Incident

KEPT: Final = 64
"""How many incidents of one supervisor are kept, the newest ones."""
SUPERVISORS: Final = 256
"""Of how many supervisors: those with the latest incidents."""


@define
class History:
    """Incidents in the order of their serials."""

    _of: OrderedDict[str, deque[Incident]] = field(
        factory=OrderedDict["str", "deque[Incident]"]
    )
    _all: list[Incident] | None = None

    def add(self, incident: Incident) -> list[Incident]:
        """Keep a new one; returns those that are kept no longer."""
        self._all = None
        gone: list[Incident] = []
        kept = self._of.get(incident.supervisor)
        if kept is None:
            kept = self._of[incident.supervisor] = deque()
            if len(self._of) > SUPERVISORS:
                gone += self._of.popitem(last=False)[1]
        self._of.move_to_end(incident.supervisor)
        kept.append(incident)
        if len(kept) > KEPT:
            gone.append(kept.popleft())
        return gone

    def ended(self, incident: Incident) -> None:
        """Its outcome is known: was it so before? Then both are one."""
        kept = self._of.get(incident.supervisor, ())
        for older in reversed(kept):
            if older is not incident and older.same == incident.same:
                incident.again(older)
                self._of[incident.supervisor].remove(older)
                self._all = None
                return

    def of(self, supervisor: str) -> Sequence[Incident]:
        """The incidents that a supervisor dealt with, oldest first."""
        return tuple(self._of.get(supervisor, ()))

    def all(self) -> list[Incident]:
        """Every incident, oldest first."""
        if self._all is None:
            every = [each for kept in self._of.values() for each in kept]
            self._all = sorted(every, key=lambda each: each.serial)
        return self._all
