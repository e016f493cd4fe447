"""The documents that ``--json`` prints: nodes, trees, rows, health, events. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, cast

from trio_sup.inspect.client.answer import wall_time
from trio_sup.inspect.finding.found_node import SCHEMA
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.model.tree_model import ROOT, TreeModel, snapshot
from trio_sup.inspect.model.tree_view import shown_with_ancestors
from trio_sup.inspect.model.trends import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.finding.found_node import FoundNode
    from trio_sup.inspect.model.health import Breach
    from trio_sup.inspect.model.query import Query
    from trio_sup.inspect.model.trends import Trends
    from trio_sup.inspect.protocol.wire import Event, Hello, Row
    from trio_sup.inspect.text.node_lines import Checked

Json: TypeAlias = "dict[str, object]"

MAX_NESTING: Final = 100
"""Levels of nested JSON: what reads it has limits, too."""


class TooDeep(Exception):
    """A tree has more levels than `MAX_NESTING`."""


def nodes_json(nodes: Sequence[FoundNode]) -> Json:
    """The document of ``trio-sup nodes --json``."""
    return {"schema": SCHEMA, "nodes": [_node_json(node) for node in nodes]}


def health_json(nodes: Sequence[Checked]) -> Json:
    """The document of ``trio-sup nodes --health --json``."""
    return {
        "schema": SCHEMA,
        "ok": all(node.well for node in nodes),
        "nodes": [_health_json(node) for node in nodes],
    }


def _health_json(node: Checked) -> Json:
    it = node.health
    if it is None:
        error = {"error": node.error, "code": node.code}
        return {"node": node.title, "ok": False, **error, "health": None}
    health: Json = {
        "up_seconds": it.up,
        "lag_seconds": it.lag,
        "children": it.children,
        "down": it.down,
        "looping": it.looping,
        "waiting": it.waiting,
        "stuck": it.stuck,
        "restarts_last_minute": it.restarts,
        "fullest_mailbox": it.mailbox,
        "problems": [
            {"path": p.path or None, "problem": p.problem} for p in it.problems
        ],
    }
    answered = {"node": node.title, "ok": node.well, "error": None, "code": None}
    return {**answered, "health": health}


def trends_json(trends: Trends, node: Hello | None, child: str | None) -> Json:
    """The document of ``trio-sup chart --json``: the samples of each series."""

    def wall(at: float) -> float:
        return at if node is None else round(wall_time(node, at), 3)

    series = [
        {
            "name": name,
            "title": KINDS[name].title,
            "unit": KINDS[name].unit or None,
            "samples": [[wall(at), round(value, 6)] for at, value in samples],
        }
        for name, samples in trends.series.items()
    ]
    about: Json = {"schema": SCHEMA, "node": None if node is None else node.node}
    return {**about, "child": child, "series": series}


def _node_json(node: FoundNode) -> Json:
    file = node.file
    return {
        "name": node.name,
        "pid": node.pid,
        "socket": str(node.socket),
        "uid": node.uid,
        "accepts": node.probe == "listening",
        "process": node.process,
        "epoch": file.epoch if file else None,
        "started_wall": file.started_wall if file else None,
        "program": file.argv0 if file else None,
        "cwd": file.cwd if file else None,
        "python": file.python if file else None,
        "trio_sup": file.trio_sup if file else None,
    }


def tree_json(answer: Answer, query: Query | None, depth: int | None) -> Json:
    """The document of ``trio-sup tree --json``: children nested in their parents."""
    model = snapshot(answer.rows.values())
    shown: set[int] | None = None
    if query:
        matches = set(query.select(model.rows.values(), answer.now))
        shown = shown_with_ancestors(model, matches)
    return {
        "schema": SCHEMA,
        "node": _hello_json(answer),
        "filter": query.text if query else None,
        "rows": len(model.rows),
        "children": _children_json(model, answer.now, shown, depth),
    }


def _hello_json(answer: Answer) -> Json:
    hello = answer.node
    return {
        "name": hello.node,
        "pid": hello.pid,
        "epoch": hello.epoch,
        "python": hello.python,
        "trio": hello.trio,
        "trio_sup": hello.trio_sup,
        "started_wall": hello.started_wall,
        "lag_seconds": answer.lag,
    }


def rows_json(answer: Answer, rows: Sequence[Row], query: Query | None) -> Json:
    """The document of ``trio-sup ps --json``: the rows as a flat list, in order."""
    return {
        "schema": SCHEMA,
        "node": _hello_json(answer),
        "filter": query.text if query else None,
        "rows": len(answer.rows),
        "children": [flat_json(row, answer.now) for row in rows],
    }


def _children_json(
    model: TreeModel, now: float, shown: set[int] | None, depth: int | None
) -> list[Json]:
    """The children of the root, nested without recursion: chains may be deep."""
    top: list[Json] = []
    todo: list[tuple[int, list[Json], int]] = [(ROOT, top, 1)]
    while todo:
        parent, out, level = todo.pop()
        for uid in model.children(parent):
            if shown is not None and uid not in shown:
                continue
            below: list[Json] = []
            out.append(_row_json(model.rows[uid], now, below, model.child_count(uid)))
            if depth is None or level < depth:
                if level > MAX_NESTING and model.child_count(uid):
                    raise TooDeep
                todo.append((uid, below, level + 1))
    return top


def children_of(document: Json) -> list[Json]:
    """The children of a document of `rows_json`."""
    children = document["children"]
    assert isinstance(children, list)
    return cast("list[Json]", children)


def _row_json(row: Row, now: float, below: list[Json], children: int) -> Json:
    return flat_json(row, now) | {"child_count": children, "children": below}


def flat_json(row: Row, now: float) -> Json:
    """One child, without those below it."""
    return {
        "id": row.id,
        "label": row.label,
        "path": row.path,
        "kind": row.kind,
        "target": row.target,
        "restart": row.restart,
        "name": row.name or None,
        "status": row.status,
        "problem": problem(row, now),
        "life": row.life,
        "restarts": row.restarts,
        "life_seconds": None if row.began is None else round(now - row.began, 6),
        "mailbox": _mailbox_json(row, now),
        "last_exit": row.last_exit or None,
        "budget": None
        if row.budget_max is None
        else {
            "used": row.budget_used,
            "max": None if row.budget_max < 0 else row.budget_max,
            "seconds": row.budget_seconds,
        },
    }


def _mailbox_json(row: Row, now: float) -> Json | None:
    if row.mailbox_len is None:
        return None
    capacity = row.mailbox_cap
    return {
        "length": row.mailbox_len,
        "capacity": None if capacity is None or capacity < 0 else capacity,
        "peak": row.mailbox_peak,
        "handled": row.handled,
        "operation": row.op,
        "operation_seconds": None
        if row.op_since is None
        else round(now - row.op_since, 6),
    }


def status_json(answer: Answer, found: Sequence[Breach]) -> Json:
    """The document of ``trio-sup status --json``."""
    hello = answer.node
    totals = snapshot(answer.rows.values()).totals()
    return {
        "schema": SCHEMA,
        "node": hello.node,
        "pid": hello.pid,
        "ok": not found,
        "lag_seconds": answer.lag,
        "children": totals.rows,
        "down": totals.down,
        "waiting": totals.waiting,
        "stuck": totals.stuck,
        "restarts": totals.restarts,
        "messages_waiting": totals.mailbox,
        "problems": [
            {"path": breach.path or None, "problem": breach.problem} for breach in found
        ],
    }


def event_json(event: Event, wall: float) -> Json:
    """One line of ``trio-sup events --json``.

    Args:
        event: What happened.
        wall: When, in seconds since 1970.
    """
    return {
        "schema": SCHEMA,
        "wall": round(wall, 6),
        "kind": event.kind,
        "path": event.path,
        "text": event.text,
    }
