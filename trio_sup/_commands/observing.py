"""A cluster as an observer sees it: a node that runs nothing, and looks at the others."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
import trio

from trio_sup._core.urls import without_secrets
from trio_sup.cluster import (
    EngineUnavailable,
    NodeSnapshot,
    Unreachable,
    open_cluster,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from trio_sup.cluster import Backend, Cluster

Document: TypeAlias = "dict[str, Any]"

MOST: Final = 10_000
"""How many names one document has, of all nodes together; as many calls, and so on."""
_LISTS: Final = ("names", "calls", "standing_by", "unplaced", "topics")
_PROBE: Final = ("trio_sup", "is the engine there?")
"""Nobody's name: to ask who has it takes as long as the engine does."""


@attrs.frozen
class Observer:
    """Looks at a cluster.

    Args:
        backend: Its engine.
        url: Where that is; the password is not told.
        timeout: Seconds to wait for the answer of a node, and of the engine.
    """

    backend: Backend
    url: str = attrs.field(converter=without_secrets)
    timeout: float

    async def once(self) -> Document:
        """Join, look, and leave."""
        try:
            async with self._joined() as cluster:
                return await self._look(cluster)
        except EngineUnavailable as down:
            return self._away(str(down))

    async def follow(self, show: Callable[[Document], None], every: float) -> None:
        """Stay, and show what is seen again and again, until SIGTERM.

        Args:
            show: Is given each document.
            every: Seconds from one look to the next.
        """
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_end, signals, nursery.cancel_scope)
                while True:
                    try:
                        await self._stay(show, every)
                    except EngineUnavailable as down:  # it could not even be joined
                        show(self._away(str(down)))
                    await trio.sleep(every)

    async def _stay(self, show: Callable[[Document], None], every: float) -> None:
        async with self._joined() as cluster:
            while True:
                due = trio.current_time() + every
                show(await self._look(cluster))
                await trio.sleep_until(due)

    def _joined(self) -> AbstractAsyncContextManager[Cluster]:
        name = f"observer-{os.getpid()}"
        return open_cluster(self.backend, node=name, accepts_children=False)

    def _away(self, why: str) -> Document:
        return self._document({"answers": False, "seconds": None, "why": why}, [])

    def _document(self, engine: Document, nodes: list[Document]) -> Document:
        return {"schema": 1, "engine": {"url": self.url, **engine}, "nodes": nodes}

    async def _look(self, cluster: Cluster) -> Document:
        """Ask the engine and all nodes at once."""
        seconds: list[float] = []
        down: list[str] = []
        seen: Mapping[Any, NodeSnapshot | Unreachable] = {}

        async def probe() -> None:
            began = trio.current_time()
            try:
                await cluster.whereis(_PROBE)
            except EngineUnavailable as error:
                down.append(str(error))
            else:
                seconds.append(trio.current_time() - began)

        with trio.move_on_after(self.timeout * 1.1):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(probe)
                try:
                    seen = await cluster.snapshot(timeout=self.timeout)
                except EngineUnavailable as error:
                    down.append(str(error))
        if down or not seconds:
            # Whether nodes answered is of no account: all that they say goes by it.
            silent = f"no answer of the engine in {self.timeout:g} s"
            return self._away(down[0] if down else silent)
        engine = {"answers": True, "seconds": round(seconds[0], 6), "why": ""}
        others = [(id, each) for id, each in seen.items() if id != cluster.id]
        return self._document(engine, _bounded([_node(*each) for each in others]))


async def _end(signals: Any, scope: trio.CancelScope) -> None:
    async for _ in signals:
        scope.cancel("the observer is asked to go")
        return


def _node(id: str, seen: NodeSnapshot | Unreachable) -> Document:
    answers = isinstance(seen, NodeSnapshot)
    return {"id": id, "answers": answers, **attrs.asdict(seen)}


def _bounded(nodes: list[Document]) -> list[Document]:
    """The same with so much of all nodes together that it can be shown each second."""
    for name in _LISTS:
        left = MOST
        for node in nodes:
            if name in node:
                node[name] = list(node[name][:left])
                left -= len(node[name])
    return nodes
