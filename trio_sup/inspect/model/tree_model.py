"""A node's rows joined into a tree: totals, what is shown, the recently dead. Pure.

`TreeModel` follows the rows of a session (or of one snapshot) and answers what a
view asks at every frame, in time proportional to what changed. `flatten` makes
the lines of a tree view. Nothing here knows a clock, a terminal or a socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio_sup.inspect.protocol.wire import Row

ROOT: Final = 0
"""The parent of root supervisors; its totals are the whole node's."""

MAX_DEPTH: Final = 4_000
"""How many supervisors above a row are told when it changes."""

DOWN: Final = frozenset({"stopped", "quarantined", "gone"})
"""Statuses of a child that does not run and that nobody is restarting."""
WAITING: Final = frozenset({"backing_off", "restarting"})
"""Statuses of a child between two lives."""


@define
class Totals:
    """What the rows below one supervisor add up to, itself not counted."""

    rows: int = 0
    down: int = 0
    """Rows whose status is in `DOWN`."""
    waiting: int = 0
    """Rows whose status is in `WAITING`."""
    stuck: int = 0
    """Rows that do not end although they were cancelled."""
    restarts: int = 0
    mailbox: int = 0
    """Messages waiting, over all servers."""

    def add(self, other: Totals, sign: int = 1) -> None:
        """Add `other`, or take it away with ``sign=-1``."""
        self.rows += sign * other.rows
        self.down += sign * other.down
        self.waiting += sign * other.waiting
        self.stuck += sign * other.stuck
        self.restarts += sign * other.restarts
        self.mailbox += sign * other.mailbox


def totals_of(row: Row) -> Totals:
    """What one row adds to the totals of its ancestors; nothing once it is gone."""
    status = row.status
    if status == "gone":
        return Totals()
    return Totals(
        1,
        int(status in DOWN),
        int(status in WAITING),
        int(status == "stuck"),
        row.restarts,
        row.mailbox_len or 0,
    )


@define
class _Rate:
    """The last sample of a row's counters, and how fast they moved before it."""

    at: float
    handled: int
    mailbox: int
    handled_rate: float = 0.0
    growth: float = 0.0


RATE_LIFETIME: Final = 2.5
"""Seconds after which a rate that nothing renewed counts as zero."""


