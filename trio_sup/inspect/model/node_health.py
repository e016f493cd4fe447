"""How a whole node fares, in a few figures: for several of them side by side. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from trio_sup.inspect.model.health import breaches
from trio_sup.inspect.model.problems import looping
from trio_sup.inspect.model.tree_model import totals_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.model.health import Breach


@frozen
class NodeHealth:
    """What one node said of itself."""

    children: int
    down: int
    looping: int
    waiting: int
    stuck: int
    restarts: int
    """Of all children in the last minute."""
    mailbox: int
    """Messages in the fullest mailbox."""
    lag: float
    """By how many seconds its loop was late, lately."""
    up: float
    """Seconds since the process began."""
    problems: Sequence[Breach]
    """What needs a look, as `health.breaches` finds it."""

    @property
    def words(self) -> str:
        """In two words."""
        number = len(self.problems)
        return f"{number} problem{'s' * (number != 1)}" if number else "well"


def node_health(answer: Answer, restarts: int | None = None) -> NodeHealth:
    """The figures of a node.

    Args:
        answer: What it said.
        restarts: Those of the last minute, if they were counted.
    """
    down = waiting = stuck = loops = mailbox = paced = 0
    for row in answer.rows.values():
        each = totals_of(row)
        down += each.down
        waiting += each.waiting
        stuck += each.stuck
        mailbox = max(mailbox, each.mailbox)
        if row.pace is not None:
            paced += row.pace.per_minute(answer.now)
            loops += looping(row, answer.now) is not None
    hello = answer.node
    return NodeHealth(
        len(answer.rows),
        down,
        loops,
        waiting,
        stuck,
        paced if restarts is None else restarts,
        mailbox,
        answer.lag,
        answer.now - hello.mono0 + hello.wall0 - hello.started_wall,
        breaches(answer),
    )
