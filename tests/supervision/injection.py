"""Faults at every step of a tree, and the laws that must hold all the same.

The laws, over the events of the node and what the children did:

* each life that began has exactly one end, and lives of one child never overlap;
* nobody is left: no child, no name, no root;
* a static supervisor asks a child to stop only when those after it are down;
* nothing is lost: a Ctrl-C comes out of `trio.run`, a cancellation is caught;
* it ends, soon, in virtual time.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import Any

import trio
from attrs import Factory, define
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    Backoff,
    NoProcess,
    StartFailed,
    Supervisor,
    SupervisorStopping,
    child,
    current_node,
    dynamic_supervisor,
    graceful_stop,
    open_supervisor,
    supervisor,
)
from trio_sup._core import events

LIMIT = 500.0
"""Virtual seconds after which a run counts as hung."""

ENDS = (
    events.ChildStopped,
    events.ChildCrashed,
    events.ChildStartFailed,
    events.ChildIgnored,
)


class Hung(BaseException):
    """A run did not end."""


def bounded_clock(hung: list[float]) -> MockClock:
    """Make a clock that ends a run that hangs, as an internal error of Trio."""
    clock = MockClock(autojump_threshold=0)
    tell = clock.current_time

    def current_time() -> float:
        now = tell()
        if now > LIMIT:
            hung.append(now)
            raise Hung
        return now

    clock.current_time = current_time  # type: ignore[method-assign]
    return clock


@define
class World:
    """One run of the tree, and what became of it."""

    stage: Stage = Factory(Stage)
    seen: list[events.LifecycleEvent] = Factory(list)
    raised: BaseException | None = None
    cancelled: bool = False
    finished: bool = False
    struck: bool = False
    """Whether the fault happened."""
    left: list[object] = Factory(list)


@define(eq=False)
class Injector(trio.abc.Instrument):
    """Calls `action` right before the k-th task step."""

    at: int
    action: Callable[[], object] | None = None
    steps: int = 0
    fired: bool = False

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.steps += 1
        if self.steps == self.at and self.action is not None:
            self.fired = True
            self.action()


async def polite(world: World) -> None:
    with graceful_stop() as stopping:
        await stopping.wait()
        await trio.sleep(0.5)


async def scenario(world: World) -> None:
    """Start, restart alone and in groups, back off, add, remove, stop."""
    stage = world.stage
    stage.stop_seconds = {"c": 0.25, "x": 0.25}
    stage.start_seconds = {"d": 0.5}
    tree = [
        stage.spec("a", name="ay"),
        supervisor(
            [*stage.specs("c d", shutdown=2), stage.spec("t", restart="temporary")],
            id="group",
            strategy="one_for_all",
            max_restarts=5,
        ),
        dynamic_supervisor(id="dyn", name="dyn"),
        stage.spec("b", backoff=Backoff(initial=1.0, jitter=0, immediate_first=False)),
        child(polite, world, id="polite"),
    ]
    async with open_supervisor(tree, max_restarts=5) as sup:
        await story(stage, sup)


async def story(stage: Stage, sup: Supervisor) -> None:
    stage.crash("a")
    stage.crash("b")
    await quiet()
    stage.failing_starts["d"] = [Boom("once")]
    stage.crash("c")
    await sup.child("group").wait_running()
    await sup.start_child(stage.spec("late", name="late"))
    dynamic = sup.dynamic("dyn")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(dynamic.start_child, stage.spec("x", name="ex"))
        nursery.start_soon(dynamic.get_or_start, stage.spec("y", name="why"))
        nursery.start_soon(dynamic.get_or_start, stage.spec("y", name="why"))
    stage.crash("y")
    await dynamic.terminate_child("x")
    await sup.terminate_child("late")
    await sup.restart_child("late")
    await sup.terminate_child("late")
    await sup.delete_child("late")
    await sup.child("b").wait_running()
    stage.crash("a")
    await sup.child("a").wait_running()
    await sup.child("group", "d").wait_running()


def run(
    at: int,
    kind: str,
    seed: int = 0,
    body: Callable[[World], Awaitable[None]] = scenario,
) -> tuple[World, int]:
    """Run once with a fault before step `at`; return the world and its steps."""
    trio._core._run._r.seed(seed)
    world, hung = World(), list[float]()
    injector = Injector(at)

    async def main() -> None:
        # Keeps the clock going, so that a hang is noticed.
        trio.lowlevel.spawn_system_task(trio.sleep, LIMIT + 1)
        # A hook, as users have them; Ctrl-C may come inside of it.
        current_node().add_hook(str)
        try:
            with trio.CancelScope() as outer:
                if kind == "cancel":
                    injector.action = outer.cancel
                elif kind == "sigint":
                    injector.action = press_ctrl_c
                await body(world)
                world.finished = True
            world.cancelled = outer.cancelled_caught
        finally:
            node = current_node()
            world.seen = list(node.recent_events())
            world.left = [*node.roots(), *world.stage.up, *node.registry._table]

    try:
        trio.run(main, clock=bounded_clock(hung), instruments=[injector])
    except BaseException as error:  # noqa: BLE001 - judged by the laws
        world.raised = error
        if hung:
            raise AssertionError(f"{kind} before step {at}, seed {seed}: hung") from (
                None
            )
    world.struck = injector.fired
    return world, injector.steps


def press_ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def has(error: BaseException | None, kind: type[BaseException]) -> bool:
    """Whether an exception is of a kind, or is a group with such a leaf."""
    if isinstance(error, BaseExceptionGroup):
        return any(has(one, kind) for one in error.exceptions)
    return isinstance(error, kind)


def leaves(error: BaseException | None) -> list[BaseException]:
    if error is None:
        return []
    if isinstance(error, BaseExceptionGroup):
        return [leaf for one in error.exceptions for leaf in leaves(one)]
    return [error]


ORDER: dict[str, list[str]] = {
    "root": ["a", "group", "dyn", "b", "polite", "late"],
    "root/group": ["c", "d", "t"],
}


def check_laws(world: World, what: str) -> None:
    """Check what must hold whatever happened."""
    assert world.left == [], f"{what}: left over {world.left}"
    assert world.stage._inside == set(), what
    alive: dict[str, int] = {}
    for event in world.seen:
        if isinstance(event, events.ChildStarting):
            assert event.path not in alive, f"{what}: overlapping {event}"
            alive[event.path] = event.life
        elif isinstance(event, ENDS):
            assert alive.pop(event.path, None) == event.life, f"{what}: {event}"
        elif isinstance(event, events.ChildStopping):
            check_order(event, alive, what)
    assert alive == {}, f"{what}: no end of {alive}"


def check_order(event: events.ChildStopping, alive: dict[str, int], what: str) -> None:
    parent, _, id = event.path.rpartition("/")
    order = ORDER.get(parent, [])
    if "terminate_child" in event.reason or id not in order:
        return
    for later in order[order.index(id) + 1 :]:
        path = f"{parent}/{later}"
        assert path not in alive, f"{what}: {event.path} asked before {path} was down"


def check_outcome(world: World, kind: str, what: str) -> None:
    """Check that the fault itself was not lost, and nothing else came of it."""
    if kind == "sigint" and world.struck:
        assert has(world.raised, KeyboardInterrupt), f"{what}: {world.raised!r}"
    elif world.raised is None:
        assert world.cancelled or world.finished, what
    # Requests that were on their way are refused, that is all.
    allowed: tuple[Any, ...] = (
        KeyboardInterrupt,
        SupervisorStopping,
        NoProcess,
        StartFailed,  # where Ctrl-C came inside of a start
        trio.Cancelled,
    )
    strange = [e for e in leaves(world.raised) if not isinstance(e, allowed)]
    assert strange == [], f"{what}: {world.raised!r}"