@define
class TreeModel:
    """The tree of one node.

    Rows may change in place, as those of a session do, as long as `upsert` is
    called for each that did. Rows whose parent is unknown hang at the root
    until it comes.
    """

    rows: dict[int, Row] = field(factory=dict["int", "Row"])
    """Living and recently dead rows, by id."""
    dead: dict[int, float] = field(factory=dict[int, float])
    """When each dead row that is still kept was removed."""
    waiting: dict[int, int] = field(factory=dict[int, int])
    """How many messages wait, for each row for which any do."""
    structure: int = 0
    """Grows whenever a row came, went or moved: flatten again."""
    _records: dict[int, dict[int, None]] = field(factory=dict[int, dict[int, None]])
    _parent: dict[int, int] = field(factory=dict[int, int])
    # Invariant: _own[id] is what the ancestors' totals hold of row `id`, and
    # totals[p] is the sum of _own over the descendants of p; those of a parent
    # that is not here end at it.
    _own: dict[int, Totals] = field(factory=dict[int, Totals])
    _totals: dict[int, Totals] = field(factory=dict[int, Totals])
    _rates: dict[int, _Rate] = field(factory=dict[int, _Rate])
    _paths: dict[str, int] = field(factory=dict[str, int])

    # --- what changed ------------------------------------------------------

    def reset(self, rows: Iterable[Row], now: float = 0.0) -> None:
        """Forget everything and take `rows` instead, the dead ones included."""
        for table in (self.rows, self.dead, self._records, self._parent):
            table.clear()
        self._own.clear()
        self._totals.clear()
        self._paths.clear()
        self.waiting.clear()
        self.structure += 1
        self.rows.update((row.id, row) for row in rows)
        for id, row in self.rows.items():
            self._parent[id] = row.parent
            self._records.setdefault(row.parent, {})[id] = None
            if row.status != "gone":
                self._paths[row.path] = id
            if row.handled is not None:
                self._sample(row, row.handled, now)
        self._add_up(self._from_the_top())
        self._rates = {id: r for id, r in self._rates.items() if id in self.rows}

    def upsert(self, row: Row, now: float = 0.0) -> None:
        """Add a row, or note that it changed.

        Args:
            row: The row as it is now.
            now: Seconds on any steady clock: what rates are measured with.
        """
        id = row.id
        if id not in self._parent:
            self._add(row)
        else:
            self.rows[id] = row
            self.dead.pop(id, None)
            if self._parent[id] != row.parent and row.parent in self.rows:
                self._drop(id)
                self._add(row)
            else:
                self._recount(row)
        if row.handled is not None:
            self._sample(row, row.handled, now)

    def bury(self, row: Row, now: float) -> None:
        """Keep a row that is no more, as last seen, until `expire`."""
        gone = evolve(row, status="gone", mailbox_len=None)
        if row.id not in self._parent:
            self._add(gone)
        self.dead[row.id] = now
        self.rows[row.id] = gone
        self._recount(gone)

    def remove(self, id: int) -> None:
        """Forget a row; unknown ids are passed over."""
        self.dead.pop(id, None)
        self._rates.pop(id, None)
        if id in self._parent:
            self._drop(id)

    def expire(self, before: float) -> bool:
        """Forget the dead that were buried before then; whether there were any."""
        late = [id for id, at in self.dead.items() if at < before]
        for id in late:
            self.remove(id)
        return bool(late)

    def freeze(self) -> None:
        """Copy all rows, so that later changes in place leave this model alone."""
        for id, row in self.rows.items():
            self.rows[id] = evolve(row)

    # --- what there is -----------------------------------------------------

    def totals(self, id: int = ROOT) -> Totals:
        """The totals below a supervisor (all zero for anything else)."""
        return self._totals.get(id) or Totals()

    def parent(self, id: int) -> int:
        """Where the row hangs; `ROOT` for a root, or while its parent is unknown."""
        parent = self._parent.get(id, ROOT)
        return parent if parent in self.rows else ROOT

    def children(self, id: int) -> list[int]:
        """The children in start order (their serial numbers grow)."""
        if id != ROOT:
            return sorted(self._records.get(id, ()))
        orphans = [
            record
            for parent, records in self._records.items()
            if parent != ROOT and parent not in self.rows
            for record in records
        ]
        return sorted([*self._records.get(ROOT, ()), *orphans])

    def child_count(self, id: int) -> int:
        """How many children a row has."""
        return len(self._records.get(id, ()))

    def orphaned(self, id: int) -> bool:
        """Whether the row's supervisor is unknown."""
        parent = self._parent.get(id, ROOT)
        return parent != ROOT and parent not in self.rows

    def ancestors(self, id: int) -> Iterator[int]:
        """The supervisors above a row, nearest first; of a monstrous chain some."""
        for _ in range(MAX_DEPTH):
            id = self.parent(id)
            if id == ROOT:
                return
            yield id

    def by_path(self, path: str) -> int | None:
        """The id of the living row with this path, or None."""
        id = self._paths.get(path)
        return None if id is None or id in self.dead else id

    def handled_rate(self, id: int, now: float) -> float:
        """Messages handled a second, lately."""
        rate = self._rates.get(id)
        fresh = rate is not None and now - rate.at <= RATE_LIFETIME
        return rate.handled_rate if rate is not None and fresh else 0.0

    def growth(self, id: int, now: float) -> float:
        """By how many messages a second the mailbox grows, lately."""
        rate = self._rates.get(id)
        fresh = rate is not None and now - rate.at <= RATE_LIFETIME
        return rate.growth if rate is not None and fresh else 0.0

    # --- inside ------------------------------------------------------------

    def _from_the_top(self) -> list[int]:
        """All rows, parents before their children; a ring is cut open at one row."""
        known = self._parent
        order = [id for id, parent in known.items() if parent not in known]
        done = 0
        reached = set(order)
        rings = iter(known)
        while True:
            while done < len(order):
                below = self._records.get(order[done], ())
                done += 1
                order += below
                reached.update(below)
            if len(order) == len(known):
                return order
            # A node never says so; a view must not hang if it does.
            cut = next(id for id in rings if id not in reached)
            self._records[known[cut]].pop(cut)
            known[cut] = ROOT
            self._records.setdefault(ROOT, {})[cut] = None
            order.append(cut)
            reached.add(cut)

    def _add_up(self, order: list[int]) -> None:
        """Make all totals, each row looked at once."""
        for id in reversed(order):
            self._own[id] = own = totals_of(self.rows[id])
            self._wait(id, own.mailbox)
            above = self._totals.setdefault(self._parent[id], Totals())
            above.add(own)
            if (below := self._totals.get(id)) is not None:
                above.add(below)

    def _add(self, row: Row) -> None:
        id, parent = row.id, row.parent
        if id == parent or id in self._chain(parent):
            parent = ROOT  # A node never says so; a view must not hang if it does.
        self.structure += 1
        self.rows[id] = row
        if row.status != "gone":
            self._paths[row.path] = id
        self._parent[id] = parent
        self._records.setdefault(parent, {})[id] = None
        self._own[id] = own = totals_of(row)
        self._wait(id, own.mailbox)
        self._spread(parent, own)
        below = self._totals.get(id)
        if below is not None:
            self._spread(parent, below)

    def _drop(self, id: int) -> None:
        self.structure += 1
        parent = self._parent[id]
        self._spread(parent, self._own.pop(id), -1)
        self._wait(id, 0)
        below = self._totals.get(id)
        if below is not None:
            self._spread(parent, below, -1)
            if not self._records.get(id):
                del self._totals[id]
        records = self._records[parent]
        del records[id]
        if not records:
            del self._records[parent]
            if parent not in self._parent:
                self._totals.pop(parent, None)
        del self._parent[id]
        path = self.rows.pop(id).path
        if self._paths.get(path) == id:
            del self._paths[path]

    def _recount(self, row: Row) -> None:
        new, old = totals_of(row), self._own[row.id]
        if new != old:
            self._own[row.id] = new
            self._wait(row.id, new.mailbox)
            change = evolve(new)
            change.add(old, -1)
            self._spread(self._parent[row.id], change)

    def _wait(self, id: int, messages: int) -> None:
        if messages:
            self.waiting[id] = messages
        else:
            self.waiting.pop(id, None)

    def _spread(self, parent: int, change: Totals, sign: int = 1) -> None:
        for id in self._chain(parent):
            self._totals.setdefault(id, Totals()).add(change, sign)

    def _chain(self, id: int) -> list[int]:
        """`id` and what is above it, up to `ROOT` or an unknown parent.

        Of a chain longer than `MAX_DEPTH`, which no program has, only that much.
        """
        chain = [id]
        while id in self._parent and len(chain) < MAX_DEPTH:
            id = self._parent[id]
            chain.append(id)
        return chain

    def _sample(self, row: Row, handled: int, now: float) -> None:
        mailbox = row.mailbox_len or 0
        old = self._rates.get(row.id)
        if old is None:
            self._rates[row.id] = _Rate(now, handled, mailbox)
        elif now > old.at:
            span = now - old.at
            old.handled_rate = max(0, handled - old.handled) / span
            old.growth = (mailbox - old.mailbox) / span
            old.at, old.handled, old.mailbox = now, handled, mailbox


def snapshot(rows: Iterable[Row]) -> TreeModel:
    """A model of rows that do not change any more."""
    model = TreeModel()
    model.reset(rows)
    return model


__all__ = [
    "DOWN",
    "RATE_LIFETIME",
    "ROOT",
    "WAITING",
    "Totals",
    "TreeModel",
    "snapshot",
    "totals_of",
]
