"""What a play of a scenario leaves: its trace, as data, as JSON, and side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TypeAlias, cast

from attrs import frozen

Value: TypeAlias = "bool | int | str | tuple[Value, ...] | dict[str, Value] | None"
"""What scenarios and traces are made of: JSON, with tuples for arrays."""


@frozen
class Trace:
    """What happened, in order, and what is left in the end.

    The words of the events are those of the suite: see `supervisors.scenario` and
    `servers.scenario`.
    """

    events: tuple[Value, ...]
    final: Value


def freeze(data: object) -> Value:
    """JSON with tuples in the place of arrays."""
    if isinstance(data, list | tuple):
        return tuple(freeze(item) for item in cast("Sequence[object]", data))
    if isinstance(data, dict):
        fields = cast("Mapping[str, object]", data)
        return {key: freeze(value) for key, value in fields.items()}
    return cast("Value", data)


def read_trace(data: Mapping[str, object]) -> Trace:
    """Builds a trace from its JSON form, an object of `events` and `final`."""
    events = freeze(data["events"])
    if not isinstance(events, tuple):
        raise ValueError("trace.events: expected an array")
    return Trace(events, freeze(data["final"]))


def write_trace(trace: Trace) -> dict[str, Value]:
    """The JSON form of a trace."""
    return {"events": trace.events, "final": trace.final}


def side_by_side(left: Trace, right: Trace, titles: tuple[str, str]) -> str:
    """Both traces in two columns; ``!`` marks where they part."""
    rows = list(
        zip_longest(
            [*map(_plain, left.events), f"final {_plain(left.final)}"],
            [*map(_plain, right.events), f"final {_plain(right.final)}"],
            fillvalue="",
        )
    )
    width = min(70, max(len(cell) for cell, _ in [titles, *rows]))
    lines = [f"  {titles[0]:{width}}  {titles[1]}"]
    lines += [
        f"{' ' if one == other else '!'} {one:{width}}  {other}" for one, other in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _plain(value: Value) -> str:
    return json.dumps(value, sort_keys=True).replace('"', "")
