"""What ``trio-sup nodes --cluster`` prints for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.cluster_look import generation_of, node_health
from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.protocol.wire_cluster import ClusterLook, ClusterNode

_HEADS: Final = (
    "NODE",
    "HEALTH",
    "LEASE",
    "UP",
    "NAMES",
    "CHILDREN",
    "CALLS",
    "PROCESS",
)
WIDEST: Final = 120
"""Letters of a column: what is longer stands in ``--json``."""
_NAMES: Final = ("NAME", "NODE", "TOKEN", "STATUS", "LIFE", "CHILD")


def cluster_lines(look: ClusterLook, *, names: bool) -> Iterator[Clean]:
    """A line for each node, under a heading; then names, if wanted."""
    generation = generation_of(look.nodes)
    yield from _table([_HEADS, *(node_row(each, generation) for each in look.nodes)])
    if not names:
        return
    rows: list[tuple[str, ...]] = []
    left_out = 0
    for each in look.nodes:
        left_out += each.held - len(each.names)
        rows += [
            (n.key, each.node, str(n.token), n.status, str(n.life), n.path)
            for n in each.names
        ]
    yield from _table([("",), _NAMES, *sorted(rows)])
    if left_out > 0:
        yield from _table([(f"and {left_out} more",)])


def node_row(node: ClusterNode, generation: str) -> tuple[str, ...]:
    """One node, as its columns."""
    words, _ = node_health(node, generation)
    if not node.answers:
        return (node.node, words)
    return (
        node.node,
        words,
        lease(node),
        show.duration(node.up),
        str(node.held),
        children(node) or "-",
        str(node.waiting),
        process(node),
    )


def lease(node: ClusterNode) -> str:
    """How long the lease is good, if it is not renewed."""
    return f"{node.lease_left:.1f} of {node.ttl:g} s"


def children(node: ClusterNode) -> str:
    """How many children each supervisor of the cluster has there."""
    return " ".join(f"{count.name} {count.number}" for count in node.children)


def process(node: ClusterNode) -> str:
    """Which process on which machine."""
    return f"{node.pid} on {node.host}"


def _table(said: list[tuple[str, ...]]) -> Iterator[Clean]:
    rows = [tuple(map(_cut, row)) for row in said]
    columns = max(map(len, rows))
    full = [row for row in rows if len(row) == columns] or rows
    widths = [max(len(row[n]) for row in full) for n in range(columns)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield show.clean("  ".join(cells).rstrip())


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."
