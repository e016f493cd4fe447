"""Whether a node is well, by limits that can be set: for health checks. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.model.problems import HALF, LOOP, SLOW_OP, looping, state_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.protocol.wire import Row


@frozen
class Limits:
    """What a healthy node stays within."""

    down: int = 0
    """Children that may be quarantined, or stopped although permanent."""
    waiting: int = 0
    """Children that may be between two lives."""
    mailbox: float | None = None
    """Messages that may wait in one mailbox; None: fewer than its bound."""
    op: float = SLOW_OP
    """Seconds that one message may be in hand."""
    budget: float = HALF
    """The share of a restart budget that may be used up: below it."""
    restarts: float = LOOP - 1
    """Restarts of one child in a minute."""
    lag: float = math.inf
    """Seconds that the loop may be late."""
    children: int = 0
    """Children that there must be."""


@frozen
class Breach:
    """One thing that is not well."""

    path: str
    """The child; empty for the node itself."""
    problem: str
    """What is wrong, as a predicate."""


DEFAULT: Final = Limits()


def breaches(answer: Answer, limits: Limits = DEFAULT) -> list[Breach]:
    """What is beyond the limits: the node itself, then its children in start order."""
    rows = [row for _, row in sorted(answer.rows.items())]
    down = {row.id for row in rows if _down(row)}
    waiting = {row.id for row in rows if row.status in ("backing_off", "restarting")}
    # Up to the limit they are no news; beyond it each of them is named.
    excused: set[int] = set()
    if len(down) <= limits.down:
        excused |= down
    if len(waiting) <= limits.waiting:
        excused |= waiting
    return [*_node(answer, limits), *_children(rows, answer.now, limits, excused)]


def _node(answer: Answer, limits: Limits) -> Iterable[Breach]:
    if answer.lag > limits.lag:
        yield Breach("", f"has a loop that was {answer.lag:.3g} s late")
    if len(answer.rows) < limits.children:
        found = len(answer.rows)
        yield Breach("", f"has {found} children, {limits.children} are wanted")


def _children(
    rows: list[Row], now: float, limits: Limits, excused: set[int]
) -> Iterable[Breach]:
    for row in rows:
        # Of a child in a crash loop its present state says less than that.
        why = looping(row, now, above=limits.restarts)
        if why is None and row.id not in excused:
            why = _by_status(row, now) or _by_number(row, now, limits)
        if why is not None:
            yield Breach(row.path, why)


def _down(row: Row) -> bool:
    return row.status == "quarantined" or (
        row.status == "stopped" and row.restart == "permanent"
    )


def _by_status(row: Row, now: float) -> str | None:
    if row.status in ("starting", "running", "stopping"):
        return None
    return state_problem(row) if row.status != "stopped" or _down(row) else None


def _by_number(row: Row, now: float, limits: Limits) -> str | None:
    if (depth := row.mailbox_len) is not None:
        bound = row.mailbox_cap
        if limits.mailbox is not None and depth > limits.mailbox:
            return f"has {depth} messages waiting"
        if limits.mailbox is None and bound is not None and 0 < bound <= depth:
            return f"has a full mailbox ({depth}/{bound})"
    if row.op_since is not None and now - row.op_since > limits.op:
        held = now - row.op_since
        return f"has had one message ({row.op}) in hand for {held:.0f} s"
    used, most = row.budget_used, row.budget_max
    if used and most is not None and used >= limits.budget * most:
        return f"has used {used} of {most} restarts"
    return None
