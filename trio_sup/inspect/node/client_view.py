"""What one attached client still has to be told. Plain calls, bounded memory."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import evolve

from trio_sup.inspect.node.following import Following
from trio_sup.inspect.node.watching import Watching
from trio_sup.inspect.protocol.codec import MAX_FRAME, encode
from trio_sup.inspect.protocol.wire import Delta, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio_sup.inspect.node.detail_parts import Insides
    from trio_sup.inspect.node.table import Found, Table
    from trio_sup.inspect.node.topics import Topics
    from trio_sup.inspect.protocol.wire import Cause, Event, Row

_T = TypeVar("_T")

ROWS_PER_FRAME: Final = 500
"""Rows of one frame: encoding them holds the node's loop for about 1 ms."""
VOLS_PER_FRAME: Final = 2000
GONE_PER_FRAME: Final = 5000
EVENTS_QUEUED: Final = 512
"""Events that wait for a slow client, beside those from before it came; older ones are
dropped and counted."""
EVENTS_PER_FRAME: Final = 512
GONE_QUEUED: Final = 20_000
"""Removed rows that wait for a slow client; beyond that it gets a new snapshot."""
MIN_RATE: Final = 1.0
MAX_RATE: Final = 10.0


class ClientView:
    """The difference between a client's rows and the table's.

    The newest state wins: a client that reads slowly gets fewer deltas, never a
    longer queue.
    """

    def __init__(
        self,
        table: Table,
        insides: Insides,
        topics: Topics,
        *,
        tree: bool,
        events: bool,
        causes: bool = False,
    ) -> None:
        self.rate_hz: float = 4.0
        self.seq: int = 0
        """The generation that the client has reached."""
        self.needs_snapshot: bool = tree
        self._table = table
        self._tree = tree
        self._wants_events = events
        self._wants_causes = causes
        self._up: dict[int, None] = {}
        self._vol: dict[int, None] = {}
        self._gone: dict[int, None] = {}
        self._events: deque[Event] = deque()
        # What the node remembered when the client came: none of it can be missed.
        self._backlog: deque[Event] = deque()
        self._dropped = 0
        self.watching: Watching = Watching(table, insides)
        """The children that the client looks into."""
        self.following: Following = Following(topics)
        """The topics that it follows."""

    # --- what comes in -------------------------------------------------------

    def set_rate(self, hz: float) -> float:
        """Take the wish as far as the limits allow; returns what is granted."""
        self.rate_hz = min(max(hz, MIN_RATE), MAX_RATE)
        return self.rate_hz

    def start(self, seq: int | None, event: int) -> bool:
        """Begin after the table was sampled.

        Args:
            seq: Where the client left off, None if it is new.
            event: The highest event number that it has.

        Returns:
            Whether it can go on from there; else it gets a snapshot.
        """
        resumed = seq is not None and self._tree and self._table.can_resume(seq)
        self.seq = seq if seq is not None and resumed else self._table.gen
        if resumed:
            self.needs_snapshot = False
            self._merge(self._table.since(self.seq))
        if self._wants_events:
            self._backlog.extend(self._table.events_after(event))
        return resumed

    def resync(self) -> None:
        """Send a whole new snapshot next."""
        self.needs_snapshot = self._tree

    def note(self, found: Found) -> None:
        """Take over what a scan found."""
        if self._tree and not self.needs_snapshot:
            self._merge(found)
        self.following.note()
        if self._wants_events:
            self._dropped += found.missed
            self._queue(found.events)

    def _merge(self, found: Found) -> None:
        for uid in found.gone:
            self._up.pop(uid, None)
            self._vol.pop(uid, None)
            self._gone[uid] = None
        if len(self._gone) > GONE_QUEUED:
            self.needs_snapshot = True
            return
        self._up.update(dict.fromkeys(found.up))
        self._vol.update(dict.fromkeys(found.vol))

    def _queue(self, events: Iterable[Event]) -> None:
        self._events.extend(events)
        while len(self._events) > EVENTS_QUEUED:
            self._events.popleft()
            self._dropped += 1

    # --- what goes out -------------------------------------------------------

    @property
    def dirty(self) -> bool:
        """Whether a delta would say anything."""
        return bool(
            self._up
            or self._vol
            or self._gone
            or self._events
            or self._backlog
            or self._dropped
        )

    @property
    def behind(self) -> int:
        """How many ids are remembered for this client."""
        return len(self._up) + len(self._vol) + len(self._gone)

    def begin_snapshot(self) -> list[int]:
        """The ids of all rows; from now on changes are collected again."""
        self.needs_snapshot = False
        self._up.clear()
        self._vol.clear()
        self._gone.clear()
        self.seq = self._table.gen
        return list(self._table.cells)

    def snapshot_frames(self, ids: list[int]) -> Iterator[bytes]:
        """The frames of a snapshot; rows that went away meanwhile are left out."""
        for start in range(0, len(ids), ROWS_PER_FRAME):
            chunk = ids[start : start + ROWS_PER_FRAME]
            yield from encode_rows(self._rows(chunk))

    def delta_frames(self, at: float) -> Iterator[bytes]:
        """The next delta, taken off the list: usually one frame.

        Each frame is built when it is asked for, so that nothing is encoded for a
        client that does not read, and rows are sent as they are by then.
        """
        goal, prev, cells = self._table.gen, self.seq, self._table.cells
        ups, self._up = self._up, {}
        vols, self._vol = self._vol, {}
        gones, self._gone = self._gone, {}
        events = deque((*self._backlog, *self._events))
        self._backlog.clear()
        self._events.clear()
        dropped, self._dropped = self._dropped, 0
        for uid in ups:
            vols.pop(uid, None)
        more = True
        while more:
            gone = list(_take(gones, GONE_PER_FRAME))
            up = self._rows(_take(ups, ROWS_PER_FRAME))
            vol = _take(vols, VOLS_PER_FRAME)
            moved = [self._table.vol(uid) for uid in vol if uid in cells]
            told = [events.popleft() for _ in range(min(len(events), EVENTS_PER_FRAME))]
            more = bool(gones or ups or vols or events)
            # Only the last frame reaches the goal: nobody may resume between.
            self.seq = prev if more else goal
            delta = Delta(self.seq, prev, at, up, moved, gone, told, dropped)
            if self._wants_causes:
                delta = evolve(delta, causes=_causes_of(told))
            yield from encode_delta(delta)
            dropped = 0

    def _rows(self, ids: Iterable[int]) -> list[Row]:
        cells = self._table.cells
        return [cells[uid].row for uid in ids if uid in cells]


