"""In which order a flat list of children is shown. Pure."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup.inspect.protocol.wire import Row

    Measure = Callable[[Row, TreeModel, float, float], float | None]
    _Rank = tuple[float, str, int]


@frozen
class Order:
    """One way to sort."""

    id: str
    """Stable: what a command line or a saved setting says."""
    title: str
    """For people."""
    column: str
    """The id of the column that shows what is sorted by; empty if none does."""
    measure: Measure | None = None
    """The number of a row, given the model, the node's clock and the clock of
    `TreeModel.upsert`. None: by path, ascending. Rows without one come last."""


ORDERS: Final = (
    Order("mailbox", "mailbox depth", "mailbox", lambda r, m, t, w: r.mailbox_len),
    Order(
        "growth", "mailbox growth/s", "mailbox", lambda r, m, t, w: m.growth(r.id, w)
    ),
    Order("peak", "mailbox peak", "peak", lambda r, m, t, w: r.mailbox_peak),
    Order("restarts", "restarts", "restarts", lambda r, m, t, w: r.restarts),
    Order("rate", "handled/s", "rate", lambda r, m, t, w: m.handled_rate(r.id, w)),
    Order("handled", "messages handled", "rate", lambda r, m, t, w: r.handled),
    Order(
        "op",
        "time in the message in hand",
        "op",
        lambda r, m, t, w: None if r.op_since is None else t - r.op_since,
    ),
    Order(
        "uptime",
        "uptime of this life",
        "up",
        lambda r, m, t, w: None if r.began is None else t - r.began,
    ),
    Order("path", "path", "path"),
)
"""All orders; the first is the default of the process list."""

BY_ID: Final = {order.id: order for order in ORDERS}


def arrange(
    model: TreeModel,
    ids: Iterable[int],
    order: Order,
    *,
    now: float,
    clock: float,
    reverse: bool = False,
    first: int | None = None,
) -> list[int]:
    """The ids in an order: numbers from the largest, paths from A; ties by path.

    Args:
        model: Where the rows are.
        ids: What to sort.
        order: By what.
        now: The node's clock.
        clock: The clock that `TreeModel.upsert` was given.
        reverse: The other way round (what has no number still comes last).
        first: Sort only as many as are on screen, leave the rest unsorted after
            them; None sorts all.
    """
    rows, measure = model.rows, order.measure
    if measure is None:
        return sorted(ids, key=lambda id: rows[id].path, reverse=reverse)
    sign = 1 if reverse else -1
    ranked: list[_Rank] = []
    without: list[_Rank] = []
    for id in ids:
        row = rows[id]
        value = measure(row, model, now, clock)
        if value is None:
            without.append((0.0, row.path, id))
        else:
            ranked.append((sign * value, row.path, id))
    return [id for _, _, id in _sorted(ranked, without, first)]


def _sorted(
    ranked: list[_Rank], without: list[_Rank], first: int | None
) -> list[_Rank]:
    """Those with a number before those without; of many only the `first` in order."""
    if first is None or first >= len(ranked):
        return sorted(ranked) + sorted(without)
    top = heapq.nsmallest(first, ranked)
    seen = {id for _, _, id in top}
    return top + [each for each in ranked if each[2] not in seen] + without
