"""One incident: a cause with all that came of it, and how often it came. Pure."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import Factory, define, evolve, field

from trio_sup.inspect.client.paces import Pace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.protocol.wire import Event

EVENTS_KEPT: Final = 40
"""How many events of one incident are kept, the first ones."""
ENDS_KEPT: Final = 64
"""Of how many of its ends an incident knows the time."""

Outcome: TypeAlias = Literal[
    "open",
    "restarted",
    "quarantined",
    "gave_up",
    "stays_down",
    "stopped",
    "lost",
    "reconfigured",
    "rolled_back",
]
"""How an incident ended; ``open`` while nobody knows, ``lost`` with its node. The last
two: of a supervisor that was given another specification."""

_VARIES: Final = re.compile(r"0x[0-9a-fA-F]+|\d+")
"""What is another each time in a text that says the same."""


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
    """What it consists of, oldest first, bounded; the last time, if it came again."""
    key: int = field(default=Factory(lambda incident: incident.serial, takes_self=True))
    """The same whenever it comes again: what a view knows its line by."""
    times: int = 1
    """How often just this happened."""
    since: float = 0.0
    """When it happened first."""
    ends: deque[float] = field(factory=lambda: deque["float"](maxlen=ENDS_KEPT))
    """When the child ended by itself, each time, the last ones."""
    alike: int = 0
    """Of how many other children it tells, too."""
    pace: Pace = field(factory=Pace)
    """How often in the last minute."""
    others: tuple[Pace, ...] = ()
    """The same of each of the other incidents of which it tells, too."""

    @property
    def down_for(self) -> float | None:
        """Seconds from the cause to the outcome; None while open."""
        return None if self.ended is None else max(0.0, self.ended - self.at)

    @property
    def like(self) -> tuple[str, ...]:
        """What agrees with an incident of another child that is just so."""
        name = self.child.rpartition("/")[2]
        why = _VARIES.sub("#", self.cause.replace(name, "")) if name else self.cause
        return why, self.outcome, self.strategy

    @property
    def same(self) -> tuple[str, ...]:
        """What has to agree for another incident to be this one again."""
        return self.child, *self.like

    def per_minute(self, now: float) -> int:
        """How often in the last minute; of several children, one of them on average."""
        number = sum(pace.counted(now) for pace in (self.pace, *self.others))
        return round(number / (self.alike + 1))

    def again(self, older: Incident) -> None:
        """It has happened before: take over how often, and when."""
        self.times += older.times
        self.since, self.key = older.since, older.key
        self.ends = deque((*older.ends, *self.ends), maxlen=ENDS_KEPT)
        self.pace.absorb(older.pace)

    def with_alike(self, others: Sequence[Incident]) -> Incident:
        """This one, standing for others of other children that are just so."""
        whole = evolve(self, alike=len({each.child for each in others}))
        for each in others:
            whole.times += each.times
            whole.since = min(whole.since, each.since)
        whole.others = tuple(each.pace for each in others)
        whole.key = min(each.key for each in (self, *others))
        return whole

    def ended_at(self, at: float) -> None:
        """The child ended by itself."""
        self.ends.append(at)
        self.pace.add(at)

    def note(self, event: Event) -> None:
        """Keep an event, if there is room."""
        if len(self.events) < EVENTS_KEPT:
            self.events.append(event)

    def end(self, outcome: Outcome, at: float) -> None:
        """Close the incident; the first outcome counts."""
        if self.outcome == "open":
            self.outcome, self.ended = outcome, at
