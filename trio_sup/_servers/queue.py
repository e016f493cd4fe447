"""The queue of one server: what arrives, its bound, its counters, what is next.

Rules:
* a call is bounded by its caller: it does not count against the capacity and is
  never dropped;
* system requests have a lane of their own, served between two handlers;
* two lists instead of a deque: `inbox` takes what arrives, `batch` is what is being
  worked off, reversed. Idle servers then hold two empty lists;
* what is counted is counted where messages pass in heaps. Each message alone pays for
  none: `received` and `handled` follow from `taken` and what is in line, and `peak` is
  looked at when `inbox` is longer than it may be without a new one. (Three counters a
  message were 1.0 k instructions, of 70 k for a call and 9 k for a cast.)

`call` and `cast` of `trio_sup._servers.asking` put messages in line themselves, if
`quick_to` lets them; the loop of `trio_sup._servers.loop` takes them out itself, as long
as not `seldom`. What they leave out stands here.
"""

from __future__ import annotations

import time
import weakref
from collections import OrderedDict
from threading import get_ident
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import Abort, Task, current_task, reschedule, wait_task_rescheduled

from trio_sup._core.errors import MailboxFull, NoProcess, WrongRun
from trio_sup._servers.lanes import Lanes
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
    from collections.abc import Mapping

    from trio_sup._children.record import Record
    from trio_sup._core.policies import Mailbox
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.handlers import Handler, Operation
    from trio_sup._servers.messages import Item


