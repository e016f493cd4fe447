"""Who waits for whom: chains and rings of the calls in progress. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.protocol.wire_details import WaitEdge
    from trio_sup_inspector.state import NodeState

LONGEST: Final = 20
"""Calls of one chain that are followed."""
RANK: Final = {"deadlock": 0, "ring": 1}


def edges_by_urgency(state: NodeState) -> list[WaitEdge]:
    """The calls that wait: deadlocks, then rings, then the longest first."""
    waits = state.session.topics.waits
    if waits is None:
        return []
    return sorted(waits.edges, key=lambda e: (RANK.get(e.state, 2), e.since, e.source))


def chain(first: WaitEdge, edges: Sequence[WaitEdge]) -> list[WaitEdge]:
    """The call, the call that its server waits for, and so on.

    It ends where a server waits for nobody, or comes round to where it was.
    """
    ahead: dict[int, WaitEdge] = {}
    for edge in edges:
        known = ahead.get(edge.source)
        if known is None or RANK.get(edge.state, 2) < RANK.get(known.state, 2):
            ahead[edge.source] = edge
    found, seen = [first], {first.source}
    while len(found) < LONGEST and found[-1].target not in seen:
        seen.add(found[-1].target)
        follows = ahead.get(found[-1].target)
        if follows is None:
            break
        found.append(follows)
    return found


def rings(state: NodeState) -> list[list[WaitEdge]]:
    """Every deadlock once, as its calls in order."""
    edges = [e for e in edges_by_urgency(state) if e.state == "deadlock"]
    found: list[list[WaitEdge]] = []
    seen: set[int] = set()
    for edge in edges:
        if edge.source not in seen:
            ring = chain(edge, edges)
            seen.update(each.source for each in ring)
            found.append(ring)
    return found


def deadlocks(state: NodeState) -> list[tuple[int, str, str]]:
    """The deadlocks as lints have them: a row's id, its path, the ring in words."""
    found: list[tuple[int, str, str]] = []
    for ring in rings(state):
        row = state.row(ring[0].source)
        if row is not None:
            names = [_label(state, edge.target) for edge in ring]
            found.append((row.id, row.path, "waits for " + ", for ".join(names)))
    return found


def _label(state: NodeState, id: int) -> str:
    row = state.row(id)
    return row.label if row is not None else f"child {id}"
