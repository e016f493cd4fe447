"""The records of supervisors as one node knows them: read once, then kept up to date."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Protocol

import trio
from attrs import Factory, define

from trio_sup._trio.log import Log
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._backends.link import LinkDown
from trio_sup.cluster._rules.placing import ChildRecord, read_record
from trio_sup.cluster._rules.words import Beat, Gone, Listing, Name, Recorded
from trio_sup.cluster.errors import EngineUnavailable

if TYPE_CHECKING:
    from trio_sup.cluster._nodes.session import Session

_log: Final = Log("trio_sup.cluster")


class Host(Protocol):
    """Who runs children of a supervisor of the cluster on this node."""

    leaving: bool
    """Set once nothing is to be taken any more."""

    def chance(self) -> None:
        """What could not be done may be possible now."""

    async def hand_over(self) -> None:
        """Let others run what runs here."""


@define(eq=False)
class Shelf:
    """The children of one supervisor of the cluster."""

    id: str
    records: dict[Name, ChildRecord] = Factory(dict[Name, ChildRecord])
    texts: dict[Name, str] = Factory(dict[Name, str])
    """As the engine has them."""
    ahead: dict[Name, int] = Factory(dict[Name, int])
    """Own changes that are known before they are told: their numbers."""
    known: bool = False
    """Whether they have been read."""
    read: Waiters = Factory(Waiters)
    """Woken when they were read."""
    _waiters: dict[Name, Waiters] = Factory(dict[Name, Waiters])
    listeners: list[Callable[[Name | None], None]] = Factory(
        list["Callable[[Name | None], None]"]
    )
    """Told which record changed, or that any may have."""

    def set(self, name: Name, text: str | None) -> None:
        """Note what the engine has."""
        self.records.pop(name, None)
        self.texts.pop(name, None)
        if text is not None:
            self.texts[name] = text
            record = read_record(text)
            if record is not None:  # else it is of a version to come
                self.records[name] = record
        self.tell(name)

    def told(self, told: Recorded) -> None:
        """Note a change, unless it is older than one of this node's own."""
        own = self.ahead.get(told.name, 0)
        if own <= told.version:
            self.ahead.pop(told.name, None)
        if own < told.version:
            self.set(told.name, told.text)

    def set_all(self, listing: Listing) -> None:
        """Note all that the engine had when it was asked."""
        self.known = True
        ahead = {n: v for n, v in self.ahead.items() if v > listing.version}
        for name in [*self.texts, *listing.records]:
            text = listing.records.get(name)
            if name not in ahead and self.texts.get(name) != text:
                self.set(name, text)
        self.ahead = ahead
        self.tell(None)

    async def wait(self, name: Name) -> None:
        """Wait until a record may have changed, or who runs it. A checkpoint."""
        waiters = self._waiters.setdefault(name, Waiters())
        await waiters.wait()

    def tell(self, name: Name | None) -> None:
        """Something is to be looked at again: one child, or all."""
        if name is None:
            for one in list(self._waiters):
                self._waiters.pop(one).wake()
        elif name in self._waiters:
            self._waiters.pop(name).wake()
        for listener in self.listeners:
            listener(name)


@protected
class Shelves:
    """The shelves of one node.

    Args:
        joined: Waits for a session, and returns it.
        session: Returns the present one; raises `EngineUnavailable`.
        spawn: Begins a task beside.
    """

    def __init__(
        self,
        joined: Callable[[], Awaitable[Session]],
        session: Callable[[], Session],
        spawn: Callable[..., None],
    ) -> None:
        self._joined = joined
        self._session = session
        self._spawn = spawn
        self._shelves: dict[str, Shelf] = {}
        self._generation: str | None = None
        self._version = 0
        self._stale = False
        self._reading = False
        self._work = Waiters()
        self._begun = False

    def open(self, id: str) -> Shelf:
        """Return a shelf; it is read soon."""
        shelf = self._shelves.get(id)
        if shelf is None:
            shelf = self._shelves[id] = Shelf(id)
            self._go_stale()
        if not self._begun:
            self._begun = True
            self._spawn(self._keep_reading)
        return shelf

    def all(self) -> list[Shelf]:
        """Return those that are open here."""
        return list(self._shelves.values())

    async def swap(
        self, shelf: Shelf, name: Name, old: str | None, new: ChildRecord | None
    ) -> bool:
        """Change a record; return whether it was what it was thought to be.

        Raises:
            EngineUnavailable: nobody knows whether it was changed.
        """
        session = self._session()
        text = None if new is None else new.text()
        ask = session.link.records.swap(session.info.id, shelf.id, name, old, text)
        try:
            answer = await session.ask(ask)
        except LinkDown as down:
            self._go_stale()
            raise EngineUnavailable(str(down)) from down
        if isinstance(answer, Gone):
            raise EngineUnavailable("the engine does not know this node at present")
        if not answer.done:
            self._go_stale()  # another was first, or the engine lost its memory
        else:
            shelf.ahead[name] = answer.version
            shelf.set(name, text)
        return answer.done

    async def refresh(self, shelf: Shelf) -> None:
        """Read what the engine has now. A checkpoint."""
        self._go_stale()
        while self._stale or self._reading:
            await shelf.read.wait()

    # What comes in.

    def recorded(self, told: Recorded) -> None:
        """A record was changed."""
        if told.version <= self._version:
            return  # it was read already
        if told.before != self._version:
            self._go_stale()
            return
        self._version = told.version
        shelf = self._shelves.get(told.shelf)
        if shelf is not None:
            shelf.told(told)

    def beat_answered(self, beat: Beat) -> None:
        """A heartbeat tells whether anything was missed."""
        if self._shelves and (beat.version, beat.generation) != (
            self._version,
            self._generation,
        ):
            self._go_stale()

    def look_again(self) -> None:
        """Names may be free, or nodes gone."""
        for shelf in self._shelves.values():
            shelf.tell(None)

    def _go_stale(self) -> None:
        self._stale = True
        self._work.wake()

    # Reading.

    async def _keep_reading(self) -> None:
        """Read all shelves whenever something may have been missed."""
        follows = False
        while True:
            if not self._stale:
                await self._work.wait()
                continue
            session = await self._joined()
            try:
                if not follows:
                    await session.ask(session.link.records.follow())
                    follows = True
                await self._read(session)
            except LinkDown as down:
                _log.debug("node %s: cannot read records: %s", session.info.name, down)
                await trio.sleep(session.lease.ttl / 30)

    async def _read(self, session: Session) -> None:
        self._stale, self._reading = False, True
        try:
            for shelf in list(self._shelves.values()):
                listing = await session.ask(session.link.records.listing(shelf.id))
                if self._generation not in (None, listing.generation):
                    await self._remind(session, listing.generation)
                    self._go_stale()
                    return
                self._generation = listing.generation
                shelf.set_all(listing)
                if listing.version != self._version and shelf is not self._first():
                    self._stale = True  # changed between the two
                self._version = listing.version
        except LinkDown:
            self._stale = True
            raise
        finally:
            self._reading = False
        for shelf in self._shelves.values():
            shelf.read.wake()

    def _first(self) -> Shelf:
        return next(iter(self._shelves.values()))

    async def _remind(self, session: Session, generation: str) -> None:
        """Tell an engine that lost its memory what there was: each node does."""
        for shelf in self._shelves.values():
            for name, text in list(shelf.texts.items()):
                put = session.link.records.swap(
                    session.info.id, shelf.id, name, None, text
                )
                if isinstance(await session.ask(put), Gone):
                    raise LinkDown("the engine does not know this node at present")
        self._generation = generation
