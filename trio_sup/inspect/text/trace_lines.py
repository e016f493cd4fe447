"""Steps of servers as lines and as JSON: for the command and the app. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from trio_sup.inspect.finding.found_node import SCHEMA
from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.protocol.wire_trace import Trace, TraceStep
    from trio_sup.inspect.text.documents import Json

INDENT: Final = 2
MOST_INDENT: Final = 12
"""Levels that are indented; what lies deeper stands below the last."""


def what(step: TraceStep) -> Clean:
    """A step in words: the message with its arguments, or what came of it."""
    return show.clean("".join(what_parts(step)))


def what_parts(step: TraceStep) -> tuple[Clean, Clean, Clean]:
    """The same in parts: what, how long that took or waited, and what else is known.

    Where there is no room for all the last gives way first, then the first.
    """
    if step.kind == "received":
        text = f"{step.message} {step.op}{step.text}"
        time = f"  waited {_took(step.seconds)}" if step.seconds else ""
        more = f"  from {step.sender}" if step.sender else ""
    else:
        text = f"{step.kind} {step.op}{f' {step.text}' if step.text else ''}"
        time = f"  {_took(step.seconds)}"
        more = f"  [{step.state}]" if step.state else ""
    return show.clean(text), show.clean(time), show.clean(more)


def _took(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1000:.2f}ms"
    return show.duration(seconds)


def trace_line(step: TraceStep, wall: float) -> Clean:
    """One line of ``trio-sup trace``; the time is local."""
    when = datetime.fromtimestamp(wall, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
    indent = " " * (INDENT * min(step.depth, MOST_INDENT))
    return show.clean(f"{when}  #{step.id:<6} {indent}{step.path}  {what(step)}")


def trace_json(step: TraceStep, wall: float) -> Json:
    """One line of ``trio-sup trace --json``.

    Args:
        step: The step.
        wall: When, in seconds since 1970.
    """
    facts = attrs.asdict(step, filter=lambda field, _: field.name != "at")
    return {"schema": SCHEMA, "wall": round(wall, 6), **facts}


def cost_line(trace: Trace | None, missed: int) -> Clean:
    """What looking costs the node, and what found no room."""
    if trace is None:
        return show.clean("asking")
    servers = f"{trace.servers} server{'s' * (trace.servers != 1)}"
    more = f", {missed} steps counted only" if missed else ""
    return show.clean(f"{servers}, costs {trace.cost:.1%} of the loop{more}")


def way(steps: Iterable[TraceStep], root: int) -> list[TraceStep]:
    """All that belongs to one request, as it happened."""
    return [step for step in steps if step.root == root]
