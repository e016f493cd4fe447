"""The queue of one server: what arrives, its bound, its counters, what is next.

Rules:
* a call is bounded by its caller: it does not count against the capacity and is
  never dropped;
* system requests have a lane of their own, served between two handlers;
* two lists instead of a deque: `inbox` takes what arrives, `batch` is what is being
  worked off, reversed. Idle servers then hold two empty lists.
"""

from __future__ import annotations

import time
import weakref
from collections import OrderedDict
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol

import trio
from trio.lowlevel import Abort, Task, current_task, reschedule, wait_task_rescheduled

from trio_sup._core.errors import MailboxFull, NoProcess, WrongRun
from trio_sup._servers.measure import StampedInbox
from trio_sup._servers.messages import (
    CastNote,
    DownNote,
    InfoNote,
    Item,
    Request,
    StopNote,
    SystemRequest,
    TickNote,
    name_of,
)
from trio_sup._servers.shelf import BOUNDED, Shelf
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import WAKE

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup._children.record import Child, Record
    from trio_sup._core.policies import Mailbox
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.measure import Meter
    from trio_sup._servers.messages import Item


class Cancellable(Protocol):
    """A monitor, as the queue of the server that watches knows it."""

    @property
    def target(self) -> Child:
        """Whom it watches."""
        ...

    def cancel(self) -> None:
        """Hear no more."""


