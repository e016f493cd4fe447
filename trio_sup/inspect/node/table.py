"""The node's rows as last sampled, and what changed since when. Plain calls.

`Table.scan` walks the tree that the library keeps anyway and compares a few
counters with what it saw before; nothing else in the node has to report
anything. It is a generator that pauses every few thousand children, so that the
caller can let the node's own tasks run in between.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup._core.words import LEAVES
from trio_sup._trio.log import Log
from trio_sup.inspect.node.bounds import MAX_ERROR, MAX_NAME, MAX_PATH, clip, finite
from trio_sup.inspect.node.causes import cause_of
from trio_sup.inspect.node.masking import mask_report
from trio_sup.inspect.node.probes import Probes
from trio_sup.inspect.node.secret_names import DEFAULT, SecretNames
from trio_sup.inspect.protocol.wire import Event, Row, Vol

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from trio_sup.inspect.node.source import (
        ObservedChild,
        ObservedEvent,
        ObservedMailbox,
        ObservedNode,
    )

SLICE: Final = 1000
"""Children that are looked at without a pause: 0.4 ms, 2.5 ms when all are new."""
WALK_EVERY: Final = 32
"""Scans between two walks over the whole tree, where the node reports changes."""
TOMBSTONES: Final = 1024
"""How many removed rows are remembered for clients that come back."""
EVENTS_KEPT: Final = 1024
"""How many events are kept for clients that come later."""

logger: Log = Log("trio_sup.inspect")


@define(slots=True)
class Cell:
    """One child as last seen."""

    child: ObservedChild
    row: Row
    scan: int
    """The scan that last saw the child."""
    up_gen: int
    """When the row was last built anew."""
    vol_gen: int
    """When only its counters moved."""


@define
class Found:
    """What one scan found to be new."""

    up: list[int] = field(factory=list[int])
    """Rows that came or had a lifecycle change, parents first."""
    vol: list[int] = field(factory=list[int])
    """Rows of which only counters moved."""
    gone: list[int] = field(factory=list[int])
    events: list[Event] = field(factory=list[Event])
    missed: int = 0
    """Events that went by between two scans (at least)."""


class Table:
    """What the hub knows of its node."""

    def __init__(self, node: ObservedNode, secrets: SecretNames = DEFAULT) -> None:
        self._secrets = secrets
        self.gen: int = 0
        """Grows with every scan that found something; 0 before the first."""
        self.cells: dict[int, Cell] = {}
        """Parents stand before their children."""
        self.events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        """The newest events, oldest first."""
        self._node = node
        self._scan = 0
        # Since when every removed row is remembered: what is older than this
        # cannot be resumed.
        self._floor = 0
        self._tombs: OrderedDict[int, int] = OrderedDict()
        # How many events the node had emitted when this last looked; those that it
        # remembers from before the first look are shown, those forgotten not missed.
        self._seen_events = node.events_emitted - len(node.recent_events())
        # Of those that the node keeps for their supervisor's sake: made once.
        self._older: dict[int, Event] = {}
        self._complained = False
        # Children with a lifecycle change, as the node reports them.
        self._changed: set[ObservedChild] = set()
        self._report = self._changed.add
        self._collects = False
        self._since_walk = 0
        # What the quick scans look at; None: the tree has to be walked.
        self._probes: Probes | None = None
        self._budgets: list[Cell] = []

    def clear(self) -> None:
        """Forget the rows; what follows is not continuous with what was."""
        self.cells.clear()
        self._tombs.clear()
        self._floor = self.gen = self.gen + 1
        self.close()

    def close(self) -> None:
        """Let the node report nothing any more."""
        if self._collects:
            self._node.report_no_more(self._report)
        self._collects = False
        self._changed.clear()
        self._probes = None

    # --- sampling ----------------------------------------------------------

    def scan(self, found: Found) -> Iterator[None]:
        """Find what is new and fill `found`; yields after each slice.

        Mostly by the children that the node says have changed, and a look at each
        mailbox; by a walk over the whole tree at first, when a child came or went,
        and every few scans to be sure. What changes while the scan pauses is found
        by this scan or by the next.
        """
        self._scan += 1
        gen = self.gen + 1
        if self._probes is None or self._since_walk >= WALK_EVERY:
            yield from self._walk(gen, found)
        else:
            self._since_walk += 1
            whole = yield from self._look_at_changes(self._probes, gen, found)
            if not whole:
                yield from self._walk(gen, found)
        self._read_events(found)
        if found.up or found.vol or found.gone or not self.gen:
            self.gen = gen

    def _walk(self, gen: int, found: Found) -> Iterator[None]:
        """Look at every child."""
        if not self._collects:
            self._collects = self._node.report_changes(self._report)
        self._changed.clear()
        # Forgotten first, so that a walk that fails is walked again.
        self._probes = None
        left = SLICE
        todo: list[ObservedChild] = [*self._node.roots()][::-1]
        while todo:
            child = todo.pop()
            try:
                if self._look(child, gen, found).kind not in LEAVES:
                    todo += [*child.observed_children()][::-1]
            except Exception as error:  # noqa: BLE001 - one odd id must not hide the rest
                self._complain(error)
            left -= 1
            if left <= 0:
                left = SLICE
                yield
        self._bury(gen, found)
        self._since_walk = 0
        if self._collects:
            self._remember()

    def _remember(self) -> None:
        """Note what the quick scans have to look at."""
        self._probes = Probes(
            (uid, mailbox)
            for uid, cell in self.cells.items()
            if (mailbox := cell.child.mailbox) is not None
        )
        self._budgets = [c for c in self.cells.values() if c.row.budget_max is not None]

    def _look_at_changes(
        self, probes: Probes, gen: int, found: Found
    ) -> Generator[None, None, bool]:
        """Look at what may have changed; False if the tree itself has."""
        cells, changed = self.cells, list(self._changed)
        self._changed.clear()
        for child in changed:
            if child.uid not in cells or child.status == "gone":
                return False
        seen: set[int] = set()
        for child in changed:
            self._look(child, gen, found)
            seen.add(child.uid)
            seen.add(child.parent_uid)
        for cell in self._budgets:
            # The restarts in a window grow with those of a child, and fade by time.
            uid = cell.row.id
            if cell.row.budget_used or uid in seen:
                self._look(cell.child, gen, found)
        yield
        done = set(found.up)
        for ids in probes.moved():
            for uid in ids:
                cell = cells[uid]
                if uid not in done and _moved(cell.row, cell.child):
                    cell.vol_gen = gen
                    found.vol.append(uid)
            yield
        return True

    def _look(self, child: ObservedChild, gen: int, found: Found) -> Row:
        cell = self.cells.get(child.uid)
        if cell is None:
            row = build_row(child, self._secrets)
            self.cells[row.id] = Cell(child, row, self._scan, gen, gen)
            found.up.append(row.id)
            return row
        cell.scan = self._scan
        row = cell.row
        if child.version != row.version:
            cell.row = build_row(child, self._secrets)
            cell.up_gen = gen
            found.up.append(row.id)
        elif _moved(row, child):
            cell.vol_gen = gen
            found.vol.append(row.id)
        return row

    def _bury(self, gen: int, found: Found) -> None:
        for uid in [u for u, cell in self.cells.items() if cell.scan != self._scan]:
            del self.cells[uid]
            self._tombs[uid] = gen
            found.gone.append(uid)
        while len(self._tombs) > TOMBSTONES:
            self._floor = self._tombs.popitem(last=False)[1]

    def _read_events(self, found: Found) -> None:
        emitted = self._node.events_emitted
        new = emitted - self._seen_events
        if not new:
            return  # to ask for the newest ones takes as long as they are many
        recent = self._node.recent_events()
        self._seen_events = emitted
        fresh = recent[max(0, len(recent) - new) :]
        found.missed += new - len(fresh)
        for n, event in enumerate(fresh, emitted - len(fresh) + 1):
            if (built := self._build(n, event)) is not None:
                found.events.append(built)
        self.events.extend(found.events)

    def _build(self, n: int, event: ObservedEvent) -> Event | None:
        try:
            return build_event(n, event, self._secrets)
        except Exception as error:  # noqa: BLE001 - one odd event must not hide the rest
            self._complain(error)
            return None

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            logger.warning("the inspector cannot read a child: %r", error)

    # --- what a client has to be told ---------------------------------------

    def can_resume(self, seq: int) -> bool:
        """Whether everything that happened since `seq` is still known."""
        return self._floor <= seq <= self.gen and seq > 0

    def since(self, seq: int) -> Found:
        """What changed after `seq`; only if `can_resume`."""
        found = Found()
        for uid, cell in self.cells.items():
            if cell.up_gen > seq:
                found.up.append(uid)
            elif cell.vol_gen > seq:
                found.vol.append(uid)
        found.gone = [uid for uid, gen in self._tombs.items() if gen > seq]
        return found

    def events_after(self, n: int) -> list[Event]:
        """The known events with a higher number, oldest first.

        Beside the newest those of each supervisor's troubles that the node kept. Every
        event has its number in the node's stream, so that gaps can be seen.
        """
        known = {event.n: event for event in self.events if event.n > n}
        older: dict[int, Event] = {}
        for number, event in self._node.older_events(n):
            if number not in known:
                built = self._older.get(number) or self._build(number, event)
                if built is not None:
                    older[number] = built
        self._older = older
        return sorted((*older.values(), *known.values()), key=lambda event: event.n)

    def vol(self, uid: int) -> Vol:
        """The moving columns of a row."""
        row = self.cells[uid].row
        return Vol(
            row.id,
            row.mailbox_len,
            row.mailbox_peak,
            row.handled,
            row.op,
            row.op_since,
            row.budget_used,
        )


def build_row(child: ObservedChild, secrets: SecretNames = DEFAULT) -> Row:
    """The wire row of a child: bounded, printable, finite, without secrets."""
    # The version is read first: a change while the row is built is found later.
    version = child.version
    budget = child.budget
    row = Row(
        child.uid,
        child.parent_uid,
        clip(child.label, MAX_NAME),
        clip(child.path_text, MAX_PATH),
        child.kind,
        clip(child.target_name, MAX_NAME),
        child.restart_type,
        clip(child.name_text, MAX_NAME),
        child.status,
        child.life,
        child.restarts,
        finite(child.life_began),
        None,
        None,
        None,
        None,
        None,
        None,
        clip(mask_report(child.last_exit_text, secrets, 4 * MAX_ERROR), MAX_ERROR),
        None if budget is None else budget[0],
        None if budget is None else _limit(budget[1]),
        None if budget is None else finite(budget[2]),
        version,
    )
    mailbox = child.mailbox
    if mailbox is not None:
        if mailbox.suspended and row.status == "running":
            row.status = "suspended"
        row.mailbox_cap = _limit(mailbox.capacity)
        _read_mailbox(row, mailbox)
    return row


def build_event(n: int, event: ObservedEvent, secrets: SecretNames = DEFAULT) -> Event:
    """The wire form of an event: bounded, printable, finite, without secrets."""
    return Event(
        n,
        finite(event.at) or 0.0,
        clip(event.path_text, MAX_PATH),
        clip(event.kind, MAX_NAME),
        clip(mask_report(event.summary, secrets, 4 * MAX_ERROR), MAX_ERROR),
        cause_of(n, event),
    )


def _moved(row: Row, child: ObservedChild) -> bool:
    """Take over the counters; whether any of them moved."""
    moved = False
    mailbox = child.mailbox
    if mailbox is None:
        if row.mailbox_len is not None:
            row.mailbox_len = row.mailbox_peak = row.handled = None
            row.op = row.op_since = None
            moved = True
    # Every other counter of a mailbox moves together with one of these.
    elif (
        mailbox.handled != row.handled
        or mailbox.depth != row.mailbox_len
        or (mailbox.in_progress is None) is (row.op is not None)
    ):
        _read_mailbox(row, mailbox)
        moved = True
    if row.budget_max is not None or row.budget_used is not None:
        budget = child.budget
        used = None if budget is None else budget[0]
        if used != row.budget_used:
            row.budget_used = used
            moved = True
    return moved


def _read_mailbox(row: Row, mailbox: ObservedMailbox) -> None:
    row.mailbox_len = mailbox.depth
    row.mailbox_peak = mailbox.peak
    row.handled = mailbox.handled
    busy = mailbox.in_progress
    if busy is None:
        row.op = row.op_since = None
    else:
        row.op = clip(busy[0], MAX_NAME)
        row.op_since = finite(busy[1])


def _limit(value: float) -> int:
    """A bound as an integer, -1 for none."""
    return int(value) if math.isfinite(value) else -1
