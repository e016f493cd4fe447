"""A node of a cluster, as its users see it."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import trio
from attrs import frozen

from trio_sup._core.errors import WrongKind
from trio_sup._core.policies import Budget
from trio_sup._core.targets import origin_of
from trio_sup._servers.handlers import fitting
from trio_sup._servers.operations import Call, Cast
from trio_sup._tree.specs import child
from trio_sup.cluster._nodes.calls import Body, CastLetter
from trio_sup.cluster._nodes.looking import NodeSnapshot, Unreachable
from trio_sup.cluster._nodes.membership import Membership
from trio_sup.cluster._nodes.monitors import GlobalExits
from trio_sup.cluster._nodes.refs import GlobalName, GlobalRef
from trio_sup.cluster._nodes.singletons import stand_by
from trio_sup.cluster._nodes.states import When
from trio_sup.cluster._nodes.supervisors import ClusterDynamicSupervisor
from trio_sup.cluster._nodes.topics import Topic
from trio_sup.cluster._nodes.values import signature_of
from trio_sup.cluster._rules.keys import ClusterKey, encode_key
from trio_sup.cluster._rules.words import Name, NodeId, NodeInfo
from trio_sup.cluster.errors import CallTimeout

if TYPE_CHECKING:
    from trio_sup._children.record import Child
    from trio_sup._children.watching import Until
    from trio_sup._core.specs import ChildSpec
    from trio_sup._servers.genserver import GenServer
    from trio_sup._servers.ref import ServerRef

S = TypeVar("S", bound="GenServer")
T = TypeVar("T")

CALL_TIMEOUT = 5.0
"""Seconds that a call takes at most, unless told otherwise."""


@frozen
class ClusterStatistics:
    """What one node has counted since it was opened."""

    incarnations: int
    """How often it joined."""
    missing: int
    """Messages of other nodes that never came."""
    repeated: int
    """Messages that came again, and were dropped."""
    malformed: int
    """Messages that this version cannot read, and were dropped."""
    unexpected: int
    """Messages for another incarnation, and answers that nobody waited for."""
    refused: int
    """Requests that were not taken."""
    casts_lost: int
    """Casts that found nobody."""


class Cluster:
    """One node; get it with `open_cluster`."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        membership.names.node = self

    def __repr__(self) -> str:
        return f"<Cluster node {self.node!r}>"

    @property
    def node(self) -> str:
        """What this node is called."""
        return self._membership.name

    @property
    def id(self) -> NodeId | None:
        """The present incarnation of this node; None while it has no lease."""
        session = self._membership.present
        return None if session is None else session.info.id

    def nodes(self) -> Mapping[NodeId, NodeInfo]:
        """Who has a lease, as of the last heartbeat; this node among them."""
        return self._membership.nodes()

    def statistics(self) -> ClusterStatistics:
        """Return what was counted. No checkpoint."""
        return ClusterStatistics(**self._membership.counted())

    async def snapshot(
        self, *, timeout: float = 1.0
    ) -> Mapping[NodeId, NodeSnapshot | Unreachable]:
        """Ask all nodes what they do: leases, names, children, calls. A checkpoint.

        All are asked at once; one that is frozen costs `timeout` seconds, however many
        there are.

        Raises:
            EngineUnavailable: this node has no lease at present.
        """
        return await self._membership.looks.all(timeout)

    def name(self, key: ClusterKey, *, durable: When | None = None) -> GlobalName:
        """Return a name to give as ``name=`` of a specification.

        One child in the whole cluster has it at a time, as long as the rule of the
        engine holds. Its first start fails with `NameTaken` if another node has the
        name. It is stopped if this node loses its lease, and begins again, uncounted,
        as soon as the name is free.

        Args:
            key: None, a bool, int, str or bytes, an `enum.Enum`, a `uuid.UUID`, or a
                tuple of such. Each type counts: ``1`` and ``True`` are two names.
            durable: For a server: keep its state in the engine, so that its next life,
                on whatever node, begins with it. What is kept is what its ``dump``
                returns and its ``load`` is given, or else the fields that are annotated
                in its class. Written is it after each message, before the answer
                (``"handled"``), every so many seconds and at an end in order (a
                number), or with `save_state` only (``"request"``).

        Raises:
            TypeError: the key is of another type.
            ValueError: `durable` is none of these.
        """
        encode_key(key)
        return GlobalName(key, self._membership.names.via(key, keeps=durable))

    def ref(self, key: ClusterKey, kind: type[S]) -> GlobalRef[S]:
        """Return a handle that looks a name up at each use, on whatever node it is.

        Args:
            key: As for `name`.
            kind: The server class.

        Raises:
            TypeError: the key is of another type, or `kind` is no server class.
        """
        if not hasattr(origin_of(kind), "__handlers__"):
            raise TypeError(f"a name of the cluster leads to a server, not {kind!r}")
        return GlobalRef(self, key, encode_key(key), kind, CALL_TIMEOUT)

    async def whereis(self, key: ClusterKey) -> str | None:
        """Ask the engine which node holds a name; None if none does. A checkpoint.

        Raises:
            EngineUnavailable: it does not answer, or this node has no lease.
        """
        return await self._membership.whereis(encode_key(key))

    def singleton(
        self,
        key: ClusterKey,
        spec: ChildSpec[Any],
        *,
        durable: When | None = None,
        max_restarts: int = 3,
        max_seconds: float = 5.0,
    ) -> ChildSpec[Child]:
        """Describe a child that runs on one node at a time, and stands by on others.

        Put it into the tree of each node that may run it. It is ready at once; where
        the name is free the child starts, under a supervisor of its own. If it crashes
        it is restarted there; if that supervisor gives up, this child crashes with it.
        When its node dies, drains or leaves, one of the others begins.

        Args:
            key: Its name, as for `name`: `ref` finds it.
            spec: What to run; its own `name` is replaced. It should be permanent: when
                it ends for good, the name is free, and the next node begins.
            durable: As for `name`: the next node begins with the state.
            max_restarts: The restart limit on one node.
            max_seconds: Its window.

        Raises:
            TypeError: the key is of another type.
        """
        encode_key(key)
        via = self._membership.names.via(key, waits=True, keeps=durable)
        named = spec.replace(name=via)
        stands_by = partial(
            stand_by, named, max_restarts=max_restarts, max_seconds=max_seconds
        )
        return child(stands_by, id=f"singleton {key!r}", shutdown=math.inf)

    def dynamic_supervisor(
        self, id: str, *, max_restarts: int = 3, max_seconds: float = 5.0
    ) -> ClusterDynamicSupervisor:
        """Return a supervisor whose children run on all nodes that have a place for it.

        Put its `spec` into the tree of each node that may run them. Its children are
        kept by the engine: they outlive nodes, and a restart of all nodes, too. If one
        crashes it is restarted where it runs; if it exceeds the limit it is given up,
        stays down, and is in nobody's way. If its node dies, drains or leaves, another
        one starts it, from its arguments: what it knew is gone with the node.

        Args:
            id: What all nodes call it.
            max_restarts: How often one child may be restarted in one place.
            max_seconds: In which time, in seconds.

        Raises:
            ChildSpecError: the limit makes no sense.
            ValueError: there is no id.
        """
        if not id:
            raise ValueError("a supervisor of the cluster needs an id")
        budget = Budget(max_restarts, max_seconds, then="quarantine")
        return ClusterDynamicSupervisor(self._membership, self.ref, id, budget)

    def topic(self, key: ClusterKey, kind: type[T]) -> Topic[T]:
        """Return a topic, on which any node may publish and listen.

        Args:
            key: Its name, as for `name`; topics and children may share one.
            kind: The type of its messages, as for arguments of an operation.

        Raises:
            TypeError: the key is of another type.
        """
        return Topic(self._membership.topics, key, encode_key(key), kind)

    async def forget_state(self, key: ClusterKey) -> bool:
        """Let the engine forget the state that is kept for a name. A checkpoint.

        For a name under which nothing runs any more: a server that is durable writes its
        state again.

        Returns:
            Whether there was one.

        Raises:
            EngineUnavailable: the engine does not answer, or this node has no lease.
        """
        return await self._membership.forget_state(encode_key(key))

    async def drain(self) -> None:
        """Hand over: stop what runs here under names of the cluster, then free them.

        This node claims no names afterwards, and takes no children; calls and all else
        go on. A checkpoint; returns when all of it is down, and others may have it.
        """
        await self._membership.drain()

    # What refs need; not for users.

    async def request(
        self,
        to: GlobalRef[Any],
        op: Call[Any, ..., Any],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> Any:
        """Call who holds a name; not for users."""
        handler = to.kind.__handlers__.get(op)
        if handler is None or kwargs or len(args) not in handler.call_fits:
            fitting(to.kind, op, args, kwargs, is_call=True)  # a closer look
        local = self._local(to)
        if local is None:
            signature = signature_of(op.fn, deferred=op.deferred)
            body = Body(to.key, to.name, op.name, *signature.pack(args, kwargs))
            calls = self._membership.calls
            return await calls.call(body, signature, op, to.timeout)
        with trio.move_on_after(to.timeout):
            return await local.call(op, *args, **kwargs)
        raise CallTimeout(to.key, to.timeout)

    def note(
        self,
        to: GlobalRef[Any],
        op: Cast[Any, ...],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        """Cast to who holds a name; not for users."""
        fitting(to.kind, op, args, kwargs, is_call=False)
        local = self._local(to)
        if local is not None:
            local.cast(op, *args, **kwargs)
            return
        own = self._membership
        signature = signature_of(op.fn, deferred=False)
        body = Body(to.key, to.name, op.name, *signature.pack(args, kwargs))
        own.outbox.post(to.key, to.name, CastLetter(body, own.cast_lost))

    def _local(self, to: GlobalRef[Any]) -> ServerRef[Any] | None:
        """Return who is asked without a way, if a name is held here."""
        own = self._membership
        held = own.names.held(to.name)
        if held is None or not own.outbox.goes_straight(to.name):
            return None
        record = held.record
        if record.spec.kind != "server":
            raise WrongKind(record.path_text, f"a {record.kind}", to.kind.__qualname__)
        ref: ServerRef[Any] = record.handle  # type: ignore[assignment]
        return ref

    @asynccontextmanager
    async def watch(
        self, key: ClusterKey, name: Name, until: Until
    ) -> AsyncGenerator[GlobalExits]:
        """Watch who holds a name; not for users."""
        await trio.lowlevel.checkpoint()
        monitors = self._membership.monitors
        exits = monitors.begin(key, name, until)
        try:
            yield exits
        finally:
            monitors.end(exits)
