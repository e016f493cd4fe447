"""Who watches whom, what ends there are, and what is told of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import Factory, define

from trio_sup._children.watching import Down, Exits, Watch
from trio_sup._core.exits import NOPROC
from trio_sup._servers.monitors import Monitor
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.events import LifecycleEvent


@define(eq=False)
class Watched:
    """One monitor: what it has to hear, and what it heard."""

    watch: Watch
    record: Record | None
    name: str
    owner: Record | None
    """The server that watches, if one does."""
    owner_life: int
    due: list[int] = Factory(list[int])
    heard: Counter[int] = Factory(Counter[int])
    begins: bool = True
    noproc: bool = False
    ended: bool = False
    unread: deque[Down] = Factory(deque[Down])
    reading: int = 0
    arrived: Down | None = None
    """What came into the mailbox of the server last."""

    @property
    def hears(self) -> bool:
        """Whether somebody is there to be told."""
        owner = self.owner
        if owner is None:
            return True
        there = owner.alive and owner.life == self.owner_life
        return there and owner.asked is None and bool(owner.mailbox.accepting)

    @property
    def over(self) -> bool:
        """Whether no further end can come."""
        if self.record is None or self.record.status == "gone":
            return True
        told = bool(self.heard) or self.noproc
        return self.watch.until == "stopped" and told


class WatchesModel:
    """All monitors of one run, those of servers and those of plain tasks.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self.broken = broken
        self._all: dict[Watch, Watched] = {}

    def begins(self, watch: Watch) -> Watched:
        """Somebody is about to watch."""
        record: Record | None = watch._record  # pyright: ignore[reportPrivateUsage]
        owner = watch.owner if isinstance(watch, Monitor) else None
        life = 0 if owner is None else owner.life
        name = watch.target.path_text if record is None else record.path_text
        made = self._all[watch] = Watched(watch, record, name, owner, life)
        return made

    def of(self, watch: object) -> Watched | None:
        """Return what is known of a monitor."""
        return self._all.get(watch) if isinstance(watch, Watch) else None

    def arrived(self, watch: object, down: Down) -> None:
        """A `Down` is in line."""
        known = self.of(watch)
        if known is not None:
            if known.arrived is down:
                words = f"the end of life {down.life} comes into the mailbox twice"
                self.broken(laws.DOWN, known.name, words)
            known.arrived = down

    def is_void(self, watch: object) -> bool:
        """Whether it was cancelled: what it has told already is not to be heard."""
        known = self.of(watch)
        return known is not None and known.ended

    def told(self, known: Watched, down: Down) -> None:
        """Somebody is told of an end."""
        record, name = known.record, known.name
        if known.ended:
            self.broken(laws.CANCELLED, name, "its end is told to who cancelled that")
            return
        if known.owner is not None and known.owner.life != known.owner_life:
            words = f"its end is told to a life of {known.owner.path_text} that is over"
            self.broken(laws.CANCELLED, name, words)
            known.ended = True
            return
        if known.begins:
            known.noproc = down.exit is NOPROC
            if not known.noproc:
                self.broken(laws.TRUE_END, name, f"it is down, and told is {down.exit}")
            return
        known.heard[down.life] += 1
        assert record is not None
        if (
            record.alive
            or down.life != record.life
            or record.last_exit is not down.exit
        ):
            words = f"told is the end of life {down.life}: {down.exit}"
            self.broken(laws.TRUE_END, name, words)
        if known.watch.until == "life":
            if known.heard[down.life] > 1:
                self.broken(laws.DOWN, name, f"the end of life {down.life} comes again")
        elif record.may_return or sum(known.heard.values()) > 1:
            words = "it may return, or that was told before"
            self.broken(laws.STOPPED, name, words)

    def take(self, event: LifecycleEvent) -> None:
        """A life has ended: who watches has to hear of it."""
        for known in self._all.values():
            record = known.record
            if (
                known.watch.until == "life"
                and not known.ended
                and record is not None
                and record.path_text == event.path
                and record.life == event.life
                and known.hears
            ):
                known.due.append(event.life)

    def settled(self) -> None:
        """Nothing more happens by itself."""
        for known in list(self._all.values()):
            missed = [life for life in known.due if not known.heard[life]]
            known.due.clear()
            if known.ended or not known.hears:
                if known.ended and not known.reading:
                    del self._all[known.watch]
                continue
            if missed:
                words = f"the end of life {missed[0]} is not told"
                self.broken(laws.DOWN, known.name, words)
            self._see_stopped(known)
            self._see_reader(known)

    def _see_stopped(self, known: Watched) -> None:
        record = known.record
        if known.watch.until != "stopped" or record is None or record.may_return:
            return
        if not known.heard and not known.noproc:
            self.broken(
                laws.STOPPED, known.name, "it does not return, and nothing is told"
            )
            known.noproc = True

    def _see_reader(self, known: Watched) -> None:
        if not known.reading:
            return
        if known.unread:
            self.broken(laws.ITERATED, known.name, "an end was told, and is not read")
        elif known.over:
            self.broken(
                laws.ITERATED, known.name, "no end can come, and one is waited for"
            )
        else:
            return
        known.reading = 0
        known.ended = True


