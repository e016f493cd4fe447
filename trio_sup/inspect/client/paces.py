"""How often children restart, by the client's count: true from the first look. Pure.

A row says how often its child was restarted, and every change of that number is a
restart. What happened before the first look is taken from the events that the node
remembers. Where these do not reach back a whole minute, as in a storm, what they cover
is what is known, and the figure is that of a minute at the same pace.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trio_sup.inspect.protocol.wire import Event, Row

MINUTE: Final = 60.0
LEAST: Final = 1.0
"""Seconds that have to be known before they stand for a minute."""
PAST_KEPT: Final = 8192
"""Events from before the first look that are looked at."""
MANY: Final = 200
"""Children that were restarted: of more it is looked for the fast ones less often."""
RESTART: Final = "restart_decided"
"""The event of each restart."""


@define(eq=False)
class Known:
    """Since when all restarts of the node are known, by the node's clock."""

    since: float = -math.inf


@define(eq=False)
class Pace:
    """Restarts of the last minute, by the second."""

    known: Known = field(factory=Known)
    before: list[float] = field(factory=list[float])
    """When there were restarts before the first look."""
    _seconds: deque[tuple[int, int]] = field(factory=deque["tuple[int, int]"])
    _sum: int = 0
    """Invariant: that of the numbers in `_seconds`."""

    @property
    def most(self) -> int:
        """No more restarts than that are known, whenever they were."""
        return self._sum + len(self.before)

    def add(self, at: float, number: int = 1) -> None:
        """Count restarts at a time of the node's clock, none before the last one."""
        second, seconds = int(at), self._seconds
        self._sum += number
        if seconds and seconds[-1][0] >= second:
            last, before = seconds[-1]
            seconds[-1] = last, before + number
            return
        seconds.append((second, number))
        while seconds[0][0] < second - MINUTE:
            self._sum -= seconds.popleft()[1]

    def absorb(self, older: Pace) -> None:
        """Take over what was counted before by another."""
        mine, self._seconds, self._sum = self._seconds, older._seconds, older._sum
        for second, number in mine:
            self.add(second, number)

    def buckets(self, now: float, number: int) -> list[int]:
        """The last minute in so many parts, the oldest first."""
        found = [0] * number
        for at, n in (*((at, 1) for at in self.before), *self._seconds):
            age = int((now - at) / MINUTE * number)
            if 0 <= now - at < MINUTE:
                found[number - 1 - min(max(age, 0), number - 1)] += n
        return found

    def counted(self, now: float) -> int:
        """Restarts of the last minute, as far as they are known."""
        begin, seconds = now - MINUTE, self._seconds
        if seconds:
            if seconds[-1][0] <= begin:
                seconds.clear()
                self._sum = 0
            elif not self.before and begin < seconds[0][0] and seconds[-1][0] <= now:
                return self._sum  # Mostly so: in a storm there are thousands to ask.
        if self.before and self.before[-1] <= begin:
            self.before = []
        past = sum(begin < at <= now for at in self.before)
        return past + sum(n for at, n in seconds if begin < at <= now)

    def per_minute(self, now: float) -> int:
        """Restarts of the last minute; of a shorter time, at the pace of that."""
        counted = self.counted(now)
        known = now - self.known.since
        if counted and known < MINUTE:
            return round(counted * MINUTE / max(known, LEAST))
        return counted


class Paces:
    """The paces of a node's children, and that of all together."""

    def __init__(self) -> None:
        self.known: Known = Known()
        self.total: Pace = Pace(self.known)
        self.of: dict[int, Pace] = {}
        """By row; only of children that were restarted."""
        self._looked: float | None = None
        self._past: list[Event] = []
        self._fast: tuple[tuple[int, float], list[int]] = ((-1, 0.0), [])
        # Grows with every restart that is noted, and its value when `_fast` was found.
        self._noted = self._fast_at = 0

    def clear(self) -> None:
        """Another process, or another place of a recording: forget all."""
        self.known.since = -math.inf
        self.total = Pace(self.known)
        self.of = {}
        self._looked, self._past = None, []
        self._fast = (-1, 0.0), []

    def begin(self, rows: Mapping[int, Row], old: Mapping[int, Row], at: float) -> None:
        """A snapshot has come, over what was known before."""
        first, self._looked = self._looked is None, self._looked or at
        for id, row in rows.items():
            # A number that another process counted says nothing of this one.
            self.note(row, row if first else old.get(id, row), at)
        for id in [id for id in self.of if id not in rows]:
            del self.of[id]

    def note(self, row: Row, old: Row | None, at: float) -> None:
        """Count what is new in a row; `old` is None for one that has just come."""
        number = row.restarts - (0 if old is None else old.restarts)
        if number > 0:
            self._pace(row.id).add(at, number)
            self.total.add(at, number)
            self._noted += 1
        row.pace = self.of.get(row.id)

    def _pace(self, id: int) -> Pace:
        pace = self.of.get(id)
        if pace is None:
            pace = self.of[id] = Pace(self.known)
        return pace

    def remember(self, events: Iterable[Event], rows: Iterable[Row]) -> bool:
        """Take events as they come: those from before the first look are the past.

        Returns:
            Whether there were any of these: then any row may have got a pace.
        """
        looked = self._looked
        past = [e for e in events if looked is not None and e.at <= looked]
        if not past:
            self._past = []  # The present has begun.
            return False
        self._fast = (-1, 0.0), []
        self._past = [*self._past, *past][-PAST_KEPT:]
        self.known.since = since = _complete_since(self._past)
        for pace in (self.total, *self.of.values()):
            pace.before = []
        by_path = {row.path: row for row in rows}
        for event in self._past:
            if event.kind != RESTART or event.at < since:
                continue
            self.total.before.append(event.at)
            row = by_path.get(event.path)
            if row is not None:
                row.pace = pace = self._pace(row.id)
                pace.before.append(event.at)
        return True

    def forget(self, id: int) -> None:
        """A row is no more."""
        self.of.pop(id, None)

    def fast(self, now: float, more_than: float) -> list[int]:
        """The rows whose children restart more often than that in a minute.

        Of many children, as there are in a storm, it is looked for once a second.
        """
        asked = int(now), more_than
        fresh = self._fast_at == self._noted or len(self.of) > MANY
        if self._fast[0] != asked or not fresh:
            # With fewer it is not so often, whatever they stand for: most are let go.
            known = max(now - self.known.since, LEAST)
            least = more_than * min(known / MINUTE, 1.0)
            suspects = [(id, p) for id, p in self.of.items() if p.most > least]
            found = [id for id, p in suspects if p.per_minute(now) > more_than]
            self._fast, self._fast_at = (asked, found), self._noted
        return [id for id in self._fast[1] if id in self.of]


def _complete_since(events: list[Event]) -> float:
    """Since when no event is missing, by the numbers; `-inf` if none ever was."""
    first = len(events) - 1
    while first and events[first - 1].n == events[first].n - 1:
        first -= 1
    return -math.inf if events[first].n <= 1 else events[first].at
