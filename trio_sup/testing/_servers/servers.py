"""All servers of one run: what concerns several of them, and when each is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from trio_sup._children.current import current_record
from trio_sup._servers.messages import Request
from trio_sup._servers.rings import holds_up
from trio_sup.testing._servers import laws

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.mailbox import MailQueue
    from trio_sup.testing._beside.beside import Beside
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


class Servers:
    """What judges the servers of one run.

    Args:
        problem: Told of a law that is broken, and how.
        name: Returns what to call the child at a path.
        called: Told of each call that waits for an answer, and where.
        held_up: Whether the harness keeps a child from going on.
        rounds: Returns the number of the scheduler's present round.
        beside: What judges the rest.
    """

    def __init__(
        self,
        problem: Callable[[str, str], object],
        name: Callable[[str], str],
        called: Callable[[Request, MailQueue], object],
        held_up: Callable[[Record], bool],
        rounds: Callable[[], int],
        beside: Beside,
    ) -> None:
        self._problem = problem
        self._name = name
        self._called = called
        self._held_up = held_up
        self.rounds = rounds
        self.beside = beside
        self._all: list[Judged] = []
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
        self.beside.waits.calls(request, queue.record)
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

    # Looked at.

    def settled(self) -> None:
        """Nothing more happens by itself."""
        for server in self._all:
            server.settled(held_up=self._held_up(server.record))
        if self._waits:
            self._look_for_rings()


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
