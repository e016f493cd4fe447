"""Scripted workers on trio-sup: they do nothing but what the scenario says."""

from __future__ import annotations

import math
from collections import Counter, deque
from typing import Literal

import trio
from attrs import Factory, define

import trio_sup
from tests.proof.supervisors.scenario import (
    Child as ScriptedChild,
    Nested,
    Plan,
    Reason,
    Shutdown,
    Tree,
    Worker,
    child_path,
)
from tests.proof.trace import Value

MILLISECOND = 1e-6
"""Seconds that a millisecond of a scenario takes here.

Nothing depends on the length of these times but what comes first; the less the
clock moves by them, the less they blur the restart window, which is in seconds.
"""


class Scripted(Exception):
    """An error that the scenario asked for."""


class Killed(Exception):
    """The worker was killed from outside: an error like any other, in Trio."""


@define(eq=False)
class Life:
    """One life of a worker, as the script sees it."""

    path: str
    number: int
    worker: Worker
    leave: trio.Event
    order: Reason | None = None
    """How the script told it to end, if it did."""
    asked: Value = "shutdown"
    """What it makes of a request to stop."""
    until: float = math.inf
    """Trio time at which its stop, now in progress, is over."""

    def end(self, reason: Reason) -> None:
        """Tells the worker to end by itself."""
        self.order = reason
        self.leave.set()


@define
class Stage:
    """The workers that play a scenario, and the plans of their starts."""

    drift: float = 0.0
    plans: dict[str, deque[Plan]] = Factory(dict[str, deque[Plan]])
    attempts: Counter[str] = Factory(Counter[str])
    lives: dict[str, Life] = Factory(dict[str, Life])
    planned: dict[str, int] = Factory(dict[str, int])
    """The latest attempt at each path that has taken its plan."""

    def set_plan(self, path: str, plan: tuple[Plan, ...]) -> None:
        """Sets what the next start attempts at `path` do."""
        self.plans[path] = deque(plan)

    def next_plan(self, path: str) -> Plan:
        """What the present start attempt at `path` does."""
        self.planned[path] = self.attempts[path]
        plan = self.plans.get(path)
        return plan.popleft() if plan else "ok"

    def has_plan_left(self, path: str) -> bool:
        """Whether the present attempt at `path` was stopped before it took its plan."""
        taken = self.planned.get(path) == self.attempts[path]
        return not taken and bool(self.plans.get(path))

    def spec(
        self, child: ScriptedChild, parent: str
    ) -> trio_sup.ChildSpec[trio_sup.Child]:
        """The specification that corresponds to one of a scenario.

        Raises:
            ChildSpecError: trio-sup refuses it.
        """
        path = child_path(parent, child.id)
        if isinstance(child, Nested):
            return self.supervisor(child, path)
        spec: trio_sup.ChildSpec[trio_sup.Child] = trio_sup.child(
            self._work,
            path,
            child,
            id=child.id,
            restart=child.restart,
            significant=child.significant,
            shutdown=_seconds(child.shutdown),
            ready="signalled",
        )
        return spec

    def supervisor(
        self, nested: Nested, path: str
    ) -> trio_sup.ChildSpec[trio_sup.Child]:
        """The specification of a supervisor and all below it."""
        tree: Tree = nested.tree
        children = [self.spec(child, path) for child in tree.children]
        shutdown = _seconds(nested.shutdown)
        if tree.strategy == "dynamic":
            limit = math.inf if tree.max_children is None else tree.max_children
            return trio_sup.dynamic_supervisor(
                max_restarts=tree.intensity,
                max_seconds=tree.period + self.drift,
                max_children=limit,
                id=nested.id,
                restart=nested.restart,
                shutdown=shutdown,
                significant=nested.significant,
            )
        return trio_sup.supervisor(
            children,
            strategy=tree.strategy,
            max_restarts=tree.intensity,
            max_seconds=tree.period + self.drift,
            auto_shutdown=tree.auto_shutdown,
            id=nested.id,
            restart=nested.restart,
            shutdown=shutdown,
            significant=nested.significant,
        )

    async def _work(
        self,
        path: str,
        worker: Worker,
        *,
        task_status: trio.TaskStatus[None],
    ) -> None:
        match self.next_plan(path):
            case "ignore":
                raise trio_sup.Ignore
            case ("error", str(text)):
                raise Scripted(text)
            case ("then", reason):
                self._enter(path, worker, trio.Event()).order = reason
                task_status.started()
                _end(reason)
            case _:
                await self._live(path, worker, task_status)

    async def _live(
        self, path: str, worker: Worker, task_status: trio.TaskStatus[None]
    ) -> None:
        if worker.stop == "default":
            life = self._enter(path, worker, trio.Event())
            task_status.started()
            await life.leave.wait()
        else:
            with trio_sup.graceful_stop() as stopping:
                life = self._enter(path, worker, stopping)
                task_status.started()
                await stopping.wait()
                if life.order is None:
                    await _obey(life)
        if life.order is not None:
            _end(life.order)

    def _enter(self, path: str, worker: Worker, leave: trio.Event) -> Life:
        self.lives[path] = Life(path, self.attempts[path], worker, leave)
        return self.lives[path]

    def present(self, path: str) -> Life | None:
        """The latest life at `path`, if that is one of a worker that started."""
        life = self.lives.get(path)
        return life if life and life.number == self.attempts[path] else None


async def _obey(life: Life) -> None:
    """Does what the worker does that is asked to stop."""
    worker, now = life.worker, trio.current_time()
    patience = _seconds(worker.shutdown)
    grace = 0.0 if patience == "brutal_kill" else patience
    match worker.stop:
        case "stubborn":
            life.until = now + grace
            await trio.sleep_forever()
        case ("slow", int(milliseconds)):
            life.until = now + min(grace, milliseconds * MILLISECOND)
            await trio.sleep(milliseconds * MILLISECOND)
        case "normal":
            life.asked = "normal"
        case "error":
            life.asked = ("error", "stop")
            raise Scripted("stop")
        case _:
            pass


def _end(reason: Reason) -> None:
    match reason:
        case "normal":
            return
        case "killed":
            raise Killed
        case ("error", text):
            raise Scripted(text)
        case _:
            raise trio_sup.Stop(reason)


def _seconds(shutdown: Shutdown) -> float | Literal["brutal_kill"]:
    if shutdown == "brutal_kill":
        return shutdown
    return math.inf if shutdown == "infinity" else shutdown * MILLISECOND
