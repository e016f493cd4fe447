"""What charts are drawn of: the node's figures, and those of children that were chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup.inspect.model.trends import ChildTrends, NodeTrends

if TYPE_CHECKING:
    from trio_sup.inspect.client.session import Session

MOST: Final = 16
"""Children whose figures are kept: of more the first one is forgotten."""


@define
class Charts:
    """Samples of the node, from the first moment on, and of some children."""

    session: Session
    node: NodeTrends = field(factory=NodeTrends)
    children: dict[int, ChildTrends] = field(factory=dict[int, ChildTrends])

    def choose(self, id: int) -> None:
        """Keep the figures of a child from now on."""
        if id not in self.children:
            self.children[id] = ChildTrends()
        while len(self.children) > MOST:
            del self.children[next(iter(self.children))]

    def note(self) -> None:
        """Take samples, where that is due: after the node said something."""
        session = self.session
        beat = session.heartbeat
        if beat is None:
            return
        # The time of its last word: while it says nothing, nothing is drawn.
        at = beat.at
        restarts = session.paces.total.per_minute(at)
        self.node.sample(
            at,
            handled=session.traffic.handled,
            waiting=session.traffic.waiting,
            lag=beat.lag,
            restarts=restarts,
        )
        for id, trends in self.children.items():
            row = session.rows.get(id)
            if row is not None:
                detail = session.details.get(id)
                times = None if detail is None else detail.times
                trends.sample(row, times, at)

    def clear(self) -> None:
        """Another process: begin anew."""
        self.node = NodeTrends()
        self.children.clear()
