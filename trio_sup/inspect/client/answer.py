"""What a node said when it was asked once. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire import Event, Hello, Row


@frozen
class Answer:
    """What a node said when it was asked once."""

    node: Hello
    now: float
    """The node's clock when it answered."""
    lag: float
    """By how many seconds its loop was late, lately."""
    rows: dict[int, Row]
    events: list[Event]
    """The newest events that the node remembers, oldest first."""


def wall_time(node: Hello, at: float) -> float:
    """A time of the node's clock in seconds since 1970."""
    return node.wall0 + at - node.mono0