def begin(judge: Any, original: Any, watch: Watch) -> None:
    """Somebody watches from now on."""
    model: WatchesModel = judge.watches
    if not isinstance(watch, Exits | Monitor):
        original(watch)
        return
    known = model.begins(watch)
    record = known.record
    down = record is None
    if record is not None:
        down = not record.alive and record.status != "starting"
        if watch.until == "stopped":
            down = not record.may_return
    try:
        original(watch)
    except BaseException:
        model._all.pop(watch, None)  # pyright: ignore[reportPrivateUsage]
        raise
    known.begins = False
    if down is not known.noproc and known.hears:
        words = "nothing is told of it" if down else "it lives, and is said to be down"
        model.broken(laws.NOPROC, known.name, words)


def end(judge: Any, original: Any, watch: Watch) -> None:
    """He does no longer."""
    original(watch)
    known = judge.watches.of(watch)
    if known is not None:
        known.ended = True


def deliver(judge: Any, original: Any, watch: Any, down: Down) -> None:
    """Somebody is told of an end."""
    known = judge.watches.of(watch)
    if known is not None:
        judge.watches.told(known, down)
        if isinstance(watch, Exits):
            most = watch._downs.maxlen  # pyright: ignore[reportPrivateUsage]
            if len(known.unread) == most:
                known.unread.popleft()
            known.unread.append(down)
    original(watch, down)
    if known is None or not isinstance(watch, Monitor) or not known.hears:
        return
    if known.arrived is not down:
        words = f"the end of life {down.life} does not come into the mailbox"
        judge.broken(laws.DOWN, known.name, words)


async def read(judge: Any, original: Any, exits: Exits) -> Down:
    """Somebody reads the next end."""
    known: Watched | None = judge.watches.of(exits)
    if known is None:
        told: Down = await original(exits)
        return told
    known.reading += 1
    try:
        down: Down = await original(exits)
    except StopAsyncIteration:
        if known.unread or not (known.over or known.ended):
            words = "the iteration ends, and more is to come"
            judge.broken(laws.ITERATED, known.name, words)
        raise
    finally:
        known.reading = max(known.reading - 1, 0)
    first = known.unread.popleft() if known.unread else None
    if first is not down:
        judge.broken(laws.ITERATED, known.name, f"read is {down}, told was {first}")
    return down


STAND_INS = (
    StandIn(Watch, "begin", begin),
    StandIn(Watch, "end", end),
    StandIn(Exits, "deliver", deliver),
    StandIn(Monitor, "deliver", deliver),
    StandIn(Exits, "__anext__", read),
)
