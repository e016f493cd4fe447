"""What servers do, step by step: told to who follows, and bounded in what it costs.

Nothing of it is there while nobody follows. What a second may hold is bounded in steps
and in time; what comes on top is counted, and looked at no closer.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

import trio

from trio_sup.inspect.node.shares import Plain
from trio_sup.inspect.node.state_changes import StateChanges
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire_trace import Trace, TraceStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_sup.inspect.node.detail_parts import Insides
    from trio_sup.inspect.node.shares import Share
    from trio_sup.inspect.node.source import ObservedChild, ObservedNode
    from trio_sup.inspect.node.source_asked import ObservedStep
    from trio_sup.inspect.node.table import Table
    from trio_sup.inspect.protocol.wire_details import Follow

MAX_SERVERS: Final = 500
"""Servers that are looked at at a time."""
MAX_STEPS: Final = 1000
"""Steps of a second that are told; ..."""
MAX_SECONDS: Final = 0.05
"""... and the time of it that may go into telling."""
KEPT: Final = 1000
"""Steps that wait for a client."""
ROOTS: Final = 1000
"""Requests that are followed because an operation was met in them."""
STEPS_PER_FRAME: Final = 200


class TraceTopic:
    """All servers that somebody wants traced."""

    pace: float = 1.0

    def __init__(self, node: ObservedNode, table: Table, insides: Insides) -> None:
        self._node = node
        self._table = table
        self._insides = insides
        self._watchers: dict[int, _Watcher] = {}
        self.shares: set[TraceShare] = set()
        self.budget: Budget = Budget()
        # Numbers of looks; one may take several turns, and is to be whole when told of.
        self.begun: int = 0
        self.done: int = 0

    def look(self, now: float) -> Iterator[None]:
        """Look at the servers that there are by now, each new life included."""
        self.begun += 1
        wanted: dict[int, ObservedChild] = {}
        for share in list(self.shares):
            found = self._servers(share.child)
            share.uids = frozenset(found)
            wanted.update(found)
            yield
        for uid in [uid for uid in self._watchers if uid not in wanted]:
            self._watchers.pop(uid).close()
        for uid, child in wanted.items():
            watcher = self._watchers.get(uid)
            if watcher is None:
                changes = StateChanges(child, self._insides)
                watcher = self._watchers[uid] = _Watcher(self, child, changes)
            child.inside().spy(watcher)
        self.done = self.begun

    def _servers(self, uid: int) -> dict[int, ObservedChild]:
        """The server itself, or all below a supervisor; 0 stands for the node."""
        cell = self._table.cells.get(uid)
        todo = [] if cell is None else [cell.child]
        if not uid:
            todo = list(self._node.roots())
        found: dict[int, ObservedChild] = {}
        while todo and len(found) < MAX_SERVERS:
            child = todo.pop()
            if child.mailbox is not None:
                found[child.uid] = child
            todo += child.observed_children()
        return found

    def end(self) -> None:
        """Nobody follows: look at no server."""
        while self._watchers:
            self._watchers.popitem()[1].close()

    def share(self) -> Share:
        """What happens from now on."""
        share = TraceShare(self)
        self.shares.add(share)
        return share

    def step(self, watcher: _Watcher, step: ObservedStep) -> None:
        """Tell a step to those who want it."""
        clock = time.perf_counter()
        told = [share for share in self.shares if share.wants(watcher.child.uid, step)]
        if told:
            line = self._line(watcher, step)
            for share in told:
                share.add(line)
        self.budget.spend(time.perf_counter() - clock, steps=bool(told))

    def _line(self, watcher: _Watcher, step: ObservedStep) -> TraceStep:
        child, mark = watcher.child, step.mark
        letter = self._insides.letter(step.message, 0.0, child.inside().server)
        text = letter.text
        if step.kind == "received":
            state = watcher.changes.before()
        else:
            state = watcher.changes.after()
            text = self._insides.outcome(step.detail)
        return TraceStep(
            trio.current_time(),
            step.kind,
            child.uid,
            self._insides.path(child),
            letter.kind,
            letter.op,
            text,
            letter.sender,
            mark.number,
            mark.parent,
            mark.root,
            mark.depth,
            round(step.seconds, 7),
            state,
        )


class Budget:
    """What a second may hold, and what did not find room."""

    def __init__(self) -> None:
        self.missed: int = 0
        """How many steps found no room, ever."""
        self.cost: float = 0.0
        """Seconds that were spent in the last whole second."""
        self._second: float = -math.inf
        self._spent = 0.0
        self._steps = 0

    @property
    def open(self) -> bool:
        """Whether there is room for one more step; if not, it is counted."""
        self._turn()
        if self._spent < MAX_SECONDS and self._steps < MAX_STEPS:
            return True
        self.missed += 1
        return False

    def spend(self, seconds: float, *, steps: bool) -> None:
        """Count the time of a step, and the step if it was told."""
        self._spent += seconds
        self._steps += steps

    def _turn(self) -> None:
        second = math.floor(time.perf_counter())
        if second != self._second:
            self.cost = self._spent if second == self._second + 1 else 0.0
            self._second, self._spent, self._steps = second, 0.0, 0

    def last(self) -> float:
        """Seconds that were spent in the last whole second, as of now."""
        self._turn()
        return self.cost


class _Watcher:
    """Hears the steps of one server."""

    def __init__(
        self, topic: TraceTopic, child: ObservedChild, changes: StateChanges
    ) -> None:
        self.child = child
        self.changes = changes
        self._topic: TraceTopic | None = topic

    @property
    def open(self) -> bool:
        """Whether there is room for a step just now."""
        return self._topic is not None and self._topic.budget.open

    def step(self, step: ObservedStep) -> None:
        """Take one step; a fault of ours is no server's."""
        try:
            if self._topic is not None:
                self._topic.step(self, step)
        except Exception:  # noqa: BLE001 - it must not end a server
            self._topic = None

    def close(self) -> None:
        """Hear no more."""
        self._topic = None
        self.child.inside().spy(None)


