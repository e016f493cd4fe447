"""What a node tells about itself on request: looked at while somebody follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from trio_sup.inspect.node.busy import BusyMeter
from trio_sup.inspect.node.node_info import facts_of_process, look_at_node
from trio_sup.inspect.node.task_table import TaskTable
from trio_sup.inspect.node.waiting import look_at_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trio_sup.inspect.node.detail_parts import Ages
    from trio_sup.inspect.node.numbers import Numbers
    from trio_sup.inspect.node.source import ObservedNode
    from trio_sup.inspect.node.table import Table
    from trio_sup.inspect.node.watchdog import Watchdog
    from trio_sup.inspect.protocol.wire_details import Busy, ClientInfo, NodeInfo, Waits

TOPIC_SECONDS: Final = 1.0
"""How often a topic is looked at."""


class Topics:
    """The newest look at each topic; shared by all clients of a node."""

    def __init__(
        self,
        node: ObservedNode,
        table: Table,
        numbers: Numbers,
        ages: Ages,
        settings: dict[str, str],
        watchdog: Watchdog,
    ) -> None:
        self.tasks: TaskTable = TaskTable(node, numbers)
        self.waits: Waits | None = None
        self.busy: Busy | None = None
        """The window that was measured in the newest look, None if none was."""
        self.info: NodeInfo | None = None
        self.watchdog: Watchdog = watchdog
        """Who held the loop: it is asked by whoever follows."""
        self._node = node
        self._table = table
        self._ages = ages
        self._meter = BusyMeter(node)
        self._facts = facts_of_process(settings)
        self._next = 0.0

    def scan(
        self, followed: set[str], clients: Callable[[], list[ClientInfo]]
    ) -> Iterator[None]:
        """Look at what is followed, if it is time to; yields between slices."""
        self._end_what_nobody_follows(followed)
        self.busy = None
        now = trio.current_time()
        if not followed or now < self._next:
            return
        self._next = now + TOPIC_SECONDS
        if "busy" in followed:
            self._meter.turn(on=True)
            self.busy = self._meter.take()
        if "tasks" in followed:
            yield from self.tasks.scan()
        if "waits" in followed:
            self.waits = look_at_waits(self._table, self._ages, now)
            yield
        if "node" in followed:
            self.info = look_at_node(
                self._node,
                self._table,
                clients(),
                self._facts,
                tracing=self._meter.on,
            )

    def _end_what_nobody_follows(self, followed: set[str]) -> None:
        if "busy" not in followed:
            self._meter.turn(on=False)
        if "tasks" not in followed and self.tasks.cells:
            self.tasks.clear()
        if "waits" not in followed:
            self.waits = None
        if "node" not in followed:
            self.info = None

    def hurry(self) -> None:
        """Somebody began to follow: look at the next opportunity."""
        self._next = 0.0

    def close(self) -> None:
        """End every measurement."""
        self._end_what_nobody_follows(set())
