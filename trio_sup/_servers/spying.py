"""Numbers for messages, so that one request can be followed through several servers.

They are there only while somebody looks. A message gets its number when it is queued
at a server that is looked at; what it was sent for is then in hand at its sender. What
was queued elsewhere gets its number when something that follows from it is seen.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

from trio_sup._children.current import current_record
from trio_sup._servers.messages import Item, Request

if TYPE_CHECKING:
    from trio_sup._children.record import Record

MAX_DEPTH: Final = 32
"""How far back is looked for what a message follows from: servers may wait in a ring."""

_numbers = count(1)


class Spy(Protocol):
    """Who is told of each step of a server. Must not raise."""

    def step(self, kind: str, item: Item, detail: object) -> None:
        """A message was ``received``, or its handler ended in one of the other ways."""
        ...


class Mark:
    """The number of a message, and what it follows from."""

    __slots__ = ("depth", "number", "parent", "root")

    def __init__(self, parent: Mark | None) -> None:
        self.number: int = next(_numbers)
        # The message in hand where this one was sent; 0 for none.
        self.parent: int = 0 if parent is None else parent.number
        # Where the chain began, and how long it is.
        self.root: int = self.number if parent is None else parent.root
        self.depth: int = 0 if parent is None else parent.depth + 1


def mark_sent(item: Any) -> None:
    """Give a message its number: called where it is sent."""
    record = current_record.get()
    _give(item, None if record is None else _in_hand(record, 0))


def mark_of(item: Any, depth: int = 0) -> Mark:
    """Return the number of a message; it gets one now if it has none."""
    known: Mark | None = getattr(item, "mark", None)
    if known is not None:
        return known
    record = None
    if isinstance(item, Request) and item.task is not None and depth < MAX_DEPTH:
        record = item.task.context.get(current_record)
    return _give(item, None if record is None else _in_hand(record, depth + 1))


def _in_hand(record: Record, depth: int) -> Mark | None:
    queue = record.mailbox
    item = None if queue is None else queue.current
    return None if item is None else mark_of(item, depth)


def _give(item: Any, parent: Mark | None) -> Mark:
    mark = Mark(parent)
    try:
        item.mark = mark
    except AttributeError:
        pass  # a `Down`, or a stop: nothing is followed from there
    return mark