@protected
class Queue(Lanes):
    """What waits for one server child, over all its lives, and its counters."""

    __slots__ = (
        "_gone",
        "_peak",
        "batch",
        "blocked",
        "bounded",
        "ceiling",
        "current",
        "current_since",
        "dropped",
        "handlers",
        "inbox",
        "kept",
        "parked",
        "policy",
        "server",
        "stops",
        "taken",
        "target",
    )
    seldom: bool

    def __init__(self, record: Record, policy: Mailbox) -> None:
        super().__init__(record)
        self.policy: Mailbox = policy
        # How the server's class answers each operation; empty for what is no server.
        self.handlers: Mapping[Operation, Handler] = {}
        # What each life is made of: the class that the specification names, or a
        # subclass of it.
        self.target: type[Any] = object
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
        # Senders that wait for room. In a plain dict the first costs more with each
        # one that left.
        self.blocked: OrderedDict[Task, CastNote | InfoNote] | None = None
        # The object of the present life, for those who look from outside.
        self.server: ServerBase | None = None
        self.current: Item | None = None
        self.current_since: float = 0.0
        # How many messages were taken out of `inbox`, and how many of those never came
        # to a handler that ended: both since the life began.
        self.taken: int = 0
        self._gone: int = 0
        self.dropped: int = 0
        self._peak: int = 0
        # How long `inbox` may be without a new peak; at least that, see `note_peak`.
        self.ceiling: int = 0

    # Counted.

    @property
    def depth(self) -> int:
        """Messages waiting."""
        return len(self.inbox) + len(self.batch)

    @property
    def capacity(self) -> float:
        """The bound for casts and sends."""
        return self.policy.capacity

    @property
    def received(self) -> int:
        """Messages queued in the present life."""
        return self.taken + len(self.inbox)

    @property
    def handled(self) -> int:
        """Messages whose handler has ended, in the present life."""
        in_hand = 0 if self.current is None else 1
        return self.taken - self._gone - len(self.batch) - in_hand

    @property
    def peak(self) -> int:
        """The highest number of waiting messages in the present life."""
        return self._peak

    def note_peak(self) -> None:
        """`inbox` is longer than `ceiling`: see whether that is a new peak."""
        batch = len(self.batch)
        self._peak = max(self._peak, len(self.inbox) + batch)
        # Too low as soon as `batch` is shorter, and then looked at again.
        self.ceiling = self._peak - batch

    def took(self, taken: int, gone: int) -> None:
        """So many have left `inbox`, so many of all will come to no handler's end."""
        self.taken += taken
        self._gone += gone

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
        # Whoever is kept from the last life was received, but not in this one.
        self.taken = -len(self.inbox)
        self._gone = -self.depth
        self.dropped = 0
        self.background = 0
        self._peak = self.depth
        self.ceiling = len(self.inbox)
        self._suspended = False
        self.seldom = True  # there may be something to continue with
        self.accept()

    @property
    def accepting(self) -> bool:
        """Whether a message sent now would be queued."""
        return self._open_to != 0

    def accept(self) -> None:
        """Take messages from now on, from the Trio run that the server is part of."""
        self._open_to = self.record.node.home.thread
        self._let_in()

    def refuse(self) -> None:
        """Take no messages from now on."""
        self._open_to = self.quick_to = 0

    def put_call(self, request: Request) -> None:
        """Queue a call.

        Raises:
            NoProcess: there is no life to serve it.
            WrongRun: called from a thread or from another Trio run.
        """
        if get_ident() != self._open_to:
            raise self.not_taken("ref.call", waits=True)
        self._put(request)

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
        self._put(note)
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
        self.seldom = True

        def abort(_: object) -> Abort:
            del waiting[task]
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)

    def put_stop(self, note: StopNote) -> None:
        """Queue a stop behind what was sent before; never waits for room."""
        self.stops += 1
        self.seldom = True
        self._put(note)
        if self._suspended:
            self.wake()

    def put_down(self, note: DownNote) -> None:
        """Queue a `Down`; it never waits for room. Lost if the server ends."""
        if self.accepting:
            self._put(note)

    def put_system(self, request: SystemRequest) -> None:
        """Queue a system request; raises `NoProcess` when there is no life."""
        if not self.accepting or not self.record.alive:
            raise self.no_process()
        if self._system is None:
            self._system = []
        self._system.append(request)
        self.seldom = True
        self.wake()

    def _put(self, item: Item) -> None:
        self.inbox.append(item)
        if len(self.inbox) > self.ceiling:
            self.note_peak()
        if not self._suspended:
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
            raise MailboxFull(self.record.path_text, self.capacity)
        self.dropped += 1
        if policy == "drop_newest":
            return False
        shelf = self.batch
        if not isinstance(shelf, Shelf):
            shelf = self.batch = Shelf(reversed(shelf))
        shelf.extend(self.inbox)
        self.took(len(self.inbox), gone=1)
        self.inbox.clear()
        dropped = shelf.drop_oldest()
        self.ceiling = self._peak - len(shelf)
        if isinstance(dropped, TickNote):
            dropped.waits = False
        self.bounded -= 1
        return True

    # Leaving.

    def take(self) -> Item | None:
        """Return the next message, or None if there is none.

        While the server is suspended only a stop comes, and it overtakes.
        """
        if self._suspended:
            return self._find_stop() if self.stops else None
        batch = self.batch or (self.inbox and self.take_over())
        if not batch:
            return None
        item = batch.pop()
        self.leaves(item)
        return item

    def leaves(self, item: Item) -> None:
        """A message was taken out of the line."""
        if isinstance(item, BOUNDED):
            self.bounded -= 1
            if self.blocked:
                self._admit()
        elif isinstance(item, StopNote):
            self.stops -= 1
            self._gone += 1

    def take_over(self) -> list[Item]:
        """Return all that has arrived, to be worked off from its end."""
        batch = self.batch = self.inbox
        self.inbox = [] if type(batch) is list else StampedInbox(self)
        batch.reverse()
        self.taken += len(batch)
        self.ceiling = self._peak - len(batch)
        return batch

    def has_seldom(self) -> bool:
        """Whether there is anything that needs care, beside what the server wishes."""
        if self._system or self._suspended or self.stops or self.blocked:
            return True
        looked_at = self.meter is not None or self.spy is not None
        return looked_at or self.tracer is not None

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
        while self.blocked and self.bounded < self.capacity:
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
