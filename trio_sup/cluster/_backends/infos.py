"""What nodes tell of themselves, and what engines tell of records, as text."""

from __future__ import annotations

import json

from trio_sup.cluster._rules.words import Name, NodeId, NodeInfo, Recorded


def info_of(data: bytes | str | None) -> NodeInfo | None:
    """Read what a node told of itself; None if it is of a version that nobody knows.

    A later version may tell more: behind what is known.
    """
    try:
        id, name, accepts, factories, *more = json.loads(data or b"")
        supervisors = more[0] if more else ()
        return NodeInfo(
            NodeId(str(id)),
            str(name),
            bool(accepts),
            tuple(map(str, factories)),
            tuple(map(str, supervisors)),
        )
    except (ValueError, TypeError):
        return None


def text_of(info: NodeInfo) -> str:
    """Return what a node tells of itself, as engines keep it."""
    return json.dumps(
        [
            info.id,
            info.name,
            info.accepts_children,
            list(info.factories),
            list(info.supervisors),
        ]
    )


def recorded(data: bytes) -> Recorded | None:
    """Read what an engine tells of a change; None if it is none."""
    try:
        before, version, shelf, name, text = map(str, json.loads(data))
        return Recorded(int(before), int(version), shelf, Name(name), text or None)
    except (ValueError, TypeError):
        return None
