"""The tasks of one node: it joins, listens, and joins again when it was lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from uuid import uuid4

import trio
from trio.lowlevel import add_instrument, remove_instrument

from trio_sup._trio.log import Log
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._backends.link import Link, LinkDown
from trio_sup.cluster._nodes.calls import Calls
from trio_sup.cluster._nodes.deadline import DeadlineInstrument
from trio_sup.cluster._nodes.factories import known_factories
from trio_sup.cluster._nodes.inbox import Inbox
from trio_sup.cluster._nodes.looking import Looks
from trio_sup.cluster._nodes.mail import Mail
from trio_sup.cluster._nodes.monitors import Monitors
from trio_sup.cluster._nodes.names import GlobalNames
from trio_sup.cluster._nodes.outbox import Outbox
from trio_sup.cluster._nodes.pens import Pens
from trio_sup.cluster._nodes.session import Session
from trio_sup.cluster._nodes.shelves import Host, Shelves
from trio_sup.cluster._nodes.topics import Subscriptions
from trio_sup.cluster._rules.frames import Message
from trio_sup.cluster._rules.words import (
    Beat,
    Name,
    NodeId,
    NodeInfo,
    Push,
)
from trio_sup.cluster.errors import EngineUnavailable

_log: Final = Log("trio_sup.cluster")


@protected
class Membership:
    """What one node is to the others, over all its incarnations.

    Args:
        link: The way to the engine.
        name: What people call the node.
        ttl: How long its leases last.
        accepts_children: Whether children may be placed on it.
    """

    def __init__(
        self,
        link: Link,
        name: str,
        ttl: float,
        *,
        accepts_children: bool,
    ) -> None:
        self.name = name
        self.ttl = ttl
        self.accepts_children: bool = accepts_children
        self.present: Session | None = None
        self.incarnations: int = 0
        self.casts_lost: int = 0
        self._link = link
        self._joined = Waiters()
        self._nursery: trio.Nursery
        self.names: GlobalNames = GlobalNames(self.joined, self.node_of)
        self.names.keeper = Pens(self.names)
        self.outbox: Outbox = Outbox(self.session, self._spawn, self._here)
        self.calls: Calls = Calls(self.outbox, self.node_of)
        self.monitors: Monitors = Monitors(self.names, self.outbox)
        self.inbox: Inbox = Inbox(self.names, self.outbox)
        self.shelves: Shelves = Shelves(self.joined, self.session, self._spawn)
        self.topics: Subscriptions = Subscriptions(self.session, self.node_of)
        self.looks: Looks = Looks(self)
        self.placers: list[Host] = []
        self._supervisors: set[str] = set()
        self._announcing = False
        self._leaving = False
        self._seen: frozenset[NodeInfo] = frozenset()
        self.mail: Mail = Mail(self, link.guarantees.max_frame)

    # What the parts ask.

    @property
    def id(self) -> NodeId | None:
        """The present incarnation; None without a lease."""
        return None if self.present is None else self.present.info.id

    def session(self) -> Session:
        """Return the present session.

        Raises:
            EngineUnavailable: the node has no lease.
        """
        session = self.present
        if session is None or not session.valid():
            raise EngineUnavailable(f"node {self.name!r} has no lease at present")
        return session

    async def joined(self) -> Session:
        """Wait for a session, and return it. A checkpoint if there is none yet."""
        while (session := self.present) is None or not session.valid():
            await self._joined.wait()
        return session

    def node_of(self, id: NodeId) -> str:
        """Return what people call a node."""
        return id.rpartition(".")[0]  # an id is a name with what makes it unique

    def nodes(self) -> Mapping[NodeId, NodeInfo]:
        """Who has a lease, as far as is known."""
        return {} if self.present is None else dict(self.present.holdings.members)

    async def whereis(self, name: Name) -> str | None:
        """Ask which node holds a name; raises `EngineUnavailable`."""
        session = self.session()
        try:
            taken = await session.ask(self._link.lookup(name))
        except LinkDown as down:
            raise EngineUnavailable(str(down)) from down
        return None if taken is None else self.node_of(taken.owner)

    async def forget_state(self, name: Name) -> bool:
        """Let the engine forget a state; raises `EngineUnavailable`."""
        session = self.session()
        try:
            return await session.ask(self._link.states.drop(name))
        except LinkDown as down:
            raise EngineUnavailable(str(down)) from down

    def cast_lost(self, error: Exception) -> None:
        """A cast found nobody."""
        self.casts_lost += 1
        _log.debug("node %s: a cast was lost: %s", self.name, error)

    def counted(self) -> dict[str, int]:
        """Return what was counted, as `ClusterStatistics` has it."""
        return {
            "incarnations": self.incarnations,
            "missing": self.mail.incoming.missing,
            "repeated": self.mail.incoming.repeated,
            "malformed": self.mail.malformed + self.topics.malformed,
            "unexpected": self.mail.unexpected,
            "refused": self.inbox.refused,
            "casts_lost": self.casts_lost,
        }

    # What sessions tell.

    def session_lost(self) -> None:
        """The lease is over: stop what runs under names of the cluster, now."""
        self.names.lose_all()
        if self.present is not None:
            for call_node in list(self.present.holdings.members):
                self.calls.node_gone(call_node)
        self.monitors.all_gone()
        self.outbox.forget_all()
        self.mail.incoming.forget_all()
        self.topics.forget_numbers()
        self.present = None

    def name_lost(self, name: Name) -> None:
        """Somebody else holds a name: stop what runs under it, now."""
        _log.warning("node %s: lost the name %s", self.name, name)
        self.names.lose(name)

    def members_changed(self, came: list[NodeInfo], went: list[NodeInfo]) -> None:
        """Nodes came or went."""
        for info in came:
            _log.info("node %s: node %s is up", self.name, info.name)
        for info in went:
            _log.info("node %s: node %s is down", self.name, info.name)
            self.calls.node_gone(info.id)
            self.monitors.node_gone(info.id)
            self.outbox.forget_node(info.id)
            self.mail.incoming.forget(info.id)

    def beat_answered(self, beat: Beat) -> None:
        """The engine has told who is there, and which change of records was the last."""
        self.shelves.beat_answered(beat)
        seen = frozenset(beat.members)
        if seen != self._seen:
            self._seen = seen
            self.shelves.look_again()
        self.chance()

    def chance(self) -> None:
        """What could not be done may be possible now."""
        for placer in self.placers:
            placer.chance()

    # The tasks.

    def _spawn(self, task: Callable[..., Awaitable[object]], *args: object) -> None:
        if not self._leaving:  # else there is nobody to tell any more
            self._nursery.start_soon(task, *args)

    def _here(self, message: Message) -> None:
        self.mail.hand_on(message)

    async def serve(self) -> None:
        """Be a node, until cancelled.

        Raises:
            EngineUnavailable: the first time the engine does not answer.
        """
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._link.deliver, self.take)
            await self._run()

    async def _run(self) -> None:
        """Join, and join again whenever the session was lost."""
        pause = 0.0
        while not self._leaving:
            session = self._new_session()
            try:
                await session.join()
            except LinkDown as down:
                if not self.incarnations:
                    raise EngineUnavailable(f"cannot join: {down}") from down
                pause = min(max(0.01, 2 * pause), self.ttl / 3)
                await trio.sleep(pause)
                continue
            pause = 0.0
            await self._live(session)
        await trio.sleep_forever()

    def _new_session(self) -> Session:
        id = NodeId(f"{self.name}.{uuid4().hex[:16]}")
        return Session(self._link, self._info(id), self.ttl, self)

    def _info(self, id: NodeId) -> NodeInfo:
        supervisors = tuple(sorted(self._supervisors))
        factories = known_factories() if supervisors else ()
        return NodeInfo(id, self.name, self.accepts_children, factories, supervisors)

    # What the others are to know of this node.

    def hosting(self, supervisor: str, *, on: bool) -> None:
        """A supervisor of the cluster has a place here, or no more."""
        (self._supervisors.add if on else self._supervisors.discard)(supervisor)
        self._announce_soon()

    def _announce_soon(self) -> None:
        if not self._announcing:
            self._announcing = True
            self._spawn(self._announce)

    async def _announce(self) -> None:
        """Tell what this node is, until the engine knows."""
        while True:
            session = await self.joined()
            info = self._info(session.info.id)
            try:
                if session.info != info:
                    await session.announce(info)
            except LinkDown:
                await trio.sleep(self.ttl / 30)
                continue
            if session.info == self._info(session.info.id):
                break
        self._announcing = False
        self.shelves.look_again()

    async def drain(self) -> None:
        """Hand over all that runs here under names of the cluster."""
        self.accepts_children = False
        self._announce_soon()
        for placer in self.placers:
            placer.leaving = True
        await self.names.drain()
        for placer in list(self.placers):
            await placer.hand_over()

    async def _live(self, session: Session) -> None:
        self.present = session
        self.incarnations += 1
        self._joined.wake()
        self.shelves.look_again()
        if self.incarnations > 1:
            _log.info("node %s joined again", self.name)
        instrument = DeadlineInstrument(session)
        add_instrument(instrument)
        try:
            await session.run()
        finally:
            remove_instrument(instrument)
        if not self._leaving:
            _log.warning("node %s lost its lease", self.name)

    async def leave(self) -> None:
        """Give the lease back, if there is one."""
        self._leaving = True
        session = self.present
        if session is not None:
            with trio.CancelScope(shield=True):
                await session.leave()

    # What comes in.

    def take(self, push: Push) -> None:
        """Take one thing that the engine sends. No checkpoint."""
        if self.present is not None:
            self.mail.take(self.present, push)
