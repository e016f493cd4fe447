"""Who waits for whom: chains and rings of the calls in progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trio_sup.inspect.protocol.wire import Row
    from trio_sup.inspect.protocol.wire_details import WaitEdge, Waits

LONGEST: Final = 20
"""Calls of one chain that are followed."""
SILENT_LOOKS: Final = 2.5
"""Seconds without a word after which a node has looked again and found the same: it
looks at calls and mailboxes once a second, and tells what is another than before."""
RANK: Final = {"deadlock": 0, "ring": 1}


def by_urgency(edges: Iterable[WaitEdge]) -> list[WaitEdge]:
    """The calls that wait: deadlocks, then rings, then the longest first."""
    return sorted(edges, key=lambda e: (RANK.get(e.state, 2), e.since, e.source))


def seen_until(looked: float, now: float) -> float:
    """Up to when what a look found is known to go on.

    Args:
        looked: The node's clock at that look.
        now: The node's clock, as it was heard last.
    """
    return max(looked, now - SILENT_LOOKS)


def waited(edge: WaitEdge, waits: Waits, now: float) -> float:
    """For how long the node has seen a call wait: no longer than it has said so.

    A short call that each look finds anew has not waited since the last look: it is 0.

    Args:
        edge: The call.
        waits: What the node said of it.
        now: The node's clock, as it was heard last.
    """
    return max(0.0, seen_until(waits.at, now) - edge.since)


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


def rings(edges: Iterable[WaitEdge]) -> list[list[WaitEdge]]:
    """Every deadlock once, as its calls in order."""
    dead = by_urgency(edge for edge in edges if edge.state == "deadlock")
    found: list[list[WaitEdge]] = []
    seen: set[int] = set()
    for edge in dead:
        if edge.source not in seen:
            ring = chain(edge, dead)
            seen.update(each.source for each in ring)
            found.append(ring)
    return found


def deadlocks(
    edges: Iterable[WaitEdge], rows: Mapping[int, Row]
) -> list[tuple[int, str, str]]:
    """The deadlocks as lints have them: a row's id, its path, the ring in words."""
    found: list[tuple[int, str, str]] = []
    for ring in rings(edges):
        row = rows.get(ring[0].source)
        if row is not None:
            names = [_label(rows, edge.target) for edge in ring]
            found.append((row.id, row.path, "waits for " + ", for ".join(names)))
    return found


def _label(rows: Mapping[int, Row], id: int) -> str:
    row = rows.get(id)
    return row.label if row is not None else f"child {id}"