@protected
class Queue:
    """What waits for one server child, over all its lives, and its counters."""

    __slots__ = (
        "_open_to",
        "awaited",
        "background",
        "batch",
        "blocked",
        "bounded",
        "current",
        "current_since",
        "deferred",
        "dropped",
        "handled",
        "inbox",
        "kept",
        "meter",
        "monitors",
        "outgoing",
        "parked",
        "peak",
        "policy",
        "received",
        "record",
        "server",
        "stops",
        "suspended",
        "system",
        "tracer",
    )

    def __init__(self, record: Record, policy: Mailbox) -> None:
        self.record: Record = record
        self.policy: Mailbox = policy
        self.inbox: list[Item] = []
        # A shelf as soon as the oldest was to be dropped.
        self.batch: list[Item] | Shelf = []
        # Invariant: the number of casts and sends in `inbox` and `batch`.
        self.bounded: int = 0
        # Invariant: the number of stop notes in `inbox` and `batch`.
        self.stops: int = 0
        # The newest message that a former life left behind. Weak: it may be served.
        self.kept: weakref.ref[Item] | None = None
        self.parked: Task | None = None
        # The thread that may put messages in, the one of the Trio run; 0 while there
        # is no life to serve them. One comparison answers both questions.
        self._open_to: int = 0
        self.suspended: bool = False
        # What overtakes queued messages, between handlers.
        self.system: list[SystemRequest] = []
        self.deferred: dict[Request, None] = {}  # an empty set is thrice as large
        # Senders that wait for room. None before the first: an empty one is larger than
        # all else here. In a plain dict the first costs more with each one that left.
        self.blocked: OrderedDict[Task, CastNote | InfoNote] | None = None
        # What the handler in hand waits for, and of whom.
        self.outgoing: dict[Request, Record] = {}
        # Invariant: how many requests in the `outgoing` of others wait for this one;
        # mostly none, so that a call of its own closes no ring.
        self.awaited: int = 0
        # How many nurseries of the server's task are older than its handlers.
        self.background: int = 0
        # What the present life watches.
        self.monitors: dict[Cancellable, None] = {}
        self.tracer: Callable[[Any], object] | None = None
        # Who is told how long messages wait and take: only while somebody looks.
        self.meter: Meter | None = None
        # The object of the present life, for those who look from outside.
        self.server: ServerBase | None = None
        self.current: Item | None = None
        self.current_since: float = 0.0
        self.received: int = 0
        self.handled: int = 0
        self.dropped: int = 0
        self.peak: int = 0

    @property
    def depth(self) -> int:
        """Messages waiting."""
        return len(self.inbox) + len(self.batch)

    @property
    def capacity(self) -> float:
        """The bound for casts and sends."""
        return self.policy.capacity

    @property
    def full(self) -> bool:
        """Whether a sender would have to wait for room."""
        return self.bounded >= self.capacity and self.policy.when_full == "reject"

    @property
    def in_progress(self) -> tuple[str, float] | None:
        """The operation in hand and the Trio time it began, or None."""
        item = self.current
        if item is None:
            return None
        # A real duration for people to look at; nothing is decided by it.
        elapsed = time.perf_counter() - self.current_since
        return name_of(item), trio.current_time() - elapsed

    # Arriving.

    def open(self) -> None:
        """A life begins: messages queue from now on, `init` included."""
        self.accept()
        self.handled = self.received = self.dropped = 0
        self.background = 0
        self.peak = self.depth
        self.suspended = False

    @property
    def accepting(self) -> bool:
        """Whether a message sent now would be queued."""
        return self._open_to != 0

    def accept(self) -> None:
        """Take messages from now on, from the Trio run that the server is part of."""
        self._open_to = self.record.node.home.thread

    def put_call(self, request: Request) -> None:
        """Queue a call.

        Raises:
            NoProcess: there is no life to serve it.
            WrongRun: called from a thread or from another Trio run.
        """
        if get_ident() != self._open_to:
            raise self.not_taken("ref.call", waits=True)
        # As `_put`, which a call should not have to call; and as `wake`.
        inbox = self.inbox
        inbox.append(request)
        self.received += 1
        depth = len(inbox) + len(self.batch)
        if depth > self.peak:
            self.peak = depth
        task = self.parked
        if task is not None and not self.suspended:
            self.parked = None
            reschedule(task, WAKE)

    def put_note(self, note: CastNote | InfoNote) -> bool:
        """Queue a cast or send, or apply the policy; return whether it is queued.

        Raises:
            NoProcess: there is no life to serve it.
            MailboxFull: no room, and the policy is ``reject``.
            WrongRun: called from a thread or from another Trio run.
        """
        if get_ident() != self._open_to:
            raise self.not_taken(
                "ref.cast" if isinstance(note, CastNote) else "ref.send"
            )
        if self.bounded >= self.policy.capacity and not self._make_room():
            return False
        self.bounded += 1
        # As `_put`, in line.
        inbox = self.inbox
        inbox.append(note)
        self.received += 1
        depth = len(inbox) + len(self.batch)
        if depth > self.peak:
            self.peak = depth
        if self.parked is not None and not self.suspended:
            self.wake()
        return True

    async def put_waiting(self, note: CastNote | InfoNote) -> None:
        """Queue a cast or send as soon as there is room; in order of asking.

        Raises:
            NoProcess: there is no life to serve it (any more).
            WrongRun: called from a thread or from another Trio run.
        """
        if get_ident() != self._open_to:
            raise self.not_taken("ref.cast_wait", waits=True)
        if not self.full:
            self.put_note(note)
            return
        task = current_task()
        if self.blocked is None:
            self.blocked = OrderedDict()
        waiting = self.blocked
        waiting[task] = note

        def abort(_: object) -> Abort:
            del waiting[task]
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)

    def put_stop(self, note: StopNote) -> None:
        """Queue a stop behind what was sent before; never waits for room."""
        self.stops += 1
        self._put(note)
        if self.suspended:
            self.wake()

    def put_down(self, note: DownNote) -> None:
        """Queue a `Down`; it never waits for room. Lost if the server ends."""
        if self.accepting:
            self._put(note)

    def put_system(self, request: SystemRequest) -> None:
        """Queue a system request; raises `NoProcess` when there is no life."""
        if not self.accepting or not self.record.alive:
            raise self.no_process()
        self.system.append(request)
        self.wake()

    def _put(self, item: Item) -> None:
        self.inbox.append(item)
        self.received += 1
        depth = len(self.inbox) + len(self.batch)
        if depth > self.peak:
            self.peak = depth
        if self.parked is not None and not self.suspended:
            self.wake()

    def holds(self, note: Item) -> bool:
        """Whether this very message waits."""
        return any(item is note for pile in (self.batch, self.inbox) for item in pile)

    async def park(self) -> None:
        """Wait until something arrives, or `wake`. A checkpoint, always."""
        self.parked = current_task()
        await wait_task_rescheduled(self.unpark)

    def unpark(self, _: object) -> Abort:
        """The server was cancelled while it was parked."""
        self.parked = None
        return Abort.SUCCEEDED

    def wake(self) -> None:
        """Let the server look, if it is parked."""
        task = self.parked
        if task is not None:
            self.parked = None
            reschedule(task, WAKE)

    def _make_room(self) -> bool:
        policy = self.policy.when_full
        if policy == "reject":
            raise MailboxFull(self.record.path_text, self.policy.capacity)
        self.dropped += 1
        if policy == "drop_newest":
            return False
        shelf = self.batch
        if not isinstance(shelf, Shelf):
            shelf = self.batch = Shelf(reversed(shelf))
        shelf.extend(self.inbox)
        self.inbox.clear()
        dropped = shelf.drop_oldest()
        if isinstance(dropped, TickNote):
            dropped.waits = False
        self.bounded -= 1
        return True

    # Leaving.

    def take(self) -> Item | None:
        """Return the next message, or None if there is none.

        While the server is suspended only a stop comes, and it overtakes.
        """
        if self.suspended:
            return self._find_stop() if self.stops else None
        batch = self.batch
        if not batch:
            batch = self.inbox
            if not batch:
                return None
            if len(batch) > 1:
                self.batch = batch
                self.inbox = [] if self.meter is None else StampedInbox()
                batch.reverse()
        item = batch.pop()
        if isinstance(item, Request):
            return item
        if isinstance(item, BOUNDED):
            self.bounded -= 1
            if self.blocked:
                self._admit()
        elif isinstance(item, StopNote):
            self.stops -= 1
        return item

    def _find_stop(self) -> StopNote | None:
        for item in (*reversed(self.batch), *self.inbox):
            if isinstance(item, StopNote):
                return item
        return None  # Can't happen: `stops` counts what is in the two lists.

    def _admit(self) -> None:
        """Let the first sender that waits for room have it."""
        assert self.blocked is not None
        task, note = self.blocked.popitem(last=False)
        self.bounded += 1
        self._put(note)
        reschedule(task, WAKE)

    def admit_waiting(self) -> None:
        """Let those who wait for room have what there is."""
        while self.blocked and self.bounded < self.policy.capacity:
            self._admit()

    def no_process(self) -> NoProcess:
        """Return the error for a message that cannot be queued."""
        return NoProcess(self.record.path_text, f"is {self.record.status}")

    def not_taken(self, call: str, *, waits: bool = False) -> NoProcess | WrongRun:
        """Return the error for a message that came too late, or from elsewhere."""
        record = self.record
        home = record.node.home
        if home.here():
            return self.no_process()
        if home.over:
            return NoProcess(record.path_text, "was part of a Trio run that has ended")
        return home.refusal(call, record.path_text, waits=waits)