class TraceShare(Plain):
    """What one client wants traced, and has not been told yet."""

    def __init__(self, topic: TraceTopic) -> None:
        self.child: int = 0
        self.uids: frozenset[int] = frozenset()
        self._topic = topic
        self._op = ""
        self._steps: deque[TraceStep] = deque()
        self._missed = 0
        self._told: tuple[object, ...] = ()
        self._seen = topic.budget.missed
        self._asked = topic.begun
        # Requests in which the operation was met: all of them is told.
        self._roots: OrderedDict[int, None] = OrderedDict()

    def wish(self, follow: Follow) -> bool:
        """Which child, with all below it, and which operation."""
        before = self.child, self._op
        self.child, self._op = follow.child, follow.text
        if before == (self.child, self._op):
            return False
        self._steps.clear()
        self._roots.clear()
        self._told = ()
        self._seen, self._asked = self._topic.budget.missed, self._topic.begun
        return True

    def wants(self, uid: int, step: ObservedStep) -> bool:
        """Whether the client wants to be told of a step."""
        if uid not in self.uids:
            return False
        root = step.mark.root
        if not self._op or root in self._roots:
            return True
        if step.message.op != self._op:
            return False
        self._roots[root] = None
        if len(self._roots) > ROOTS:
            self._roots.popitem(last=False)
        return True

    def add(self, step: TraceStep) -> None:
        """Keep a step until it is told; the oldest leave first."""
        self._steps.append(step)
        if len(self._steps) > KEPT:
            self._steps.popleft()
            self._missed += 1

    def close(self) -> None:
        """The client follows no more."""
        self._topic.shares.discard(self)

    def frames(self, now: float) -> Iterator[bytes]:
        """The steps since the last time; else what it costs, when that changes."""
        if self._topic.done <= self._asked:
            return
        budget = self._topic.budget
        missed, self._missed = self._missed + budget.missed - self._seen, 0
        self._seen = budget.missed
        cost = round(budget.last(), 4)
        said = len(self.uids), cost
        if not self._steps and not missed and said == self._told:
            return
        self._told = said
        steps = list(self._steps)
        self._steps.clear()
        while True:
            piece, steps = steps[:STEPS_PER_FRAME], steps[STEPS_PER_FRAME:]
            yield encode(Trace(now, piece, missed, len(self.uids), cost))
            missed = 0
            if not steps:
                return
