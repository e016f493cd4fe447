"""Who waits for whom, with the rings marked. Plain calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.node.bounds import MAX_NAME, clip
from trio_sup.inspect.protocol.wire_details import WaitEdge, Waits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio_sup.inspect.node.detail_parts import Ages
    from trio_sup.inspect.node.source_asked import ObservedCall
    from trio_sup.inspect.node.table import Table

MAX_EDGES: Final = 2000


def look_at_waits(table: Table, ages: Ages, now: float) -> Waits:
    """The calls in progress, as far as the node can see them."""
    calls: list[ObservedCall] = []
    for call in _calls(table):
        if len(calls) >= MAX_EDGES:
            return _waits(calls, ages, now, truncated=True)
        calls.append(call)
    return _waits(calls, ages, now, truncated=False)


def _calls(table: Table) -> Iterator[ObservedCall]:
    for cell in table.cells.values():
        if cell.row.mailbox_len is not None:
            yield from cell.child.inside().calls()


def _waits(
    calls: list[ObservedCall], ages: Ages, now: float, *, truncated: bool
) -> Waits:
    holding = [call for call in calls if call.holds]
    rings = in_rings((call.source, call.target) for call in holding)
    dead = in_rings((c.source, c.target) for c in holding if not c.deferred)
    edges: list[WaitEdge] = []
    for call in calls:
        state, way = "waits", (call.source, call.target)
        if call.holds and not call.deferred and way in dead:
            state = "deadlock"
        elif call.holds and way in rings:
            state = "ring"
        since = ages.of(call.item, now)
        op = clip(call.op, MAX_NAME)
        edges.append(WaitEdge(call.source, call.target, op, since, state))
    return Waits(now, edges, truncated)


def in_rings(edges: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those edges of a graph that lie on a ring."""
    edges = list(edges)
    ahead: dict[int, list[int]] = {}
    for source, target in edges:
        ahead.setdefault(source, []).append(target)
    component = _components(ahead)
    return {
        (source, target)
        for source, target in edges
        if source == target or component.get(source, -1) == component.get(target, -2)
    }


def _components(ahead: dict[int, list[int]]) -> dict[int, int]:
    """The strongly connected component of each node (Tarjan, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    found: dict[int, int] = {}
    for start in list(ahead):
        if start in index:
            continue
        todo = [(start, iter(ahead[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while todo:
            at, targets = todo[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    todo.append((target, iter(ahead.get(target, ()))))
                    break
                if target not in found:
                    low[at] = min(low[at], index[target])
            else:
                todo.pop()
                if todo:
                    above = todo[-1][0]
                    low[above] = min(low[above], low[at])
                if low[at] == index[at]:
                    while True:
                        member = stack.pop()
                        found[member] = at
                        if member == at:
                            break
    return found
