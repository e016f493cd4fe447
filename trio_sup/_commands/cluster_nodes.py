"""``trio-sup nodes --cluster URL``: asks all nodes of a cluster, as one that runs nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from trio_sup._commands.command import CommandError
from trio_sup._commands.engines import engine_at
from trio_sup._commands.output import complain, say_lines
from trio_sup._commands.support import print_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from trio_sup._core.clean import Clean
    from trio_sup.cluster import Backend, NodeSnapshot, Unreachable

    Seen = Mapping[str, NodeSnapshot | Unreachable]

EXIT_SILENT = 7
TIMEOUT = 1.0
"""Seconds to wait for a node's answer, unless told otherwise."""


def run(args: argparse.Namespace) -> int:
    """List the nodes of a cluster; none is no failure."""
    import trio

    from trio_sup.cluster import EngineUnavailable

    timeout = TIMEOUT if args.timeout is None else args.timeout
    backend = engine_at(args.cluster, args.prefix)
    try:
        seen = trio.run(_look, backend, timeout)
    except EngineUnavailable as down:
        raise CommandError(str(down), EXIT_SILENT) from None
    if args.json:
        print_json({"schema": 1, "nodes": [_document(id, seen[id]) for id in seen]})
    elif seen:
        say_lines(_lines(seen, names=args.names))
    else:
        complain("no node is in this cluster")
    return 0


async def _look(backend: Backend, timeout: float) -> Seen:
    from trio_sup.cluster import open_cluster

    name = f"observer-{os.getpid()}"
    async with open_cluster(backend, node=name, accepts_children=False) as cluster:
        seen = await cluster.snapshot(timeout=timeout)
        return {id: each for id, each in seen.items() if id != cluster.id}


def _document(id: str, seen: NodeSnapshot | Unreachable) -> dict[str, object]:
    import attrs

    from trio_sup.cluster import NodeSnapshot

    answers = isinstance(seen, NodeSnapshot)
    return {"id": id, "answers": answers, **attrs.asdict(seen)}


def _lines(seen: Seen, *, names: bool) -> Iterator[Clean]:
    """A line for each node, under a heading; then names, if wanted."""
    from trio_sup.cluster import NodeSnapshot

    heading = ("NODE", "HEALTH", "LEASE", "UP", "NAMES", "CHILDREN", "CALLS", "PROCESS")
    yield from _table([heading, *(_row(each) for each in seen.values())])
    if not names:
        return
    columns = ("NAME", "NODE", "TOKEN", "STATUS", "LIFE", "CHILD")
    rows: list[tuple[str, ...]] = []
    left_out = 0
    for each in seen.values():
        if isinstance(each, NodeSnapshot):
            left_out += each.held - len(each.names)
            rows += [
                (n.key, each.node, str(n.token), n.status, str(n.life), n.path)
                for n in each.names
            ]
    yield from _table([("",), columns, *sorted(rows)])
    if left_out:
        yield from _table([(f"and {left_out} more",)])


def _row(seen: NodeSnapshot | Unreachable) -> tuple[str, ...]:
    from trio_sup.cluster import Unreachable
    from trio_sup.inspect.text import show

    if isinstance(seen, Unreachable):
        return (seen.node, seen.why)
    return (
        seen.node,
        _health(seen),
        f"{seen.lease_left:.1f} of {seen.ttl:g} s",
        show.duration(seen.up),
        str(seen.held),
        " ".join(f"{id} {n}" for id, n in sorted(seen.children.items())) or "-",
        str(seen.waiting),
        f"{seen.pid} on {seen.host}",
    )


def _health(seen: NodeSnapshot) -> str:
    if seen.lag > seen.ttl / 10:
        return f"late by {seen.lag:.1f} s"
    return "ok" if seen.accepts_children else "ok, takes no children"


def _table(rows: list[tuple[str, ...]]) -> Iterator[Clean]:
    from trio_sup.inspect.text import show

    columns = max(map(len, rows))
    full = [row for row in rows if len(row) == columns] or rows
    widths = [max(len(row[n]) for row in full) for n in range(columns)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield show.clean("  ".join(cells).rstrip())
