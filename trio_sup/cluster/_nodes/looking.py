"""What a node tells of itself, and asking all others for it."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import trio
from attrs import Factory, define, frozen

from trio_sup._trio.protect import protected
from trio_sup.cluster._nodes.values import converter
from trio_sup.cluster._rules.frames import Look, Seen
from trio_sup.cluster._rules.keys import decode_key
from trio_sup.cluster._rules.words import Name, NodeId, NodeInfo
from trio_sup.cluster.errors import EngineUnavailable

if TYPE_CHECKING:
    from trio_sup.cluster._nodes.calls import Calls, PendingCall
    from trio_sup.cluster._nodes.names import GlobalNames, Held
    from trio_sup.cluster._nodes.outbox import Outbox
    from trio_sup.cluster._nodes.session import Session
    from trio_sup.cluster._nodes.shelves import Shelf, Shelves
    from trio_sup.cluster._nodes.topics import Subscription, Subscriptions
    from trio_sup.cluster._rules.placing import ChildRecord

MOST_NAMES: Final = 1000
"""How many names, and how many calls, are told one by one."""
MOST_LETTERS: Final = 200
"""How much is told of a key."""


@frozen
class HeldName:
    """A name of the cluster that a node has."""

    key: str
    token: int
    path: str
    """Of its child in the node's tree."""
    status: str
    life: int
    kind: Literal["name", "singleton", "child"] = "name"
    """Whether it was given with ``name=``, or is a singleton's, or a dynamic child's."""
    supervisor: str = ""
    """Of a dynamic child: which supervisor of the cluster it belongs to."""


@frozen
class StandingBy:
    """A name for which a child of a node waits."""

    key: str
    singleton: bool = True
    """False for one that had it, and lost it."""


@frozen
class Unplaced:
    """A child of a supervisor of the cluster that no node runs at present."""

    key: str
    supervisor: str
    state: str
    """``wanted``, ``failed`` or ``ending``."""
    why: str = ""
    """Of one that was given up: what happened."""


@frozen
class HeardTopic:
    """A topic to which a node listens."""

    key: str
    listeners: int
    waiting: int
    """Messages that wait to be taken."""
    missed: int
    """Messages that did not come, as far as is known."""
    breaks: int = 0
    """How often the link was broken, so that nobody knows what was missed."""


@frozen
class CrossingCall:
    """A call that waits for an answer of another node."""

    key: str
    op: str
    node: str | None
    """Who was asked; None while its holder is being looked up."""


@frozen
class NodeSnapshot:
    """What one node tells of itself."""

    node: str
    id: str
    host: str
    pid: int
    accepts_children: bool
    ttl: float
    lease_left: float
    """For how many seconds its lease is good, if it is not renewed."""
    up: float
    """For how many seconds this incarnation has had one."""
    lag: float
    """How many seconds its last heartbeat was late: something holds its loop."""
    incarnations: int
    held: int
    """How many names it has."""
    names: tuple[HeldName, ...]
    """The first thousand of them."""
    children: dict[str, int]
    """How many children each supervisor of the cluster has here."""
    waiting: int
    """How many calls wait for an answer of another node."""
    calls: tuple[CrossingCall, ...]
    """The first thousand of them."""
    counted: dict[str, int]
    """See `ClusterStatistics`."""
    version: str = ""
    """Of trio-sup there; empty for a version that does not tell, as all below it."""
    generation: str = ""
    """Which memory of the engine it has met: another one after that was lost."""
    standing_by: tuple[StandingBy, ...] = ()
    """The first thousand names that its children wait for."""
    unplaced: tuple[Unplaced, ...] = ()
    """The first thousand children that nobody runs, of supervisors that it knows."""
    topics: tuple[HeardTopic, ...] = ()
    """The first thousand topics to which it listens."""


@frozen
class Unreachable:
    """A node that has a lease and does not answer."""

    node: str
    why: str


class Own(Protocol):
    """The node that tells of itself, and asks."""

    name: str
    ttl: float
    accepts_children: bool
    incarnations: int
    names: GlobalNames
    calls: Calls
    shelves: Shelves
    topics: Subscriptions
    outbox: Outbox

    def session(self) -> Session:
        """Return the present session; raises `EngineUnavailable`."""
        ...

    def nodes(self) -> Mapping[NodeId, NodeInfo]:
        """Who has a lease."""
        ...

    def node_of(self, id: NodeId) -> str:
        """Return what people call a node."""
        ...

    def counted(self) -> dict[str, int]:
        """Return what was counted."""
        ...


@lru_cache(maxsize=1)
def _host() -> str:
    return socket.gethostname()


@lru_cache(maxsize=1)
def _version() -> str:
    try:
        return metadata.version("trio-sup")
    except metadata.PackageNotFoundError:
        return ""


