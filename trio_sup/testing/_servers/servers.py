"""All servers of one run: what concerns several of them, and when each is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from attrs import Factory, define

from trio_sup._children.current import current_record
from trio_sup._servers.messages import DownNote, Request
from trio_sup._servers.monitors import Monitor
from trio_sup._servers.rings import holds_up
from trio_sup.testing._servers import laws

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.events import LifecycleEvent
    from trio_sup._servers.mailbox import MailQueue
    from trio_sup.testing._servers.model import ServerModel


class Judged(Protocol):
    """A server's body, as those know it who judge several."""

    model: ServerModel

    @property
    def record(self) -> Record:
        """Whose it is."""
        ...

    def settled(self, *, held_up: bool) -> None:
        """Nothing more happens by itself."""
        ...


@define(eq=False)
class _Ends:
    """The ends that a monitor had to hear of, and those that it heard of."""

    owner: Judged
    due: list[int] = Factory(list[int])
    heard: Counter[int] = Factory(Counter[int])


class Servers:
    """What judges the servers of one run.

    Args:
        problem: Told of a law that is broken, and how.
        name: Returns what to call the child at a path.
        called: Told of each call that waits for an answer, and where.
        held_up: Whether the harness keeps a child from going on.
        rounds: Returns the number of the scheduler's present round.
    """

    def __init__(
        self,
        problem: Callable[[str, str], object],
        name: Callable[[str], str],
        called: Callable[[Request, MailQueue], object],
        held_up: Callable[[Record], bool],
        rounds: Callable[[], int],
    ) -> None:
        self._problem = problem
        self._name = name
        self._called = called
        self._held_up = held_up
        self.rounds = rounds
        self._all: list[Judged] = []
        self._monitors: dict[Monitor, _Ends] = {}
        # Calls that hold up the handler that made them: whose it is, and who is asked.
        self._waits: dict[Request, tuple[Record, Record]] = {}

    def add(self, server: Judged) -> None:
        """Judge one more."""
        self._all.append(server)

    def broken(self, law: str, record: Record, what: str) -> None:
        """A law does not hold of a server."""
        self._problem(law, f"{self._name(record.path_text)}: {what}")

    # Calls.

    def called(self, request: Request, queue: MailQueue) -> None:
        """A call was put in line."""
        self._called(request, queue)
        here, task = current_record.get(), request.task
        if here is None or here.mailbox is None or task is None:
            return
        if here.node is queue.record.node and holds_up(task, here):
            self._waits[request] = here, queue.record

    def _look_for_rings(self) -> None:
        self._waits = {r: way for r, way in self._waits.items() if r.task is not None}
        asks: dict[Record, list[Record]] = {}
        for request, (source, target) in self._waits.items():
            if request.held is None:
                asks.setdefault(source, []).append(target)
        for start in asks:
            if start in _reached(start, asks):
                self.broken(laws.RING, start, "its handler waits for itself in the end")

    # Monitors.

    def watches(self, monitor: Monitor, owner: Judged) -> None:
        """A server watches a child from now on."""
        self._monitors[monitor] = _Ends(owner)

    def watches_no_more(self, monitor: Monitor) -> None:
        """It does no longer."""
        self._monitors.pop(monitor, None)

    def told(self, note: DownNote, owner: Judged) -> None:
        """A `Down` was put in line."""
        monitor, down = note.monitor, note.message
        ends = self._monitors.get(monitor) if isinstance(monitor, Monitor) else None
        if ends is None or down.exit.kind == "noproc":
            return
        ends.heard[down.life] += 1
        times = sum(ends.heard.values())
        assert isinstance(monitor, Monitor)
        if ends.heard[down.life] > 1 or (monitor.until == "stopped" and times > 1):
            words = f"it hears again of the end of {self._target(monitor)}"
            self.broken(laws.DOWN, owner.record, words)

    def take(self, event: LifecycleEvent) -> None:
        """A life has ended: who watches has to hear of it."""
        for monitor, ends in self._monitors.items():
            record: Any = getattr(monitor.target, "record", None)
            if (
                monitor.until == "life"
                and record is not None
                and record.path_text == event.path
                and record.life == event.life
                and ends.owner.model.open
            ):
                ends.due.append(event.life)

    def _look_for_downs(self) -> None:
        for monitor, ends in self._monitors.items():
            missed = [life for life in ends.due if not ends.heard[life]]
            ends.due.clear()
            if missed and ends.owner.model.open:
                words = f"it hears nothing of the end of {self._target(monitor)}"
                self.broken(laws.DOWN, ends.owner.record, words)

    def _target(self, monitor: Monitor) -> str:
        return self._name(monitor.target.path_text)

    # Looked at.

    def settled(self) -> None:
        """Nothing more happens by itself."""
        for server in self._all:
            server.settled(held_up=self._held_up(server.record))
        if self._waits:
            self._look_for_rings()
        if self._monitors:
            self._look_for_downs()


def _reached(start: Record, asks: dict[Record, list[Record]]) -> Iterator[Record]:
    """Yield whom one waits for, and whom those wait for."""
    seen: set[Record] = set()
    todo = [start]
    while todo:
        for target in asks.get(todo.pop(), ()):
            if target not in seen:
                seen.add(target)
                todo.append(target)
                yield target
