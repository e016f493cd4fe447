"""What one client has been told of a topic: there for as long as it follows.

A topic (`topics`) belongs to the node and is looked at once for everybody; a share
belongs to one client and knows what that one lacks.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

import attrs

from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire_details import Busy, Held, Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trio_sup.inspect.node.task_table import TaskTable
    from trio_sup.inspect.protocol.wire import ServerMessage
    from trio_sup.inspect.protocol.wire_details import Follow

TASKS_PER_FRAME: Final = 500
MAX_HELD: Final = 100


class Share(Protocol):
    """One client's share of a topic."""

    def wish(self, follow: Follow) -> bool:
        """Take what the client asks for; whether that is something new."""
        ...

    def note(self) -> None:
        """There was a look at the node."""

    def frames(self, now: float) -> Iterator[bytes]:
        """What the client has not been told yet, a frame at a time."""
        ...

    def close(self) -> None:
        """The client follows no more."""


class Plain:
    """A share of a topic of which nothing can be asked."""

    def wish(self, follow: Follow) -> bool:
        """There is nothing to wish."""
        return False

    def note(self) -> None:
        """What there is is looked up in `frames`."""

    def close(self) -> None:
        """Nothing is kept for it."""


class Newest(Plain):
    """The newest look, whenever it says something else than the one before.

    Args:
        version: What tells one look from another, None before the first.
        message: What to say.
    """

    def __init__(
        self, version: Callable[[], object], message: Callable[[], ServerMessage | None]
    ) -> None:
        self._version = version
        self._message = message
        self._told: object = None

    def frames(self, now: float) -> Iterator[bytes]:
        """The newest look, if it was not told."""
        version = self._version()
        if version == self._told:
            return
        self._told = version
        message = None if version is None else self._message()
        if message is not None:
            yield encode(message)


class BusyShare(Plain):
    """Windows that were measured, each once; long steps are collected."""

    def __init__(self, window: Callable[[], Busy | None]) -> None:
        self._window = window
        self._busy: Busy | None = None
        self._held: deque[Held] = deque(maxlen=MAX_HELD)

    def note(self) -> None:
        """Take over a window that was measured: it is there once."""
        window = self._window()
        if window is not None:
            self._busy = window
            self._held.extend(window.held)

    def frames(self, now: float) -> Iterator[bytes]:
        """The last window, with the long steps of those before."""
        if self._busy is not None:
            window, self._busy = self._busy, None
            held = list(self._held)
            self._held.clear()
            yield encode(attrs.evolve(window, held=held))


class TasksShare(Plain):
    """The task tree, then what changed in it."""

    def __init__(self, table: TaskTable) -> None:
        self._table = table
        # The generation of the task tree that the client has; None: nothing.
        self._told: int | None = None

    def frames(self, now: float) -> Iterator[bytes]:
        """What changed since the generation that the client has."""
        table = self._table
        if not table.cells or self._told == table.gen:
            return
        before, self._told = self._told, table.gen
        reset = before is None or not table.knows_since(before)
        since = -1 if before is None or reset else before
        gone = [] if reset else table.gone_since(since)
        ids = table.changed_since(since)
        more = True
        while more:
            chunk, ids = ids[:TASKS_PER_FRAME], ids[TASKS_PER_FRAME:]
            more = bool(ids)
            up = [table.cells[n].row for n in chunk if n in table.cells]
            yield encode(Tasks(now, reset, up, gone, more, table.truncated))
            reset, gone = False, []
