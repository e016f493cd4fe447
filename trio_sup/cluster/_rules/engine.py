"""What an engine does: leases of nodes, names that hang on them, tokens that only grow.

The embedded engine is this; others follow the same rules in their own language, and the
conformance suite (`tests/cluster/conformance`) holds all of them to these.

* A lease belongs to a node. Names hang on it, so that a heartbeat costs the same however
  many there are.
* A node whose lease has ended is no member: it is told so, and joins as somebody else.
* A token is greater than all before it, and at least the time in microseconds: so it
  grows even if the engine forgets everything but keeps its clock.
* An engine that may have forgotten says so by another generation. For `grace` seconds
  then nobody may claim; holders assert what they hold, and the higher token wins.
* A state belongs to a name. It has the token of who read or wrote it last, and is read and
  written with that or a greater one only: who lost the name cannot write any more.
"""

from __future__ import annotations

import math

from attrs import define

from trio_sup.cluster._rules.records import Records
from trio_sup.cluster._rules.words import (
    Beat,
    Claimed,
    Frozen,
    Gone,
    Kept,
    Name,
    NodeId,
    NodeInfo,
    Stale,
    Taken,
    Token,
)


@define
class Membership:
    """A node with a lease."""

    info: NodeInfo
    ttl: float
    expires: float
    names: set[Name]


class Engine:
    """The memory of an engine, and its rules.

    Args:
        generation: A word for this memory.
        fresh_since: When it began without knowing what there was before; None if there
            was nothing.
    """

    def __init__(self, generation: str, fresh_since: float | None = None) -> None:
        self.generation = generation
        self._fresh_since = fresh_since
        self._last: Token = Token(0)
        self._members: dict[NodeId, Membership] = {}
        self._names: dict[Name, Taken] = {}
        self.records: Records = Records()
        self._states: dict[Name, tuple[Token, bytes | None]] = {}

    # Leases.

    def join(self, now: float, info: NodeInfo, ttl: float) -> None:
        """Give a node a lease."""
        self._members[info.id] = Membership(info, ttl, now + ttl, set())

    def beat(self, now: float, node: NodeId) -> Beat | Gone:
        """Renew a lease."""
        member = self._member(now, node)
        if member is None:
            return Gone(self.generation)
        member.expires = now + member.ttl
        infos = tuple(each.info for each in self._members.values())
        others = (each.expires for id, each in self._members.items() if id != node)
        ends = min(others, default=math.inf)
        held, version = len(member.names), self.records.version
        return Beat(self.generation, held, infos, ends - now, version)

    def announce(self, now: float, info: NodeInfo) -> bool:
        """Note what a node tells of itself anew; return whether it has a lease."""
        member = self._member(now, info.id)
        if member is not None:
            member.info = info
        return member is not None

    def leave(self, now: float, node: NodeId) -> bool:
        """End a lease, and free all names that hang on it; return whether there was one."""
        self.reap(now)
        return self._drop(node)

    def reap(self, now: float) -> list[NodeId]:
        """Drop all whose lease has ended, and return them."""
        over = [id for id, member in self._members.items() if member.expires <= now]
        for id in over:
            self._drop(id)
        return over

    def lives(self, now: float, node: NodeId) -> bool:
        """Whether a node has a lease."""
        return self._member(now, node) is not None

    def _member(self, now: float, node: NodeId) -> Membership | None:
        self.reap(now)
        return self._members.get(node)

    def _drop(self, node: NodeId) -> bool:
        member = self._members.pop(node, None)
        if member is None:
            return False
        for name in member.names:
            del self._names[name]
        return True

    # Names.

    def claim(
        self, now: float, node: NodeId, name: Name, grace: float
    ) -> Claimed | Taken | Frozen | Gone:
        """Give a name to a node, if it is free. Its own name it gets with a new token."""
        member = self._member(now, node)
        if member is None:
            return Gone(self.generation)
        held = self._names.get(name)
        if held is not None and held.owner != node:
            return held
        if held is None and self._fresh_since is not None:
            wait = self._fresh_since + grace - now
            if wait > 0:
                return Frozen(wait)
        return self._give(member, name, self.next_token(now))

    def keep(
        self, now: float, node: NodeId, name: Name, token: Token
    ) -> Claimed | Taken | Gone:
        """Assert that a node holds a name: the higher token wins."""
        member = self._member(now, node)
        if member is None:
            return Gone(self.generation)
        held = self._names.get(name)
        if held is not None and held.owner != node:
            if held.token >= token:
                return held
            self._members[held.owner].names.discard(name)
        if held is not None and held.owner == node:
            token = max(token, held.token)
        self._last = max(self._last, token)
        return self._give(member, name, token)

    def release(self, now: float, node: NodeId, name: Name, token: Token) -> bool:
        """Free a name, if a node holds it with this token; return whether it did."""
        member = self._member(now, node)
        if member is None or self._names.get(name) != Taken(node, token):
            return False
        member.names.discard(name)
        del self._names[name]
        return True

    def lookup(self, now: float, name: Name) -> Taken | None:
        """Return who holds a name."""
        self.reap(now)
        return self._names.get(name)

    def owned(self, now: float, node: NodeId) -> dict[Name, Token]:
        """Return what a node holds, as far as the engine knows."""
        member = self._member(now, node)
        if member is None:
            return {}
        return {name: self._names[name].token for name in member.names}

    # States. They belong to names, whoever holds them, and outlive every lease.

    def open_state(self, name: Name, token: Token) -> Kept | Stale:
        """Read a state, to write it from now on: who has a lesser token may not."""
        last, data = self._states.get(name, (token, None))
        if last > token:
            return Stale(last)
        self._states[name] = (token, data)
        return Kept(data)

    def write_state(self, name: Name, token: Token, data: bytes) -> bool:
        """Write a state; return False if a later holder has it."""
        last, _ = self._states.get(name, (token, None))
        if last > token:
            return False
        self._states[name] = (token, data)
        return True

    def drop_state(self, name: Name) -> bool:
        """Forget a state; return whether there was one."""
        _, data = self._states.pop(name, (0, None))
        return data is not None

    def next_token(self, now: float) -> Token:
        """Return a token that is greater than all before it."""
        self._last = Token(max(self._last + 1, int(now * 1e6)))
        return self._last

    def _give(self, member: Membership, name: Name, token: Token) -> Claimed:
        member.names.add(name)
        self._names[name] = Taken(member.info.id, token)
        return Claimed(token)
