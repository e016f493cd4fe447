"""How long a server's messages wait and take: histograms of bounded size. Pure.

A bucket is a sixteenth of an octave wide, so that what is read off is right within 6 %
from a microsecond to hours, in a few hundred numbers at most. The last minute is kept in
six pieces of ten seconds.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup.inspect.node.bounds import MAX_NAME, clip
from trio_sup.inspect.protocol.wire_times import OpTimes, TimesPart

if TYPE_CHECKING:
    from trio_sup.inspect.node.source import ObservedChild
    from trio_sup.inspect.protocol.wire_details import Busy

STEPS: Final = 16
"""Buckets of one octave."""
LEAST: Final = 1e-6
MOST: Final = 86_400.0
PIECE_SECONDS: Final = 10.0
PIECES: Final = 6
MAX_OPS: Final = 64
"""Operations of one child that are told apart; the others are one."""
MAX_CHILDREN: Final = 256
"""Children that are measured at a time; beyond it the oldest is given up."""
OTHERS: Final = "(others)"


@define
class Histogram:
    """Durations, in buckets."""

    counts: dict[int, int] = field(factory=dict[int, int])
    count: int = 0
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        bucket = _bucket(seconds)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1
        self.count += 1
        if seconds > self.longest:
            self.longest = seconds

    def merge(self, other: Histogram) -> None:
        """Count all of another one, too."""
        for bucket, count in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + count
        self.count += other.count
        self.longest = max(self.longest, other.longest)

    def at(self, share: float) -> float:
        """The duration that a share of them does not exceed; 0 if there are none."""
        wanted, seen = share * self.count, 0
        for bucket in sorted(self.counts):
            seen += self.counts[bucket]
            if seen >= wanted:
                return min(_upper(bucket), self.longest)
        return 0.0

    def figures(self) -> tuple[float, float, float]:
        """Median, 99th percentile and longest."""
        return round(self.at(0.5), 7), round(self.at(0.99), 7), round(self.longest, 7)


def _bucket(seconds: float) -> int:
    part, octave = math.frexp(min(max(seconds, LEAST), MOST) / LEAST)
    return octave * STEPS + int((part - 0.5) * 2 * STEPS)


def _upper(bucket: int) -> float:
    octave, step = divmod(bucket, STEPS)
    return LEAST * math.ldexp(0.5 + (step + 1) / (2 * STEPS), octave)


@define
class _Both:
    """How long messages took, and how long they waited."""

    took: Histogram = field(factory=Histogram)
    waited: Histogram = field(factory=Histogram)

    def add(self, waited: float | None, took: float) -> None:
        self.took.add(took)
        if waited is not None:
            self.waited.add(waited)

    def merge(self, other: _Both) -> None:
        self.took.merge(other.took)
        self.waited.merge(other.waited)

    def figures(self) -> tuple[float, float, float, float, float, float]:
        """Median, 99th percentile and longest, of both."""
        return (*self.took.figures(), *self.waited.figures())


@define
class Lately:
    """Something of the last minute, in pieces of ten seconds."""

    pieces: dict[int, _Both] = field(factory=dict["int", "_Both"])

    def piece(self, now: float) -> _Both:
        """The present piece; what is older than a minute is forgotten."""
        number = int(now // PIECE_SECONDS)
        piece = self.pieces.get(number)
        if piece is None:
            piece = self.pieces[number] = _Both()
            self._forget(number)
        return piece

    def all(self, now: float) -> _Both:
        """All of the last minute."""
        self._forget(int(now // PIECE_SECONDS))
        found = _Both()
        for piece in self.pieces.values():
            found.merge(piece)
        return found

    def _forget(self, number: int) -> None:
        for old in [n for n in self.pieces if n <= number - PIECES]:
            del self.pieces[old]


@define
class _Op:
    whole: _Both = field(factory=_Both)
    lately: Lately = field(factory=Lately)


class ChildMeter:
    """What was measured of one server.

    Args:
        now: The node's clock.
    """

    def __init__(self, now: float) -> None:
        self.since: float = now
        self.now: float = now
        """The node's clock, as its sampler last read it: fine enough for minutes."""
        self.busy: float = 0.0
        """Seconds that its tasks ran."""
        self._ops: dict[str, _Op] = {}
        self._busy_lately: dict[int, float] = {}

    def note(self, op: str, waited: float | None, took: float) -> None:
        """A message was handled."""
        known = self._ops.get(op)
        if known is None:
            if len(self._ops) >= MAX_OPS:
                op = OTHERS
            known = self._ops.setdefault(op, _Op())
        known.whole.add(waited, took)
        known.lately.piece(self.now).add(waited, took)

    def add_busy(self, seconds: float) -> None:
        """Its tasks ran for so long."""
        self.busy += seconds
        number = int(self.now // PIECE_SECONDS)
        lately = self._busy_lately
        lately[number] = lately.get(number, 0.0) + seconds
        for old in [n for n in lately if n <= number - PIECES]:
            del lately[old]

    def part(self, now: float) -> TimesPart:
        """All of it, for those who look."""
        self.now = now
        window = min(now - self.since, PIECES * PIECE_SECONDS)
        rows = [_op_times(name, op, now) for name, op in self._ops.items()]
        rows.sort(key=lambda row: row.handled, reverse=True)
        whole = now - self.since
        lately = sum(self._busy_lately.values())
        return TimesPart(
            now,
            self.since,
            round(self.busy / whole, 6) if whole > 0 else 0.0,
            round(min(lately / window, 1.0), 6) if window > 0 else 0.0,
            rows,
        )


def _op_times(name: str, op: _Op, now: float) -> OpTimes:
    minute = op.lately.all(now)
    return OpTimes(
        clip(name, MAX_NAME),
        op.whole.took.count,
        *op.whole.figures(),
        minute.took.count,
        *minute.figures(),
    )


class Meters:
    """What is measured: of a child from the first request on, until `close`."""

    def __init__(self) -> None:
        self._meters: dict[int, tuple[ObservedChild, ChildMeter]] = {}

    def __bool__(self) -> bool:
        """Whether anything is measured."""
        return bool(self._meters)

    def part(self, child: ObservedChild, now: float) -> TimesPart:
        """What is known of a server; the first time this begins to measure."""
        known = self._meters.get(child.uid)
        if known is None:
            if len(self._meters) >= MAX_CHILDREN:
                self._end(next(iter(self._meters)))
            known = self._meters[child.uid] = child, ChildMeter(now)
        child.inside().measure(known[1])  # a new life may have a new inbox
        return known[1].part(now)

    def tick(self, now: float, busy: Busy | None) -> None:
        """Take over the clock, and who ran for how long."""
        for _, meter in self._meters.values():
            meter.now = now
        for row in () if busy is None else busy.rows:
            known = self._meters.get(row.child)
            if known is not None:
                known[1].add_busy(row.seconds)

    def close(self) -> None:
        """Measure nothing any more."""
        for uid in list(self._meters):
            self._end(uid)

    def _end(self, uid: int) -> None:
        child, _ = self._meters.pop(uid)
        child.inside().measure(None)
