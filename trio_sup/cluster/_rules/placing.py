"""Where children of the cluster run: decided by every node for itself, alike.

A child is a record that all nodes know, and a name that one of them holds. The order of
nodes for a name (rendezvous hashing) says who is to take it; the engine says who has it.
So two nodes that see the members differently do no harm: one of them gets the name.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from hashlib import blake2b
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from attrs import evolve, frozen

from trio_sup.cluster._rules.words import Name, NodeId, NodeInfo

State: TypeAlias = Literal["wanted", "running", "failed", "ending"]
"""Where a child of the cluster is in its story: to be taken by a node; taken by one; given
up, until somebody asks for it again; to be ended and forgotten."""

Here: TypeAlias = Literal["absent", "busy", "holding", "waiting"]
"""What one node has of a child: nothing; it starts or ends it at this moment; the child,
with its name; the child, whose name was lost."""

Deed: TypeAlias = Literal["nothing", "take", "note", "end", "forget"]
"""What a node is to do: start the child; say in the record that it runs here; end what it
has of it; drop the record."""

_VERSION: Final = 1
_STATES: Final = frozenset(get_args(State))


@frozen
class ChildRecord:
    """What the engine knows of a child of the cluster."""

    key: str
    """The key, as text for people."""
    factory: str
    args: list[Any]
    kwargs: dict[str, Any]
    state: State = "wanted"
    node: NodeId | None = None
    """Who runs it, or was the last to do so."""
    moves: int = 0
    """How often a node took it."""
    why: str = ""
    """Of a failure: what happened."""

    def text(self) -> str:
        """Return it as the engine keeps it."""
        fields = [self.key, self.factory, self.args, self.kwargs, self.state]
        data = [_VERSION, *fields, self.node or "", self.moves, self.why]
        return json.dumps(data, separators=(",", ":"), allow_nan=False)

    def is_free(self, members: Collection[NodeId]) -> bool:
        """Whether it is to run, and runs nowhere."""
        if self.state == "running":
            return self.node not in members
        return self.state == "wanted"

    def taken_by(self, node: NodeId) -> ChildRecord:
        """Return it as it is while that node runs it."""
        moves = self.moves + (self.node != node or self.state != "running")
        return evolve(self, state="running", node=node, moves=moves, why="")

    def as_(self, state: State, why: str = "") -> ChildRecord:
        """Return it in another state."""
        return evolve(self, state=state, why=why)


def read_record(text: str) -> ChildRecord | None:
    """Read what the engine keeps; None if this version cannot."""
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    items = cast("list[object]", data) if isinstance(data, list) else []
    kinds = (int, str, str, list, dict, str, str, int, str)
    if tuple(map(type, items)) != kinds or items[0] != _VERSION:
        return None
    fields: Any = items[1:]
    key, factory, args, kwargs, state, node, moves, why = fields
    if state not in _STATES:
        return None
    owner = NodeId(node) if node else None
    return ChildRecord(key, factory, args, kwargs, state, owner, moves, why)


# Who.


def hosts(
    members: Iterable[NodeInfo], supervisor: str, record: ChildRecord
) -> list[NodeInfo]:
    """Return the nodes that may run a child.

    Who handed it over, or gave it up, is asked last: what the others know of that node
    may be old.
    """
    able = [
        info
        for info in members
        if info.accepts_children
        and supervisor in info.supervisors
        and record.factory in info.factories
    ]
    return [info for info in able if info.id != record.node] or able


def first(name: Name, candidates: Collection[NodeInfo]) -> NodeInfo | None:
    """Return the node that is to take a name; None if there is none.

    If a node goes, only its own names go to others; if one comes, it is first for its
    share. Incarnations of a node count alike, so that it has the same share again.
    """
    return max(candidates, key=lambda info: _weight(name, info), default=None)


def _weight(name: Name, info: NodeInfo) -> tuple[bytes, NodeId]:
    text = f"{info.name}\0{name}".encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=8).digest(), info.id


# What to do.


def deed(
    record: ChildRecord | None,
    here: Here,
    *,
    me: NodeId,
    members: Collection[NodeId],
    is_first: bool,
) -> Deed:
    """Return what a node with a lease does about a child.

    Args:
        record: What the engine keeps of it; None for nothing.
        here: What this node has of it.
        me: Who it is.
        members: Who has a lease, this node among them.
        is_first: Whether it is the one that should take it.
    """
    if here == "busy":
        return "nothing"
    if record is None or record.state in ("ending", "failed"):
        if here != "absent":
            return "end"
        ending = record is not None and record.state == "ending"
        gone = record is None or record.node == me or record.node not in members
        return "forget" if ending and gone else "nothing"
    mine = record.state == "running" and record.node == me
    if here == "holding":
        return "nothing" if mine else "note"
    if here == "waiting":
        return "end"
    if mine:
        return "take"
    return "take" if is_first and record.is_free(members) else "nothing"
