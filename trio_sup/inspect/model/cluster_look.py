"""What is seen of a cluster: documents read with care, and what follows from them. Pure.

Whoever can write to an engine can say what he likes: of each node only what fits is
believed (`checked`), and one that tells what cannot be read spoils no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from attrs import define, evolve, field, frozen

from trio_sup.inspect.protocol.checked import read
from trio_sup.inspect.protocol.wire_cluster import (
    ClusterLook,
    ClusterName,
    ClusterNode,
    ClusterUnplaced,
    Engine,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Loudness: TypeAlias = Literal["ok", "dim", "warn", "bad"]

MOST_NODES: Final = 1_000
"""Nodes of one look."""
MOST_COUNTS: Final = 200
"""Supervisors of one node, and things that it counted."""
LATE: Final = 0.1
"""The share of a lease by which a heartbeat may be late."""
RENEWED: Final = 0.6
"""The share of a lease after which it is said that it was not renewed: it is due at a
third."""


def read_look(data: object) -> ClusterLook:
    """Read a document; what it says of a node may be wrong, and stays its own.

    Raises:
        ValueError: it is no such document.
    """
    if type(data) is not dict:
        raise ValueError("expected an object")
    document = cast("dict[str, object]", data)
    nodes = document.get("nodes")
    if type(nodes) is not list:
        raise ValueError("nodes: expected a list")
    said = cast("list[object]", nodes)[:MOST_NODES]
    engine = document.get("engine", {})
    if type(engine) is not dict:
        raise ValueError("engine: expected an object")
    return ClusterLook(
        read(Engine, cast("dict[str, object]", engine)),
        [_node(each) for each in said],
    )


def _node(said: object) -> ClusterNode:
    data = cast("dict[str, object]", said) if type(said) is dict else {}
    data = {
        **data,
        "children": _counts(data.get("children")),
        "counted": _counts(data.get("counted")),
    }
    try:
        return read(ClusterNode, data)
    except (KeyError, ValueError):
        named = {key: data.get(key) for key in ("id", "node")}
        why = "it tells what cannot be read"
    try:
        return read(ClusterNode, {**named, "answers": False, "why": why})
    except (KeyError, ValueError):
        return ClusterNode("?", "?", answers=False, why=why)


def _counts(said: object) -> list[object]:
    """What a document has as an object of numbers, as a list."""
    items = cast("dict[object, object]", said).items() if type(said) is dict else ()
    found: list[object] = [{"name": key, "number": n} for key, n in items]
    return found[:MOST_COUNTS]


# --- how a node fares ------------------------------------------------------------


def node_health(node: ClusterNode, generation: str = "") -> tuple[str, Loudness]:
    """How a node fares, in a few words, and how loud that is.

    Args:
        node: The node.
        generation: Which memory of the engine most nodes have met.
    """
    if not node.answers:
        return node.why or "no answer", "bad"
    if node.ttl and node.lag > node.ttl * LATE:
        return f"late by {node.lag:.1f} s", "warn"
    age = lease_age(node)
    if node.ttl and age > node.ttl * RENEWED:
        return f"lease not renewed for {age:.1f} s", "warn"
    if generation and node.generation and node.generation != generation:
        return "knows another memory of the engine", "warn"
    return "ok" if node.accepts_children else "ok, takes no children", "ok"


def lease_age(node: ClusterNode) -> float:
    """For how many seconds a lease was not renewed."""
    return max(0.0, 0.95 * node.ttl - node.lease_left)


def generation_of(nodes: Iterable[ClusterNode]) -> str:
    """Which memory of the engine most nodes have met."""
    counts: dict[str, int] = {}
    for node in nodes:
        if node.answers and node.generation:
            counts[node.generation] = counts.get(node.generation, 0) + 1
    return max(counts, key=lambda each: (counts[each], each), default="")


def node_problems(node: ClusterNode, generation: str = "") -> list[str]:
    """What needs a look, a line each."""
    words, loud = node_health(node, generation)
    found = [words] if loud in ("warn", "bad") else []
    found += [
        f"{count.number:,} messages {count.name}"
        for count in node.counted
        if count.name in ("malformed", "refused") and count.number
    ]
    found += [
        f"topic {topic.key}: {gaps(topic.missed, topic.breaks)}"
        for topic in node.topics
        if topic.missed or topic.breaks
    ]
    return found


def gaps(missed: int, breaks: int) -> str:
    """What a listener to a topic did not get, in words."""
    said = [f"{missed:,} missed"] if missed else []
    if breaks:
        said.append(f"link broken {breaks:,} time{'s' * (breaks != 1)}")
    return ", ".join(said)


# --- who has what ------------------------------------------------------------------


@frozen
class NameSeen:
    """A name of the cluster, with who holds it; or that nobody does."""

    key: str
    kind: str
    """``name``, ``singleton`` or ``child``."""
    supervisor: str
    node: str
    """Who holds it; empty for nobody."""
    node_id: str
    status: str
    token: int
    path: str
    life: int
    waiters: tuple[str, ...] = ()
    """The nodes that stand by."""
    why: str = ""
    """Why nobody holds it, or what is wrong with who does."""

    @property
    def what(self) -> str:
        """What it is, in a word or two."""
        return f"child of {self.supervisor}" if self.kind == "child" else self.kind


@define
class _Found:
    held: list[NameSeen] = field(factory=list[NameSeen])
    waiters: dict[str, list[str]] = field(factory=dict[str, list[str]])
    unplaced: dict[tuple[str, str], ClusterUnplaced] = field(
        factory=dict[tuple[str, str], ClusterUnplaced]
    )


def names_seen(nodes: Iterable[ClusterNode]) -> list[NameSeen]:
    """All names that nodes told of, by key; those that nobody holds among them."""
    found = _Found()
    for node in nodes:
        for name in node.names:
            found.held.append(_held(node, name))
        for waiter in node.standing_by:
            found.waiters.setdefault(waiter.key, []).append(node.node)
        for child in node.unplaced:
            found.unplaced[child.supervisor, child.key] = child
    newest: dict[str, int] = {}
    for each in found.held:
        newest[each.key] = max(each.token, newest.get(each.key, 0))
    seen = [_judged(each, newest, found.waiters) for each in found.held]
    seen += _not_held(found, newest)
    return sorted(seen, key=lambda each: (each.key, -each.token, each.node))


def _held(node: ClusterNode, name: ClusterName) -> NameSeen:
    return NameSeen(
        name.key,
        name.kind,
        name.supervisor,
        node.node,
        node.id,
        name.status,
        name.token,
        name.path,
        name.life,
    )


def _judged(
    name: NameSeen, newest: Mapping[str, int], waiters: Mapping[str, list[str]]
) -> NameSeen:
    late = name.token < newest[name.key]
    why = "another node has it with a newer token" if late else ""
    standing = tuple(sorted(waiters.get(name.key, ())))
    return evolve(name, why=why, waiters=standing)


def _not_held(found: _Found, held: Mapping[str, int]) -> Iterable[NameSeen]:
    children = {key for _, key in found.unplaced}
    for child in found.unplaced.values():
        if child.key not in held:
            said = child.why or _MEANS.get(child.state, "")
            yield NameSeen(
                *(child.key, "child", child.supervisor, "", "", child.state, 0, "", 0),
                why=said,
            )
    for key, nodes in found.waiters.items():
        if key not in held and key not in children:
            yield NameSeen(
                *(key, "singleton", "", "", "", "wanted", 0, "", 0),
                tuple(sorted(nodes)),
                "nobody has it yet, or who has it does not answer",
            )


_MEANS: Final = {
    "wanted": "no node runs it at present",
    "failed": "it was given up",
    "ending": "it is to end",
}
