"""The children of a scenario: they wait where the script tells them to."""

from __future__ import annotations

import math
from collections import Counter
from typing import Literal

import trio
from attrs import Factory, define

import trio_sup
from trio_sup import Child, ChildSpec

from .scenario import GRACE, Child as Described, Shutdown, Tree, Worker, join


class Boom(Exception):
    """What a worker crashes with."""


@define(eq=False)
class Gate:
    """Where a start or a stop waits; opened once."""

    opened: trio.Event = Factory(trio.Event)
    outcome: str = "ok"


@define(eq=False)
class Present:
    """The present life of a worker."""

    stopping: trio.Event
    order: str = ""
    """How it is to end by itself."""


@define
class Stage:
    """Makes the children and lets them go on."""

    starts: dict[str, Gate] = Factory(dict[str, Gate])
    stops: dict[str, Gate] = Factory(dict[str, Gate])
    lives: dict[str, Present] = Factory(dict[str, Present])
    inside: Counter[str] = Factory(Counter[str])
    overlaps: list[str] = Factory(list[str])
    released: bool = False
    """Whether nothing is held any more."""

    def spec(self, child: Described, parent: str) -> ChildSpec[Child]:
        """The specification of what a scenario describes."""
        path = join(parent, child.id)
        if isinstance(child, Tree):
            return self.tree(child, path)
        made: ChildSpec[Child] = trio_sup.child(
            self._work,
            path,
            child,
            id=child.id,
            name=child.id if child.named else None,
            restart=child.restart,
            significant=child.significant,
            shutdown=_seconds(child.shutdown),
            ready="signalled",
        )
        return made

    def tree(self, tree: Tree, path: str) -> ChildSpec[Child]:
        """The specification of a supervisor."""
        if tree.strategy == "dynamic":
            return trio_sup.dynamic_supervisor(
                id=tree.id,
                restart=tree.restart,
                significant=tree.significant,
                max_restarts=tree.intensity,
                shutdown=_seconds(tree.shutdown),
            )
        return trio_sup.supervisor(
            [self.spec(child, path) for child in tree.children],
            strategy=tree.strategy,
            id=tree.id,
            restart=tree.restart,
            significant=tree.significant,
            auto_shutdown=tree.auto_shutdown,
            max_restarts=tree.intensity,
            max_seconds=1e6,
            shutdown=_seconds(tree.shutdown),
        )

    def next_held(self) -> Gate | None:
        """What is to go on next when everything is let go."""
        for gates in (self.starts, self.stops):
            for path in sorted(gates):
                if not gates[path].opened.is_set():
                    return gates[path]
        return None

    async def _work(
        self, path: str, worker: Worker, *, task_status: trio.TaskStatus[None]
    ) -> None:
        self.inside[path] += 1
        if self.inside[path] > 1:
            self.overlaps.append(path)
        try:
            outcome = "ok"
            if worker.held_start and not self.released:
                outcome = await _wait_at(self.starts, path)
            if outcome == "ignore":
                raise trio_sup.Ignore
            if outcome == "error":
                raise Boom("start")
            await self._live(path, worker, task_status, blink=outcome == "blink")
        finally:
            self.inside[path] -= 1

    async def _live(
        self,
        path: str,
        worker: Worker,
        task_status: trio.TaskStatus[None],
        *,
        blink: bool,
    ) -> None:
        with trio_sup.graceful_stop() as stopping:
            self.lives[path] = present = Present(stopping)
            try:
                task_status.started()
                if blink:
                    raise Boom("blink")
                await stopping.wait()
                if present.order == "crash":
                    raise Boom("crash")
                if not present.order and worker.held_stop and not self.released:
                    await _wait_at(self.stops, path)
            finally:
                del self.lives[path]


async def _wait_at(gates: dict[str, Gate], path: str) -> str:
    gates[path] = gate = Gate()
    try:
        await gate.opened.wait()
    finally:
        del gates[path]
    return gate.outcome


def _seconds(shutdown: Shutdown) -> float | Literal["brutal_kill"]:
    if shutdown == "brutal_kill":
        return shutdown
    return GRACE if shutdown == "finite" else math.inf
