"""A dynamic supervisor whose children run on all nodes that have a place for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from attrs import frozen

from trio_sup._children.record import Child
from trio_sup._core.policies import Budget
from trio_sup._core.specs import ChildSpec
from trio_sup._node.whereis import address
from trio_sup._servers.genserver import GenServer
from trio_sup._servers.ref import ServerRef
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.specs import child, dynamic_supervisor, supervisor
from trio_sup._tree.supervisor import Supervisor
from trio_sup.cluster._nodes.factories import ChildFactory
from trio_sup.cluster._nodes.membership import Membership
from trio_sup.cluster._nodes.placer import place
from trio_sup.cluster._nodes.refs import GlobalRef
from trio_sup.cluster._rules.keys import ClusterKey, decode_key, encode_key
from trio_sup.cluster._rules.placing import ChildRecord, State
from trio_sup.cluster._rules.words import Name
from trio_sup.cluster.errors import (
    AlreadyPlaced,
    NameTaken,
    NotRegistered,
    PlacementFailed,
)

P = ParamSpec("P")
S = TypeVar("S", bound=GenServer)
H = TypeVar("H", bound=Child)


@frozen
class PlacedChild:
    """A child of the cluster, as one node knows it."""

    key: ClusterKey
    factory: str
    """The name of its factory."""
    state: State
    node: str | None
    """Where it runs; None unless it does."""
    moves: int
    """How often a node took it."""
    why: str
    """Of a failure: what happened."""


class ClusterDynamicSupervisor:
    """Children that run somewhere in the cluster; made by `Cluster.dynamic_supervisor`.

    Each child runs on one of the nodes that have `spec` in their tree. Which one its key
    decides (rendezvous hashing), so that nothing moves when a node comes, and only what
    ran on it when one goes.
    """

    def __init__(
        self,
        membership: Membership,
        ref: Callable[[ClusterKey, type[Any]], GlobalRef[Any]],
        id: str,
        budget: Budget,
    ) -> None:
        self._membership = membership
        self._ref = ref
        self._budget = budget
        self._shelf = membership.shelves.open(id)

    @property
    def id(self) -> str:
        """What all nodes call it."""
        return self._shelf.id

    def __repr__(self) -> str:
        return f"<ClusterDynamicSupervisor {self.id!r}>"

    def spec(self) -> ChildSpec[Supervisor]:
        """Describe its place in the tree of this node: children may run there.

        A node without it can start children, and call them, all the same. When its place
        goes down in order, its children are handed over to other nodes.
        """
        name = ("trio_sup.cluster", self._membership.name, self.id)
        children = address(name, DynamicSupervisor)
        placer = place(self._membership, self._shelf, children, self._budget)
        return supervisor(
            [
                dynamic_supervisor(id="children", name=name),
                child(placer, id="placer", shutdown=math.inf),
            ],
            strategy="rest_for_one",
            id=self.id,
        )

    async def start_child(
        self,
        key: ClusterKey,
        factory: ChildFactory[P, ServerRef[S]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> GlobalRef[S]:
        """Start a child on the node that is to have it, and wait until it is ready.

        A checkpoint. Waits until there is a node that can run it. A caller that is
        cancelled does not take the start back.

        Args:
            key: Its name in the cluster; see `Cluster.name`.
            factory: What describes it, registered by `child_factory` on the nodes that
                may run it.
            args: The factory's arguments.
            kwargs: The same by keyword.

        Returns:
            A handle that finds it wherever it runs.

        Raises:
            AlreadyPlaced: there is a child with that key.
            NameTaken: something else has that name.
            PlacementFailed: it did not become ready; nothing is left of it.
            EngineUnavailable: it may have been started, or may be later.
            TypeError: the key, or an argument, cannot cross.
        """
        ref = self._ref(key, _kind(factory(*args, **kwargs)))
        packed = factory.bind(*args, **kwargs)
        name = encode_key(key)
        record = ChildRecord(repr(key)[:200], factory.name, *packed)
        await self._check_free(key, name)
        if not await self._swap(name, None, record):
            raise AlreadyPlaced(key, self.id)
        await self._running(key, name, forget=True)
        return ref

    async def get_or_start(
        self,
        key: ClusterKey,
        factory: ChildFactory[P, ServerRef[S]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> GlobalRef[S]:
        """Return the handle of a child, started if there is none. A checkpoint.

        One that is being started, or between two nodes, is awaited.

        Raises:
            PlacementFailed: it did not become ready, or has been given up.
            NameTaken, EngineUnavailable, TypeError: as for `start_child`.
        """
        try:
            return await self.start_child(key, factory, *args, **kwargs)
        except AlreadyPlaced:
            await self._running(key, encode_key(key), forget=False)
        return self._ref(key, _kind(factory(*args, **kwargs)))

    async def terminate_child(self, key: ClusterKey) -> None:
        """End a child for good, wherever it runs, and wait for its end. A checkpoint.

        Raises:
            NotRegistered: there is none with that key.
            EngineUnavailable: it may have been ended, or may be later.
        """
        name, shelf = encode_key(key), self._shelf
        await self._known(name)
        while True:
            record = shelf.records.get(name)
            if record is None:
                raise NotRegistered(key)
            if record.state == "ending":
                break
            new = record.as_("ending") if record.node is not None else None
            if await self._swap(name, shelf.texts[name], new):
                break
            await self._membership.shelves.refresh(shelf)
        while (record := shelf.records.get(name)) and record.state == "ending":
            if record.node not in self._membership.nodes():
                await self._swap(name, shelf.texts[name], None)
            else:
                await shelf.wait(name)

    async def restart_child(self, key: ClusterKey) -> None:
        """Start a child again that was given up, and wait until it is ready.

        A checkpoint. One that runs is left alone.

        Raises:
            NotRegistered: there is none with that key.
            PlacementFailed: it did not become ready.
            EngineUnavailable: it may have been started, or may be later.
        """
        name, shelf = encode_key(key), self._shelf
        await self._known(name)
        record = shelf.records.get(name)
        if record is None:
            raise NotRegistered(key)
        if record.state == "failed":
            await self._swap(name, shelf.texts[name], record.as_("wanted"))
        await self._running(key, name, forget=False)

    def children(self) -> list[PlacedChild]:
        """Return all children, as far as this node knows. No checkpoint."""
        own = self._membership
        return [
            PlacedChild(
                decode_key(name),
                record.factory,
                record.state,
                own.node_of(record.node) if record.node and _runs(record) else None,
                record.moves,
                record.why,
            )
            for name, record in self._shelf.records.items()
        ]

    # How.

    async def _swap(self, name: Name, old: str | None, new: ChildRecord | None) -> bool:
        return await self._membership.shelves.swap(self._shelf, name, old, new)

    async def _check_free(self, key: ClusterKey, name: Name) -> None:
        if name not in self._shelf.records:
            holder = await self._membership.whereis(name)
            if holder is not None:
                await self._known(name)
                if name not in self._shelf.records:
                    raise NameTaken(key, holder)

    async def _known(self, name: Name) -> None:
        """Let this node know a child, if there is one."""
        if name not in self._shelf.records:
            self._membership.session()  # raises
            await self._membership.shelves.refresh(self._shelf)

    async def _running(self, key: ClusterKey, name: Name, *, forget: bool) -> None:
        """Wait until a child runs, wherever."""
        shelf = self._shelf
        await self._known(name)
        while True:
            record = shelf.records.get(name)
            if record is None:
                raise NotRegistered(key)
            if _runs(record) and record.node in self._membership.nodes():
                return
            if record.state == "failed":
                if forget:
                    await self._swap(name, shelf.texts[name], None)
                raise PlacementFailed(key, record.why)
            await shelf.wait(name)


def _runs(record: ChildRecord) -> bool:
    return record.state == "running"


def _kind(spec: ChildSpec[Any]) -> type[Any]:
    if spec.kind != "server":
        raise TypeError(
            f"a child of the cluster is a server, so that it can be called, not a "
            f"{spec.kind}: give it a GenServer that runs the rest"
        )
    kind: type[Any] = spec.target
    return kind
