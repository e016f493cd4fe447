"""What a client holds of a node: rows, events, and what changed lately. Pure.

The session feeds it; a view reads `Store.rows` and takes `Changes` whenever it
is about to paint.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup.inspect.client.paces import Paces
from trio_sup.inspect.client.topic_store import TooMuch, TopicStore, merged
from trio_sup.inspect.client.traffic import Traffic
from trio_sup.inspect.protocol.wire import Delta, Detail, Event, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.client.topic_store import TopicMessage
    from trio_sup.inspect.protocol.wire import Vol

EVENTS_KEPT: Final = 5000
"""How many events a client holds: more than a node remembers for who comes later."""
GONE_KEPT: Final = 20_000
"""Removed rows that wait for a view; of more it hears that everything may be new."""
MAX_ROWS: Final = 250_000
"""The rows of the largest tree that is looked at."""
MAX_CHARS: Final = 64_000_000
"""The characters of all its texts together."""


@define
class Changes:
    """What happened since the last `take`: all a view needs to repaint."""

    reset: bool = False
    """Every row may be new: forget what was derived from the rows."""
    structure: bool = False
    """A row came or went or moved: flatten the tree again."""
    changed: dict[int, None] = field(factory=dict[int, None])
    """Ids of rows that came or changed, oldest change first; all are in `rows`."""
    gone: list[Row] = field(factory=list[Row])
    """Rows that are no more, as last seen."""
    events: list[Event] = field(factory=list[Event])
    """New events, oldest first."""
    former: list[Event] = field(factory=list[Event])
    """Those of the process before, if another has answered since: they came first."""
    details: dict[int, Detail] = field(factory=dict[int, Detail])
    """The newest knowledge of each watched row."""
    topics: set[str] = field(factory=set[str])
    """Topics that said something new; ``metrics`` among them."""
    state: bool = False
    """The session's state, its node or its progress changed."""

    def __bool__(self) -> bool:
        """Whether there is anything to paint."""
        return bool(
            self.reset
            or self.structure
            or self.changed
            or self.gone
            or self.events
            or self.former
            or self.details
            or self.topics
            or self.state
        )


