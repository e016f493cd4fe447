"""Figures of a node, or of one child, over time: what charts are drawn of. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire import Row
    from trio_sup.inspect.protocol.wire_times import TimesPart

KEPT: Final = 600
"""Samples that are kept of each series: ten minutes, one a second."""


@frozen
class Kind:
    """What a series is of."""

    title: str
    unit: str = ""
    """``s`` for seconds, ``%`` for a share, ``/s``, or nothing for a number."""
    least: float = 1.0
    """What fills a chart at least: smaller values are low in it."""


KINDS: Final = {
    "rate": Kind("messages handled", "/s"),
    "depth": Kind("messages waiting"),
    "lag": Kind("loop lag", "s", 0.01),
    "restarts": Kind("restarts, last minute"),
    "latency": Kind("a message takes (p99, last minute)", "s", 0.001),
    "waited": Kind("a message waits (p99, last minute)", "s", 0.001),
    "busy": Kind("keeps the loop busy (last minute)", "%", 0.01),
}
"""All series, by what ``--json`` calls them."""
OF_NODE: Final = ("rate", "depth", "lag", "restarts")
OF_CHILD: Final = ("rate", "depth", "latency", "waited", "busy")


@define(eq=False)
class Trends:
    """Series of samples: when, by the node's clock, and how much."""

    names: tuple[str, ...]
    series: dict[str, deque[tuple[float, float]]] = field(init=False)
    """By name; the oldest sample first."""
    at: float | None = None
    """When the last sample was taken."""

    def __attrs_post_init__(self) -> None:
        """Begin with nothing."""
        self.series = {name: deque(maxlen=KEPT) for name in self.names}

    def put(self, at: float, **values: float | None) -> None:
        """Take one sample; what is not known is left out."""
        self.at = at
        for name, value in values.items():
            if value is not None:
                self.series[name].append((at, value))

    def due(self, at: float) -> bool:
        """Whether it is time for the next sample."""
        if self.at is None or at < self.at:
            return True
        # A little early counts: looks do not come to the millisecond.
        return at - self.at >= 0.9


class NodeTrends(Trends):
    """Those of a whole node."""

    def __init__(self) -> None:
        super().__init__(OF_NODE)
        self._handled = 0
        self._worst = 0.0

    def sample(
        self, at: float, *, handled: int, waiting: int, lag: float, restarts: int
    ) -> None:
        """Take a sample, if it is time to.

        Args:
            at: The node's clock.
            handled: Messages handled since some moment, always the same one.
            waiting: Messages that wait.
            lag: By how much its loop was late, lately.
            restarts: Those of the last minute.
        """
        self._worst = max(self._worst, lag)
        if not self.due(at):
            return
        span = None if self.at is None else at - self.at
        done, self._handled = max(handled - self._handled, 0), handled
        rate = done / span if span is not None and span > 0 else None
        self.put(at, rate=rate, depth=waiting, lag=self._worst, restarts=restarts)
        self._worst = 0.0


class ChildTrends(Trends):
    """Those of one child."""

    def __init__(self) -> None:
        super().__init__(OF_CHILD)
        self._before: tuple[float, int, int] | None = None

    def sample(self, row: Row, times: TimesPart | None, at: float) -> None:
        """Look at a row, and at what was measured of it, if it is time to.

        Args:
            row: The child.
            times: What was measured, if anything was.
            at: The node's clock.
        """
        if not self.due(at):
            return
        ops = [] if times is None else [op for op in times.ops if op.handled_minute]
        latency = max((op.took_most_minute for op in ops), default=None)
        waited = max((op.waited_most_minute for op in ops), default=None)
        busy = None if times is None else times.busy_minute
        rate = self._rate(row, at)
        depth = row.mailbox_len
        self.put(at, rate=rate, depth=depth, latency=latency, waited=waited, busy=busy)

    def _rate(self, row: Row, at: float) -> float | None:
        if row.handled is None:
            return None
        before, self._before = self._before, (at, row.life, row.handled)
        if before is None or at <= before[0]:
            return None
        done = row.handled - (before[2] if before[1] == row.life else 0)
        return max(done, 0) / (at - before[0])
