"""The topics that one client follows, and what it has not been told of them yet."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import attrs

from trio_sup.inspect.node.watching import LEASE
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire_details import TOPICS, Busy, Held, Tasks, Waits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_sup.inspect.node.topics import Topics
    from trio_sup.inspect.protocol.wire_details import NodeInfo

TASKS_PER_FRAME: Final = 500
MAX_HELD: Final = 100


class Following:
    """Leases on topics; the newest look wins, long steps are collected."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._ends: dict[str, float] = {}
        # The generation of the task tree that the client has; None: nothing.
        self._tasks: int | None = None
        self._busy: Busy | None = None
        self._held: deque[Held] = deque(maxlen=MAX_HELD)
        self._waits: Waits | None = None
        self._info: NodeInfo | None = None
        # How many incidents there were when the client was told of them last.
        self._holds: int | None = None

    def follow(self, topic: str, now: float) -> bool:
        """Begin or prolong a lease; whether it began."""
        if topic not in TOPICS:
            return False
        new = topic not in self._ends
        self._ends[topic] = now + LEASE
        return new

    def unfollow(self, topic: str) -> None:
        """End a lease."""
        if self._ends.pop(topic, None) is not None:
            self._forget(topic)

    def live(self, now: float) -> set[str]:
        """The topics whose lease runs; those that ended are forgotten."""
        for topic in [t for t, ends in self._ends.items() if ends <= now]:
            self.unfollow(topic)
        return set(self._ends)

    def __bool__(self) -> bool:
        """Whether a lease may be running."""
        return bool(self._ends)

    def _forget(self, topic: str) -> None:
        if topic == "tasks":
            self._tasks = None
        elif topic == "busy":
            self._busy = None
            self._held.clear()
        elif topic == "waits":
            self._waits = None
        elif topic == "holds":
            self._holds = None
        else:
            self._info = None

    def note(self) -> None:
        """Take over a window that was measured: it is there once."""
        window = self._topics.busy
        if window is not None and "busy" in self._ends:
            self._busy = window
            self._held.extend(window.held)

    def frames(self, now: float) -> Iterator[bytes]:
        """What the client has not been told yet, a frame at a time."""
        live = self.live(now)
        if "tasks" in live:
            yield from self._task_frames(now)
        if self._busy is not None:
            window, self._busy = self._busy, None
            held = list(self._held)
            self._held.clear()
            yield encode(attrs.evolve(window, held=held))
        waits, info = self._topics.waits, self._topics.info
        if "waits" in live and waits is not None:
            if self._waits is None or self._waits.edges != waits.edges:
                yield encode(waits)
            self._waits = waits
        watchdog = self._topics.watchdog
        if "holds" in live and self._holds != watchdog.changed:
            self._holds = watchdog.changed
            yield encode(watchdog.holds())
        if "node" in live and info is not None and info is not self._info:
            self._info = info
            yield encode(info)

    def _task_frames(self, now: float) -> Iterator[bytes]:
        table = self._topics.tasks
        if not table.cells or self._tasks == table.gen:
            return
        before, self._tasks = self._tasks, table.gen
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