class Store:
    """Rows by id and the newest events, kept up to date by snapshots and deltas."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        """All rows of the node. Rows change in place: `Row.rev` tells."""
        self.events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        """The newest events, oldest first, over all lives of the node."""
        self.events_dropped: int = 0
        """Events that this client is known to have missed."""
        self.last_event: int = 0
        """The highest event number of this epoch."""
        self.details: dict[int, Detail] = {}
        """What is known of the inside of each row that was watched."""
        self.topics: TopicStore = TopicStore()
        """The newest answer for each topic."""
        self.paces: Paces = Paces()
        """How often children restart."""
        self.traffic: Traffic = Traffic()
        """How many messages there are."""
        self._changes = Changes()
        self._staged: dict[int, Row] | None = None
        # Invariant: the characters of the rows, and of those that are staged.
        self._chars = self._staged_chars = 0
        self._rev = 0

    def take(self) -> Changes:
        """The changes since the last call, which are then forgotten."""
        changes, self._changes = self._changes, Changes()
        return changes

    def touch(self) -> None:
        """Note that the session's state changed."""
        self._changes.state = True

    @property
    def staged(self) -> int:
        """How many rows of an unfinished snapshot have come."""
        return len(self._staged) if self._staged is not None else 0

    def begin_snapshot(self) -> None:
        """Collect rows aside: what is shown stays until the snapshot is whole."""
        self._staged, self._staged_chars = {}, 0

    def stage(self, rows: Iterable[Row]) -> None:
        """Add rows of a snapshot; ignored if none is under way.

        Raises:
            TooMuch: they are more than a client holds.
        """
        staged = self._staged
        if staged is not None:
            for row in rows:
                old = staged.get(row.id)
                self._staged_chars += _chars(row) - (_chars(old) if old else 0)
                staged[row.id] = row
            _bound(staged, self._staged_chars)

    def end_snapshot(self, at: float) -> bool:
        """Replace all rows by the collected ones.

        Args:
            at: The node's clock.

        Returns:
            False if no snapshot was under way, since it was given up.
        """
        if self._staged is None:
            return False
        old, self.rows = self.rows, self._staged
        self._staged, self._chars = None, self._staged_chars
        self._rev += 1
        changes = self._changes
        changes.reset = changes.structure = changes.state = True
        changes.changed = dict.fromkeys(self.rows)
        changes.gone += [row for row_id, row in old.items() if row_id not in self.rows]
        self._bound_gone()
        for row in self.rows.values():
            row.rev = self._rev
        self.paces.begin(self.rows, old, at)
        self.traffic.begin(self.rows, old)
        return True

    def drop_snapshot(self) -> None:
        """Forget an unfinished snapshot."""
        self._staged = None

    def apply(self, delta: Delta) -> None:
        """Apply a delta: `gone`, then `up`, then `vol`, then events.

        What names a row that is not there is passed over.

        Raises:
            TooMuch: there are more rows than a client holds.
        """
        self._rev += 1
        for row_id in delta.gone:
            self._remove(row_id)
        for row in delta.up:
            self._upsert(row, delta.at)
        for vol in delta.vol:
            self._move(vol)
        _bound(self.rows, self._chars)
        self._bound_gone()
        self._add_events(delta)

    def add_detail(self, detail: Detail) -> None:
        """Keep the answer to a watch, beside what it does not speak of."""
        known = merged(self.details.get(detail.id), detail)
        self.details[detail.id] = known
        self._changes.details[detail.id] = known

    def add_topic(self, message: TopicMessage) -> None:
        """Keep what a topic says.

        Raises:
            TooMuch: it is more than a client holds.
        """
        topic = self.topics.take(message)
        if topic:
            self._changes.topics.add(topic)

    def new_epoch(self) -> None:
        """The node started anew: its numbers begin again, its past stays."""
        changes = self._changes
        changes.former = [*changes.former, *changes.events][-EVENTS_KEPT:]
        changes.events = []
        self.last_event = 0
        self.details.clear()
        self.topics.clear()
        self.paces.clear()
        self.traffic.clear()

    def rewind(self) -> None:
        """Forget everything, as if nothing had been said."""
        self.rows, self._chars = {}, 0
        self.events.clear()
        self.events_dropped = self.last_event = 0
        self.details.clear()
        self.topics.clear()
        self._staged = None
        self.paces.clear()
        self.traffic.clear()
        self._changes = Changes(reset=True, structure=True, state=True)

    def _remove(self, row_id: int) -> None:
        row = self.rows.pop(row_id, None)
        if row is not None:
            self._chars -= _chars(row)
            self.paces.forget(row_id)
            self.traffic.left(row)
            changes = self._changes
            changes.gone.append(row)
            changes.changed.pop(row_id, None)
            changes.structure = True

    def _upsert(self, row: Row, at: float) -> None:
        old = self.rows.get(row.id)
        self.paces.note(row, old, at)
        if old is None:
            self.traffic.came(row)
        else:
            self.traffic.moved(row, old.life, old.handled, old.mailbox_len)
        if old is None or old.parent != row.parent:
            self._changes.structure = True
        self._chars += _chars(row) - (_chars(old) if old is not None else 0)
        row.rev = self._rev
        self.rows[row.id] = row
        self._changes.changed[row.id] = None

    def _move(self, vol: Vol) -> None:
        row = self.rows.get(vol.id)
        if row is None:
            return
        handled, waiting = row.handled, row.mailbox_len
        # All of `VOL_COLUMNS`, written out: a delta has hundreds of these.
        row.mailbox_len = vol.mailbox_len
        row.mailbox_peak = vol.mailbox_peak
        row.handled = vol.handled
        row.op = vol.op
        row.op_since = vol.op_since
        row.budget_used = vol.budget_used
        self.traffic.moved(row, row.life, handled, waiting)
        row.rev = self._rev
        self._changes.changed[row.id] = None

    def _add_events(self, delta: Delta) -> None:
        self.events_dropped += delta.dropped
        if delta.dropped:
            self._changes.state = True
        for event in delta.events:
            # After a reconnect the node may repeat what is known.
            if event.n > self.last_event:
                self.last_event = event.n
                self.events.append(event)
                self._changes.events.append(event)
        if self.paces.remember(delta.events, self.rows.values()):
            self._changes.changed.update(dict.fromkeys(self.paces.of))
        # Nobody took them for long: nobody will show them all.
        late = len(self._changes.events) - EVENTS_KEPT
        if late > 0:
            del self._changes.events[:late]
            self.events_dropped += late

    def _bound_gone(self) -> None:
        changes = self._changes
        if len(changes.gone) > GONE_KEPT:
            del changes.gone[:-GONE_KEPT]
            changes.reset = changes.structure = True


def _chars(row: Row) -> int:
    """How long a row's texts are; of an operation only that there may be one."""
    return (
        len(row.label)
        + len(row.path)
        + len(row.kind)
        + len(row.target)
        + len(row.restart)
        + len(row.name)
        + len(row.status)
        + len(row.last_exit)
    )


def _bound(rows: dict[int, Row], chars: int) -> None:
    if len(rows) > MAX_ROWS:
        raise TooMuch(f"it has over {MAX_ROWS} rows")
    if chars > MAX_CHARS:
        raise TooMuch(f"the texts of its rows have over {MAX_CHARS} characters")
