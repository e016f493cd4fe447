"""The leases of one client on the insides of children, and what is due of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
from attrs import define, field

from trio_sup.inspect.node.bounds import MAX_TRACEBACK, clip_block
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import Detail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio_sup.inspect.node.detail_parts import Insides
    from trio_sup.inspect.node.table import Cell, Table

LEASE: Final = 10.0
"""Seconds that a `Watch` or `Follow` lasts."""
MAX_WATCHES: Final = 64
LIVE_SECONDS: Final = 1.0
"""How often what moves by itself (mailbox, stack, links) is looked at."""


@define
class _Lease:
    ends: float = 0.0
    parts: frozenset[str] = frozenset()
    version: int | None = None
    """The version of the row whose overview was sent last."""
    live_at: float = 0.0
    """When the parts that move are to be looked at again."""
    wants_state: bool = True
    sent: dict[str, object] = field(factory=dict[str, object])
    """The parts that move, as sent last."""

    def fresh(self, part: str, now: object) -> bool:
        """Whether a part differs from what the client has; notes it as sent."""
        if part in self.sent and self.sent[part] == now:
            return False
        self.sent[part] = now
        return True


class Watching:
    """Which children one client looks into."""

    def __init__(self, table: Table, insides: Insides) -> None:
        self._table = table
        self._insides = insides
        self._leases: dict[int, _Lease] = {}

    def __bool__(self) -> bool:
        """Whether a lease may be running."""
        return bool(self._leases)

    def watch(
        self, uid: int, now: float, parts: Iterable[str] = (), *, again: bool = False
    ) -> None:
        """Begin or prolong a lease; too many push out the oldest."""
        lease = self._leases.pop(uid, None) or _Lease()
        wanted = frozenset(parts) or frozenset({"overview"})
        for part in wanted - lease.parts:
            # What is asked for anew is told anew.
            lease.sent.pop(part, None)
            lease.live_at = 0.0
            if part in ("overview", "history"):
                lease.version = None
            elif part == "state":
                lease.wants_state = True
        lease.ends, lease.parts = now + LEASE, wanted
        lease.wants_state = lease.wants_state or again
        self._leases[uid] = lease
        while len(self._leases) > MAX_WATCHES:
            del self._leases[next(iter(self._leases))]

    def unwatch(self, uid: int) -> None:
        """End a lease."""
        self._leases.pop(uid, None)

    def frames(self, now: float) -> Iterator[bytes]:
        """The answers that are due; leases that ended are forgotten."""
        for uid, lease in list(self._leases.items()):
            cell = self._table.cells.get(uid)
            if cell is None:
                self._leases.pop(uid, None)
                yield encode(Detail(uid, now))
            elif lease.ends <= now:
                self._leases.pop(uid, None)
            else:
                detail = self._answer(cell, lease, now)
                if detail is not None:
                    yield encode(detail)

    def _answer(self, cell: Cell, lease: _Lease, now: float) -> Detail | None:
        detail = Detail(cell.row.id, now, cell.row)
        if lease.version != cell.row.version:
            lease.version = cell.row.version
            # A new life has a new state.
            lease.wants_state = True
            detail = self._overview(detail, cell, lease)
        if now >= lease.live_at:
            lease.live_at = now + LIVE_SECONDS
            detail = self._live(detail, cell, lease, now)
        if lease.wants_state and "state" in lease.parts:
            lease.wants_state = False
            state = self._insides.state(cell.child, now)
            detail = attrs.evolve(detail, state=state, parts=[*detail.parts, "state"])
        # An overview alone is said as it always was.
        parts = [] if detail.parts == ["overview"] else detail.parts
        return attrs.evolve(detail, parts=parts) if detail.parts else None

    def _overview(self, detail: Detail, cell: Cell, lease: _Lease) -> Detail:
        parts = list(detail.parts)
        if "overview" in lease.parts:
            text, clipped = clip_block(
                self._insides.traceback(cell.child), MAX_TRACEBACK
            )
            held = cell.child.held and cell.child.alive
            detail = attrs.evolve(detail, traceback=text, clipped=clipped, held=held)
            parts.append("overview")
        if "history" in lease.parts:
            detail = attrs.evolve(detail, history=self._insides.history(cell.child))
            parts.append("history")
        return attrs.evolve(detail, parts=parts)

    def _live(self, detail: Detail, cell: Cell, lease: _Lease, now: float) -> Detail:
        parts, child, insides = list(detail.parts), cell.child, self._insides
        if "overview" in lease.parts:
            facts = insides.facts(child)
            said = facts or lease.sent.get("facts")  # who has none any more says so
            if said and lease.fresh("facts", facts):
                detail = attrs.evolve(detail, facts=facts)
                parts.append("facts")
        if "mailbox" in lease.parts:
            mailbox = insides.mailbox(child, now)
            known = None if mailbox is None else attrs.evolve(mailbox, at=0.0)
            if lease.fresh("mailbox", known):
                detail = attrs.evolve(detail, mailbox=mailbox)
                parts.append("mailbox")
        if "stack" in lease.parts:
            stack = insides.stack(child)
            if lease.fresh("stack", stack):
                detail = attrs.evolve(detail, stack=stack)
                parts.append("stack")
        if "links" in lease.parts:
            links = insides.links(child)
            if lease.fresh("links", links):
                detail = attrs.evolve(detail, links=links)
                parts.append("links")
        if "times" in lease.parts:
            detail = attrs.evolve(detail, times=insides.times(child, now))
            parts.append("times")
        return attrs.evolve(detail, parts=parts)