def snapshot_of(own: Own) -> NodeSnapshot:
    """Return what a node tells of itself; raises `EngineUnavailable`."""
    session = own.session()
    held, calls, now = own.names.all(), own.calls.all(), session.link.time()
    placed = {name: each.id for each in own.shelves.all() for name in each.records}
    standing_by = list(own.names.standing_by.items())[:MOST_NAMES]
    return NodeSnapshot(
        own.name,
        session.info.id,
        _host(),
        os.getpid(),
        own.accepts_children,
        own.ttl,
        session.lease.deadline - now,
        now - session.began,
        session.lag,
        own.incarnations,
        len(held),
        tuple(_name(each, placed) for each in held[:MOST_NAMES]),
        _children_of(own, session.info.id),
        len(calls),
        tuple(_call(own, call) for call in calls[:MOST_NAMES]),
        own.counted(),
        _version(),
        session.holdings.generation or "",
        tuple(StandingBy(_shown(name), first) for name, first in standing_by),
        tuple(_unplaced(own)),
        tuple(_topic(*each) for each in own.topics.heard()[:MOST_NAMES]),
    )


def _shown(name: Name | str) -> str:
    return repr(decode_key(Name(name)))[:MOST_LETTERS]


def _name(held: Held, placed: Mapping[Name, str]) -> HeldName:
    record = held.record
    supervisor = placed.get(held.name, "")
    kind: Literal["name", "singleton", "child"] = "name"
    if supervisor:
        kind = "child"
    elif held.singleton:
        kind = "singleton"
    return HeldName(
        _shown(held.name),
        held.token,
        record.path_text,
        record.status,
        record.life,
        kind,
        supervisor,
    )


def _topic(topic: str, listeners: list[Subscription[Any]]) -> HeardTopic:
    return HeardTopic(
        _shown(topic),
        len(listeners),
        sum(each.waiting for each in listeners),
        sum(each.missed for each in listeners),
        sum(each.breaks for each in listeners),
    )


def _unplaced(own: Own) -> list[Unplaced]:
    members = own.nodes()

    def nowhere(record: ChildRecord) -> bool:
        return record.state != "running" or record.node not in members

    found = (
        (shelf, record)
        for shelf in own.shelves.all()
        for record in shelf.records.values()
        if nowhere(record)
    )
    return [_one_unplaced(*each) for each in islice(found, MOST_NAMES)]


def _one_unplaced(shelf: Shelf, record: ChildRecord) -> Unplaced:
    # A record that says that a node runs it, which is no more, is wanted.
    state = "wanted" if record.state == "running" else record.state
    key, why = record.key[:MOST_LETTERS], record.why[:MOST_LETTERS]
    return Unplaced(key, shelf.id, state, why)


def _children_of(own: Own, me: NodeId) -> dict[str, int]:
    return dict(
        Counter(
            shelf.id
            for shelf in own.shelves.all()
            for record in shelf.records.values()
            if record.state == "running" and record.node == me
        )
    )


def _call(own: Own, call: PendingCall) -> CrossingCall:
    node = None if call.sent_to is None else own.node_of(call.sent_to)
    return CrossingCall(repr(call.body.key)[:MOST_LETTERS], call.body.op, node)


@define(eq=False)
class Looks:
    """Questions of one node to others about themselves, and theirs."""

    own: Own
    _waiting: dict[int, tuple[NodeId, trio.MemorySendChannel[Any]]] = Factory(
        dict[int, "tuple[NodeId, trio.MemorySendChannel[Any]]"]
    )
    _last: int = 0

    async def all(self, timeout: float) -> dict[NodeId, NodeSnapshot | Unreachable]:
        """Ask all nodes at once; who does not answer costs its own time only."""
        own, found = self.own, dict[NodeId, NodeSnapshot | Unreachable]()
        me = own.session().info.id
        async with trio.open_nursery() as nursery:
            for id in own.nodes():
                if id == me:
                    found[id] = snapshot_of(own)
                else:
                    nursery.start_soon(self._ask, id, timeout, found)
        order = sorted(found, key=lambda id: (own.node_of(id), id))
        return {id: found[id] for id in order}

    async def _ask(
        self,
        node: NodeId,
        timeout: float,
        found: dict[NodeId, NodeSnapshot | Unreachable],
    ) -> None:
        name = self.own.node_of(node)
        self._last += 1
        number = self._last
        send, receive = trio.open_memory_channel[Any](1)
        self._waiting[number] = (node, send)
        found[node] = Unreachable(name, f"no answer in {timeout:g} s")
        try:
            self.own.outbox.tell(node, Look, number)
            with trio.move_on_after(timeout):
                found[node] = _read(name, await receive.receive())
        finally:
            del self._waiting[number]

    def take(self, look: Look) -> None:
        """Another node wants to know."""
        try:
            seen = snapshot_of(self.own)
        except EngineUnavailable:
            return
        self.own.outbox.tell(
            look.sender, Seen, look.look, converter.unstructure(seen, NodeSnapshot)
        )

    def heard(self, seen: Seen) -> bool:
        """Another node has answered; return whether somebody wants to know."""
        node, send = self._waiting.get(seen.look, (None, None))
        if send is None or node != seen.sender:
            return False
        try:
            send.send_nowait(seen.what)
        except trio.WouldBlock:
            return False
        return True


def _read(name: str, data: Any) -> NodeSnapshot | Unreachable:
    try:
        seen: NodeSnapshot = converter.structure(data, NodeSnapshot)
    except Exception:  # noqa: BLE001 - whatever stands in it
        return Unreachable(name, "it is of another version")
    return seen


protected(Looks)