def encode_rows(rows: list[Row]) -> Iterator[bytes]:
    """`Rows` frames under the limit: more than one only for monstrous rows."""
    frame = encode(Rows(rows))
    if len(frame) <= MAX_FRAME or len(rows) <= 1:
        yield frame
        return
    half = len(rows) // 2
    yield from encode_rows(rows[:half])
    yield from encode_rows(rows[half:])


def encode_delta(delta: Delta) -> Iterator[bytes]:
    """`Delta` frames under the limit: more than one only for monstrous rows."""
    frame = encode(delta)
    longest = max(len(delta.up), len(delta.vol), len(delta.events))
    if len(frame) <= MAX_FRAME or longest <= 1:
        yield frame
        return
    up, vol, events = _cut(delta.up), _cut(delta.vol), _cut(delta.events)
    seq, prev, at = delta.seq, delta.prev, delta.at
    first = Delta(prev, prev, at, up[0], vol[0], delta.gone, events[0], delta.dropped)
    second = Delta(seq, prev, at, up[1], vol[1], [], events[1])
    for part in (first, second):
        causes = _causes_of(part.events) if delta.causes else []
        yield from encode_delta(evolve(part, causes=causes))


def _causes_of(events: Iterable[Event]) -> list[Cause]:
    return [event.cause for event in events if event.cause is not None]


def _cut(items: list[_T]) -> tuple[list[_T], list[_T]]:
    half = (len(items) + 1) // 2
    return items[:half], items[half:]


def _take(ids: dict[int, None], limit: int) -> dict[int, None]:
    """Move up to `limit` ids out of `ids`, oldest first."""
    if len(ids) <= limit:
        taken = dict(ids)
        ids.clear()
        return taken
    taken = dict.fromkeys(islice(ids, limit))
    for uid in taken:
        del ids[uid]
    return taken
