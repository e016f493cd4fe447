"""Measuring one server's messages, while somebody looks: nothing of it is there else.

How long a message waited is known by a stamp that an inbox of its own kind puts on it,
so that sending costs nothing while nobody measures.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from trio_sup._servers.messages import Item, name_of
from trio_sup._servers.spying import mark_sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup._servers.spying import Spy


class Meter(Protocol):
    """Who takes what was measured. Must not raise."""

    def note(self, op: str, waited: float | None, took: float) -> None:
        """A message was handled: it waited, if that is known, and took, seconds."""
        ...


class Measured(Protocol):
    """A server's queue, as far as it is measured."""

    meter: Meter | None
    spy: Spy | None
    inbox: list[Item]
    current_since: float
    seldom: bool

    def measure_by(self, meter: Meter | None) -> None:
        """Tell somebody how long each message waits and takes, or nobody."""
        ...


class StampedInbox(list[Item]):
    """Notes when each message arrived, and what it was sent for."""

    __slots__ = ("_queue",)

    def __init__(self, queue: Measured, items: Iterable[Item] = ()) -> None:
        super().__init__(items)
        self._queue = queue

    def append(self, item: Any, /) -> None:
        """Take a message."""
        try:
            item.queued_at = time.perf_counter()
        except AttributeError:
            pass  # a `Down`, or a stop: nobody asks how long it waited
        if self._queue.spy is not None:
            mark_sent(item)
        super().append(item)


def measure(queue: Measured, item: Item) -> None:
    """Tell the meter of a server about the message that was just handled."""
    meter = queue.meter
    if meter is None:
        return
    began = queue.current_since
    queued: float | None = getattr(item, "queued_at", None)
    waited = None if queued is None else max(0.0, began - queued)
    meter.note(name_of(item), waited, time.perf_counter() - began)


def set_meter(queue: Measured, meter: Meter | None) -> None:
    """Measure from now on, or no more; again and again, as an inbox may be replaced."""
    queue.measure_by(meter)
    _fit_inbox(queue)


def set_spy(queue: Measured, spy: Spy | None) -> None:
    """Tell of each step from now on, or no more; again and again, as `set_meter`."""
    queue.spy = spy
    queue.seldom = True
    _fit_inbox(queue)


def _fit_inbox(queue: Measured) -> None:
    stamped = isinstance(queue.inbox, StampedInbox)
    wanted = queue.meter is not None or queue.spy is not None
    if wanted and not stamped:
        queue.inbox = StampedInbox(queue, queue.inbox)
    elif stamped and not wanted:
        queue.inbox = list(queue.inbox)
