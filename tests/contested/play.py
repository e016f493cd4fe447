"""Plays a scenario under a schedule, and notes who was told what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import trio
from attrs import Factory, define
from trio.testing import MockClock, wait_all_tasks_blocked

import trio_sup
from tests.proof.supervisors.trio_order import Order
from trio_sup import events
from trio_sup.testing._run.quiet import quiet_log
from trio_sup.testing._run.watchdog import sweep
from trio_sup.testing.schedule import scheduled

from .laws import judge
from .scenario import (
    GRACE,
    Cancel,
    End,
    Exit,
    Go,
    Let,
    Op,
    Outcome,
    Pass,
    Request,
    Scenario,
    Start,
    join,
)
from .workers import Gate, Stage

AnySupervisor = trio_sup.Supervisor | trio_sup.DynamicSupervisor


@define(eq=False)
class Asked:
    """One request: who made it, and what came back."""

    op: Start | Request
    key: tuple[int, int]
    """The moment in which it was made, and its place there."""
    scope: trio.CancelScope
    answers: list[str] = Factory(list[str])
    moment: int = -1
    """The moment in which the answer came."""


class Play:
    """One run of one scenario."""

    def __init__(self, scenario: Scenario, clock: MockClock, order: Order) -> None:
        self.scenario = scenario
        self.clock = clock
        self.order = order
        self.stage = Stage()
        self.asked: list[Asked] = []
        self.attempts: Counter[str] = Counter()
        self.stories: dict[str, list[str]] = {}
        self.moments: list[str] = []
        self.faults: list[str] = []
        self.now = 0
        self.leave: trio.Event
        self.left = False
        self.nursery: trio.Nursery
        self.root: trio_sup.Supervisor | None = None

    async def run(self) -> Outcome:
        trio_sup.current_node().add_hook(self.note)
        self.leave = trio.Event()
        async with trio.open_nursery() as self.nursery:
            self.nursery.start_soon(self.hold_tree)
            await wait_all_tasks_blocked()
            self.snapshot()
            for moment in self.scenario.script:
                self.now += 1
                names = [self.perform(op, place) for place, op in enumerate(moment)]
                self.order.first = [name for name in names if name]
                await wait_all_tasks_blocked()
                self.order.first = []
                self.snapshot()
            await self.finish()
        judge(self)
        return Outcome(
            tuple((" ".join(a.answers), a.moment) for a in self.asked),
            tuple(self.moments),
            tuple((path, tuple(self.stories[path])) for path in sorted(self.stories)),
            tuple(self.faults),
        )

    async def hold_tree(self) -> None:
        try:
            spec = self.stage.tree(self.scenario.tree, "")
            async with trio_sup.open_supervisor(spec) as self.root:  # type: ignore[arg-type]
                await self.leave.wait()
        except trio_sup.SupervisionError as error:
            self.story("").append(f"raised {type(error).__name__}")
        self.left = True

    async def finish(self) -> None:
        """Let everything go: whoever waits is answered, and the tree ends."""
        self.now += 1
        self.stage.released = True
        # One after the other: what goes on together has no order.
        while (gate := self.stage.next_held()) is not None:
            gate.opened.set()
            await wait_all_tasks_blocked()
        self.snapshot()
        self.leave.set()
        for _ in range(3):
            await wait_all_tasks_blocked()
            self.clock.jump(GRACE)
        if not self.left:
            self.faults.append("the tree does not end")
        for number, asked in enumerate(self.asked):
            if not asked.answers:
                self.faults.append(f"request {number} is never answered: {asked.op}")
            elif len(asked.answers) > 1:
                self.faults.append(f"request {number} is answered twice: {asked}")
        if not self.left:
            self.order.halt = "the tree does not end"
            await trio.lowlevel.checkpoint()
        self.nursery.cancel_scope.cancel()

    # What happens.

    def perform(self, op: Op, place: int) -> str | None:
        """Begin an operation; return the name of the task that takes its first step."""
        match op:
            case Exit(path, crash):
                return self.end(path, "crash" if crash else "return")
            case Go(number, path, outcome):
                return self.open(self.stage.starts, number, path, outcome)
            case Let(number, path):
                return self.open(self.stage.stops, number, path, "ok")
            case Start() | Request():
                return self.ask(op, place)
            case Cancel(number):
                waiting = [asked for asked in self.asked if not asked.answers]
                if waiting:
                    waiting[number % len(waiting)].scope.cancel()
            case Pass():
                self.clock.jump(GRACE)
            case End():
                self.leave.set()
        return None

    def open(
        self, gates: dict[str, Gate], number: int, parent: str | None, outcome: str
    ) -> str | None:
        """Let something go on that is held."""
        held = sorted(
            path
            for path, gate in gates.items()
            if parent in (None, path.rpartition("/")[0]) and not gate.opened.is_set()
        )
        if not held:
            return None
        path = held[number % len(held)]
        gates[path].outcome = outcome
        gates[path].opened.set()
        return f"root/{path}"

    def end(self, path: str, order: str) -> str | None:
        life = self.stage.lives.get(path)
        handle = self.find(path)
        if life is None or life.order or handle is None or handle.status != "running":
            return None
        life.order = order
        life.stopping.set()
        return f"root/{path}"

    def find(self, path: str) -> trio_sup.Child | None:
        """The handle at a path, in whatever state."""
        handle: trio_sup.Child | None = self.root
        for id in path.split("/") if path else ():
            if not isinstance(handle, AnySupervisor):
                return None
            infos = handle.which_children()
            handle = next((info.handle for info in infos if info.id == id), None)
        return handle

    def ask(self, op: Start | Request, place: int) -> str | None:
        handle = self.find(op.path)
        if not isinstance(handle, AnySupervisor):
            return None
        call: Callable[[], Awaitable[object]]
        if isinstance(op, Request):
            method = getattr(handle, op.what, None)
            if method is None:
                return None
            call = method if op.what == "stop" else partial(method, op.id)
        else:
            name = "get_or_start" if op.or_get else "start_child"
            method = getattr(handle, name, None)
            try:
                spec = self.stage.spec(op.child, op.path)
            except trio_sup.ChildSpecError:
                return None
            if method is None:
                return None
            call = partial(method, spec)
        asked = Asked(op, (self.now, place), trio.CancelScope())
        self.asked.append(asked)
        name = f"request {len(self.asked)}"
        self.nursery.start_soon(self.wait_answer, asked, call, name=name)
        return name

    async def wait_answer(
        self, asked: Asked, call: Callable[[], Awaitable[object]]
    ) -> None:
        with asked.scope:
            try:
                result = await call()
            except trio_sup.SupervisionError as error:
                asked.answers.append(type(error).__name__)
            else:
                asked.answers.append("ok")
                if isinstance(result, trio_sup.Child):
                    path = join(asked.op.path, str(result.id))
                    asked.answers[-1] = f"ok:{result.id}"
                    if isinstance(asked.op, Start) and result.record.started_life == 0:
                        self.faults.append(f"{asked.op}: ok, but {path} never started")
        if asked.scope.cancelled_caught:
            asked.answers.append("cancelled")
        asked.moment = self.now

    def story(self, path: str) -> list[str]:
        return self.stories.setdefault(path, [])

    def note(self, event: events.LifecycleEvent) -> None:
        path = event.path.removeprefix("root").removeprefix("/")
        match event:
            case events.ChildStarting(life=life):
                self.attempts[path] += 1
                self.story(path).append(f"{life} starts")
            case events.ChildStarted(life=life):
                self.story(path).append(f"{life} is ready")
            case (
                events.ChildStartFailed()
                | events.ChildCrashed()
                | (events.ChildStopped() | events.ChildIgnored())
            ):
                self.story(path).append(f"{event.life} {event.kind}")
            case events.SupervisorGaveUp() | events.SupervisorAutoShutdown():
                self.story(path).append(event.kind)
            case _:
                pass

    def snapshot(self) -> None:
        lines: list[str] = []
        if self.root is not None:
            self.look(self.root, "", lines)
        held = [*self.stage.starts, "|", *self.stage.stops]
        self.moments.append(" ".join([*lines, *sorted(held)]))

    def look(self, handle: trio_sup.Child, path: str, lines: list[str]) -> None:
        lines.append(f"{path or 'root'}={handle.status}{handle.life}")
        if isinstance(handle, AnySupervisor):
            infos = handle.which_children()
            if isinstance(handle, trio_sup.DynamicSupervisor):
                infos = sorted(infos, key=lambda info: str(info.id))
            for info in infos:
                self.look(info.handle, join(path, str(info.id)), lines)


def play(scenario: Scenario, codes: Sequence[int] = ()) -> Outcome:
    """Play a scenario; the same scenario and codes give the same outcome."""
    return perform(Play(scenario, MockClock(), Order(codes)))


def perform(run: Play) -> Outcome:
    """Play a run to its end."""
    clock, order = run.clock, run.order
    with scheduled(schedule=order), quiet_log():
        try:
            return trio.run(run.run, clock=clock)
        except trio.TrioInternalError:
            if order.halt is None:
                raise
            sweep(order.left)
    return Outcome((), (), (), (*run.faults, order.halt))
