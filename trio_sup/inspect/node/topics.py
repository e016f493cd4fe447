"""What a node tells about itself on request: looked at while somebody follows.

To add a topic: a class here (or in a module of its own) that looks and hands out
shares, an entry in the table of `Topics`, its name in `wire_details.TOPICS`, and a
place in `client.topic_store`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import trio

from trio_sup.inspect.node.busy import BusyMeter
from trio_sup.inspect.node.log_tap import LogTopic
from trio_sup.inspect.node.node_info import facts_of_process, look_at_node
from trio_sup.inspect.node.registry_look import RegistryTopic
from trio_sup.inspect.node.shares import BusyShare, Newest, TasksShare
from trio_sup.inspect.node.task_table import TaskTable
from trio_sup.inspect.node.tracer import TraceTopic
from trio_sup.inspect.node.waiting import look_at_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trio_sup.inspect.node.detail_parts import Ages, Insides
    from trio_sup.inspect.node.numbers import Numbers
    from trio_sup.inspect.node.shares import Share
    from trio_sup.inspect.node.source import ObservedNode
    from trio_sup.inspect.node.table import Table
    from trio_sup.inspect.node.watchdog import Watchdog
    from trio_sup.inspect.protocol.wire_details import Busy, ClientInfo, NodeInfo, Waits

TOPIC_SECONDS: Final = 1.0
"""How often a topic is looked at."""


class Topic(Protocol):
    """One thing that a node tells about itself."""

    pace: float
    """Seconds between two looks."""

    def look(self, now: float) -> Iterator[None]:
        """Look at it, as somebody follows; yields between slices."""
        ...

    def end(self) -> None:
        """Nobody follows: keep nothing, measure nothing. Idempotent."""

    def share(self) -> Share:
        """What a client that begins to follow lacks: everything."""
        ...


class Topics:
    """All topics of a node; their looks are shared by all clients."""

    def __init__(
        self,
        node: ObservedNode,
        table: Table,
        numbers: Numbers,
        insides: Insides,
        settings: dict[str, str],
        watchdog: Watchdog,
        clients: Callable[[], list[ClientInfo]],
    ) -> None:
        self._busy = _BusyTopic(node)
        info = _InfoTopic(node, table, settings, clients, self._busy)
        # In the order of looking: whether steps are timed is told by `node`.
        self._topics: dict[str, Topic] = {
            "busy": self._busy,
            "tasks": _TasksTopic(node, numbers),
            "waits": _WaitsTopic(table, insides.ages),
            "node": info,
            "holds": _HoldsTopic(watchdog),
            "trace": TraceTopic(node, table, insides),
            "registry": RegistryTopic(node, insides),
            "logs": LogTopic(node.present_child, insides),
        }
        self._due = dict.fromkeys(self._topics, 0.0)

    @property
    def busy(self) -> Busy | None:
        """The window that was measured in the newest look, None if none was."""
        return self._busy.window

    def share(self, topic: str) -> Share:
        """One client's share of a topic, one of `wire_details.TOPICS`."""
        return self._topics[topic].share()

    def scan(self, followed: set[str]) -> Iterator[None]:
        """Look at what is followed, if it is time to; yields between slices."""
        self._end_what_nobody_follows(followed)
        self._busy.window = None
        now = trio.current_time()
        for name, topic in self._topics.items():
            if name in followed and now >= self._due[name]:
                self._due[name] = now + topic.pace
                yield from topic.look(now)

    def _end_what_nobody_follows(self, followed: set[str]) -> None:
        for name, topic in self._topics.items():
            if name not in followed:
                topic.end()

    def hurry(self) -> None:
        """Somebody began to follow: look at the next opportunity."""
        self._due = dict.fromkeys(self._topics, 0.0)

    def close(self) -> None:
        """End every measurement."""
        self._end_what_nobody_follows(set())


class _BusyTopic:
    """Who keeps the loop busy: measured while somebody follows."""

    pace = TOPIC_SECONDS

    def __init__(self, node: ObservedNode) -> None:
        self.meter = BusyMeter(node)
        self.window: Busy | None = None

    def look(self, now: float) -> Iterator[None]:
        """Take what was measured since the last look."""
        # The look that turns it on has nothing to tell: no time has passed.
        if self.meter.on:
            self.window = self.meter.take()
        self.meter.turn(on=True)
        yield

    def end(self) -> None:
        """Time no steps."""
        self.meter.turn(on=False)

    def share(self) -> Share:
        """Windows, each once."""
        return BusyShare(lambda: self.window)


class _TasksTopic:
    """All tasks of the program."""

    pace = TOPIC_SECONDS

    def __init__(self, node: ObservedNode, numbers: Numbers) -> None:
        self._table = TaskTable(node, numbers)

    def look(self, now: float) -> Iterator[None]:
        """Walk over all tasks."""
        return self._table.scan()

    def end(self) -> None:
        """Keep no task."""
        if self._table.cells:
            self._table.clear()

    def share(self) -> Share:
        """The tree, then its changes."""
        return TasksShare(self._table)


class _WaitsTopic:
    """Who waits for whom."""

    pace = TOPIC_SECONDS

    def __init__(self, table: Table, ages: Ages) -> None:
        self._table = table
        self._ages = ages
        self._waits: Waits | None = None

    def look(self, now: float) -> Iterator[None]:
        """Look for the calls in progress."""
        self._waits = look_at_waits(self._table, self._ages, now)
        yield

    def end(self) -> None:
        """Keep none."""
        self._waits = None

    def share(self) -> Share:
        """The calls, when they are others."""
        return Newest(
            lambda: None if self._waits is None else self._waits.edges,
            lambda: self._waits,
        )


class _InfoTopic:
    """The node as a whole."""

    pace = TOPIC_SECONDS

    def __init__(
        self,
        node: ObservedNode,
        table: Table,
        settings: dict[str, str],
        clients: Callable[[], list[ClientInfo]],
        busy: _BusyTopic,
    ) -> None:
        self._node = node
        self._table = table
        self._clients = clients
        self._busy = busy
        self._facts = facts_of_process(settings)
        self._info: NodeInfo | None = None

    def look(self, now: float) -> Iterator[None]:
        """Count what there is."""
        self._info = look_at_node(
            self._node,
            self._table,
            self._clients(),
            self._facts,
            tracing=self._busy.meter.on,
        )
        yield

    def end(self) -> None:
        """Keep nothing."""
        self._info = None

    def share(self) -> Share:
        """Every look."""
        return Newest(lambda: self._info, lambda: self._info)


class _HoldsTopic:
    """What held the loop: the watchdog knows."""

    pace = TOPIC_SECONDS

    def __init__(self, watchdog: Watchdog) -> None:
        self._watchdog = watchdog

    def look(self, now: float) -> Iterator[None]:
        """The watchdog looks by itself."""
        yield

    def end(self) -> None:
        """It goes on while somebody is attached."""

    def share(self) -> Share:
        """The incidents, when there is a new one."""
        return Newest(lambda: self._watchdog.changed, self._watchdog.holds)
