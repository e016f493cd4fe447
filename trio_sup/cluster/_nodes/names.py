"""Names of the cluster that children of this node have, or want."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any

import trio
from attrs import field, frozen

from trio_sup._children.names import Names
from trio_sup._children.refusals import AlreadyRegistered
from trio_sup._children.stopping import lose_name
from trio_sup._core.addresses import ClaimedVia
from trio_sup._trio.protect import protected
from trio_sup.cluster._nodes.session import Session, SessionLost
from trio_sup.cluster._nodes.states import Keeper, When, check_when, durable
from trio_sup.cluster._rules.keys import ClusterKey, encode_key
from trio_sup.cluster._rules.words import Name, NodeId, Taken, Token
from trio_sup.cluster.errors import NameTaken

if TYPE_CHECKING:
    from trio_sup._children.record import Record


@frozen
class DurableVia(ClaimedVia):
    """An address whose holder has a state that is kept."""

    keeper: Keeper = field(kw_only=True, eq=False, repr=False)
    dress: Callable[[type[Any]], type[Any]] = field(kw_only=True, eq=False, repr=False)
    """Returns the class of which its lives are."""


@frozen
class Held:
    """A name that a child of this node has."""

    record: Record
    token: Token
    session: Session
    name: Name
    singleton: bool = False
    """Whether its child stood by until the name was free."""

    def current(self) -> bool:
        """Whether the name has not been given to anybody else, nor given back."""
        return self.session.holdings.tokens.get(self.name) == self.token


@protected
class GlobalNames(Names):
    """The names of one node: claimed before a life, given back when its child rests.

    Args:
        joined: Waits for a session, and returns it.
        node_of: Returns what people call a node.
    """

    def __init__(
        self,
        joined: Callable[[], Awaitable[Session]],
        node_of: Callable[[NodeId], str],
    ) -> None:
        super().__init__(unique=True, name="cluster")
        self.node: object = None
        """The node as its users see it."""
        self._joined = joined
        self._node_of = node_of
        self._held: dict[Name, Held] = {}
        self.standing_by: dict[Name, bool] = {}
        """Names that children wait for; whether they did so from the first."""
        # Children that had their name taken away: they wait until it is free again.
        self._deposed: set[int] = set()
        self.keeper: Keeper | None = None
        """Who reads and writes the states of what is durable."""
        self._kinds: dict[tuple[type[Any], When], type[Any]] = {}
        # Set once this node is to have no names any more.
        self._drained = False

    def via(
        self, key: ClusterKey, *, waits: bool = False, keeps: When | None = None
    ) -> ClaimedVia:
        """Return what a specification registers by.

        Args:
            key: The key.
            waits: Whether also the first life waits until the name is free.
            keeps: When the state of its holder is written; None if it is not kept.

        Raises:
            ValueError: `keeps` is no time to write.
        """
        claim = partial(self.claim, patient=waits)
        if keeps is None:
            return ClaimedVia(self, key, claim=claim)
        assert self.keeper is not None
        dress = partial(self._durable, when=check_when(keeps))
        return DurableVia(self, key, claim=claim, keeper=self.keeper, dress=dress)

    def held(self, name: Name) -> Held | None:
        """Return who has a name here, by a lease that is good at this moment."""
        held = self._held.get(name)
        return held if held is not None and held.session.valid() else None

    def held_by(self, record: Record) -> Held | None:
        """Return the name that a child has."""
        name = record.spec.name
        if not isinstance(name, ClaimedVia) or name.registry is not self:
            return None
        held = self._held.get(encode_key(name.key))
        return held if held is not None and held.record is record else None

    def all(self) -> list[Held]:
        """Return all names that children of this node have."""
        return list(self._held.values())

    async def claim(self, record: Record, *, patient: bool = False) -> None:
        """Get the name of a child before its life begins.

        Args:
            record: The child.
            patient: Whether to wait until the name is free in any case; else only who
                had it taken away does.

        Raises:
            NameTaken: it is another node's.
        """
        key: Any = _key_of(record)
        name = encode_key(key)
        while True:
            if self._drained:
                await trio.sleep_forever()
            session = await self._joined()
            waits = patient or record.uid in self._deposed
            if waits:
                self.standing_by[name] = patient
            try:
                answer = await session.claim(name, waits=waits)
            except SessionLost:
                continue
            finally:
                self.standing_by.pop(name, None)
            if self._drained:
                session.release(name)
                continue
            if isinstance(answer, Taken):
                raise NameTaken(key, self._node_of(answer.owner))
            self._held[name] = Held(record, answer, session, name, patient)
            self._deposed.discard(record.uid)
            if isinstance(record.spec.name, DurableVia):
                self._dress(record, record.spec.name)
            return

    def _durable(self, cls: type[Any], when: When) -> type[Any]:
        """Return the class of lives that keep their state; one for all of a class."""
        found = self._kinds.get((cls, when))
        if found is None:
            assert self.keeper is not None
            found = self._kinds[cls, when] = durable(cls, self.keeper, when)
        return found

    def _dress(self, record: Record, name: DurableVia) -> None:
        if record.spec.kind != "server":
            raise TypeError(
                f"only a server has a state to keep: {record.path_text} is a "
                f"{record.spec.kind}"
            )
        record.mailbox.dress(name.dress)

    # As a namespace: by the encoded key, so that `1` and `True` are two.

    def reserve(self, key: Hashable, record: Record, value: object) -> None:
        """Take a name on this node for a child's life that is about to start."""
        try:
            super().reserve(encode_key(key), record, value)
        except AlreadyRegistered as taken:
            raise AlreadyRegistered(key, taken.handle) from None

    def holder(self, key: Hashable) -> Record | None:
        """The child of this node that a key belongs to, running or not."""
        return super().holder(encode_key(key))

    def release(self, record: Record) -> None:
        """The child is at rest: give its name back."""
        super().release(record)
        self._deposed.discard(record.uid)
        if self.keeper is not None:
            self.keeper.forget(record)
        held = self.held_by(record)
        if held is not None:
            name = encode_key(_key_of(record))
            del self._held[name]
            held.session.release(name)

    # What is lost.

    def lose_all(self) -> None:
        """The session is over: end what runs under its names, now."""
        held, self._held = self._held, {}
        for each in held.values():
            self._lose(each)

    def lose(self, name: Name) -> None:
        """One name is somebody else's: end what runs under it, now."""
        held = self._held.pop(name, None)
        if held is not None:
            self._lose(held)

    def give_up(self, record: Record) -> None:
        """The name of a child turned out to be somebody else's: end what runs under it."""
        held = self.held_by(record)
        if held is not None:
            held.session.release(held.name)
            self.lose(held.name)

    async def drain(self) -> None:
        """Have no names any more: end what runs under them, then give them back."""
        self._drained = True
        held, self._held = self._held, {}
        lives = [each.record.life for each in held.values()]
        for each in held.values():
            self._lose(each)
        for (name, each), life in zip(held.items(), lives, strict=True):
            while each.record.alive and each.record.life == life:
                await each.record.wait_change()
            each.session.release(name)
        await trio.lowlevel.checkpoint()

    def _lose(self, held: Held) -> None:
        self._deposed.add(held.record.uid)
        lose_name(held.record)


def _key_of(record: Record) -> Hashable:
    name = record.spec.name
    assert isinstance(name, ClaimedVia)
    return name.key
