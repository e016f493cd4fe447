"""Runs a scenario on trio-sup, under virtual time and with a defined schedule.

What is observed is public: the events that a node's hook gets, and what handles
answer. The scenario's root is a child of an outer supervisor, so that its own start
and end are events like all others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import trio
import trio.testing

import trio_sup
from tests.proof.supervisors.replies import asked_just_before
from tests.proof.supervisors.rules.deviations import NOT_COMPARED
from tests.proof.supervisors.scenario import (
    Advance,
    Ask,
    Exit,
    InitPlan,
    Kill,
    Nested,
    Op,
    Queue,
    Request,
    Scenario,
    StartChild,
    StopRoot,
    child_path,
)
from tests.proof.supervisors.trio_answers import (
    Answer,
    AnySupervisor,
    bad_spec,
    children_of,
    counts,
    reason_of_supervisor,
)
from tests.proof.supervisors.trio_order import Order
from tests.proof.supervisors.trio_workers import Killed, Life, Scripted, Stage
from tests.proof.trace import Trace, Value, freeze
from trio_sup._core import events
from trio_sup.testing._run.quiet import quiet_log
from trio_sup.testing._run.watchdog import sweep
from trio_sup.testing.schedule import scheduled, schedules_are_drawn

ROOT = "root"
DRIFT = 0.5
"""Seconds added to periods where stops take time: the clock is then a little late."""


def run_scenario(scenario: Scenario, codes: Sequence[int] = ()) -> Trace:
    """Play a scenario on trio-sup and return what happened.

    The tree runs in virtual time. Tasks that are ready at the same time run in the
    order that `codes` says; what a `Queue` names comes first, in the queue's order.
    The same scenario and codes give the same trace.

    Args:
        scenario: The tree and its script.
        codes: A permutation for each moment at which two tasks or more are ready; 0,
            or the end of the list, is first come, first served.

    Returns:
        The trace as it is: `compare_with_otp` brings it into the form in which it is
        compared. Its last event is ``("endless",)`` if the tree did not come to rest,
        or did not end.

    Raises:
        RuntimeError: this version of Trio does not let its schedules be drawn, so
            nothing could be said about the order of events.
    """
    if not schedules_are_drawn():
        raise RuntimeError(f"trio {trio.__version__} has another scheduler")
    clock = trio.testing.MockClock()
    order = Order(codes)
    run = Run(scenario, clock, order)
    with scheduled(schedule=order), quiet_log():
        try:
            return trio.run(run.run, clock=clock)
        except trio.TrioInternalError as error:
            if order.halt is None:
                raise
            del error
            sweep(order.left)
    return Trace((*run.log, ("endless",)), run.final)


class Run:
    """One scenario on its way."""

    def __init__(
        self, scenario: Scenario, clock: trio.testing.MockClock, order: Order
    ) -> None:
        self.scenario = scenario
        self.clock = clock
        self.order = order
        self.log: list[Value] = []
        self.stage = Stage(drift=DRIFT if _takes_time(scenario) else 0)
        self.final: Value = None
        self.root: trio_sup.Child | None = None
        self.outer: trio_sup.Supervisor
        self.nursery: trio.Nursery

    async def run(self) -> Trace:
        for path, plan in self.scenario.init_plans.items():
            self.stage.set_plan(path, plan)
        trio_sup.current_node().add_hook(self.note)
        async with trio.open_nursery() as around:
            async with (
                trio_sup.open_supervisor([], id="outer") as self.outer,
                trio.open_nursery() as self.nursery,
            ):
                await self.play()
                # Whoever has no answer by now will get none.
                self.nursery.cancel_scope.cancel()
                around.start_soon(self.watch_end)
            around.cancel_scope.cancel()
        return Trace(tuple(self.log), self.final)

    async def play(self) -> None:
        outcome = await self.start_root()
        await self.settle()
        self.log.append(("root", outcome))
        for index, op in enumerate(self.scenario.script):
            reply = await self.perform(op, index)
            self.log.append(("reply", index, reply))
        self.final = self.snapshot("")
        self.log.append(("end",))
        await self.stop_root()

    async def watch_end(self) -> None:
        """Halts a run whose tree does not end, though nobody does anything more."""
        await self.settle()
        self.order.halt = "the tree does not end"
        await trio.lowlevel.checkpoint()

    # The tree

    async def start_root(self) -> Value:
        nested = Nested(ROOT, self.scenario.tree, restart="temporary")
        answer = Answer()
        try:
            spec = self.stage.supervisor(nested, "")
        except trio_sup.ChildSpecError as error:
            return ("error", bad_spec(error))
        self.nursery.start_soon(answer.ask, partial(self.outer.start_child, spec))
        await self.settle()
        self.root = answer.handle
        return answer.value

    async def stop_root(self) -> Value:
        if self.find("") is None:
            return "noproc"
        stop = partial(self.outer.terminate_child, ROOT)
        self.nursery.start_soon(Answer().ask, stop)
        await self.settle()
        return "ok"

    def find(self, path: str) -> trio_sup.Child | None:
        """The handle of the living child at `path`."""
        handle = self.handle(path)
        return handle if handle is not None and handle.status == "running" else None

    def handle(self, path: str) -> trio_sup.Child | None:
        """The handle of the child at `path`, in whatever state it is."""
        handle = self.root
        for id in path.split("/") if path else ():
            infos = () if handle is None else children_of(handle)
            handle = next((info.handle for info in infos if info.id == id), None)
        return handle

    def is_worker(self, path: str) -> bool:
        """Whether the child at `path` is one, and no supervisor."""
        return not isinstance(self.handle(path), AnySupervisor | None)

    def snapshot(self, path: str) -> Value:
        handle = self.find(path)
        if not isinstance(handle, AnySupervisor):
            return None
        return {
            "which": self.which(handle, path),
            "count": counts(handle),
            "subs": {
                str(info.id): self.snapshot(child_path(path, str(info.id)))
                for info in handle.which_children()
                if info.kind != "task" and info.status == "running"
            },
        }

    def which(self, handle: AnySupervisor, path: str) -> Value:
        return tuple(
            (
                str(info.id),
                self.state(info, child_path(path, str(info.id))),
                "worker" if info.kind == "task" else "supervisor",
            )
            for info in handle.which_children()
        )

    def state(self, info: trio_sup.ChildInfo, path: str) -> Value:
        match info.status:
            case "running" | "starting" | "stopping":
                return self.stage.attempts[path]
            case "restarting" | "backing_off":
                return "restarting"
            case _:
                return None

    # Time and order

    async def settle(self) -> None:
        """Waits until nothing more happens; stops that take time get it."""
        while True:
            await trio.testing.wait_all_tasks_blocked()
            now = trio.current_time()
            times = [life.until for life in self.stage.lives.values()]
            due = [time for time in times if now < time < float("inf")]
            if not due:
                return
            self.clock.jump(min(due) - now)

    # The script

    async def perform(self, op: Op, index: int) -> Value:
        match op:
            case Advance(seconds):
                self.clock.jump(seconds)
                await self.settle()
                return "ok"
            case InitPlan(path, plan):
                self.stage.set_plan(path, plan)
                return "ok"
            case StopRoot():
                return await self.stop_root()
            case Exit() | Kill():
                reply = "noproc" if self.end(op) is None else "ok"
                await self.settle()
                return reply
            case Queue():
                return await self.queue(op, index)
            case _:
                answer = self.request(op)
                await self.settle()
                return answer()

    def end(self, op: Exit | Kill) -> Life | None:
        """Lets a living worker end by itself."""
        life = self.stage.lives.get(op.path)
        if self.find(op.path) is None or life is None or life.order is not None:
            return None
        life.end(op.reason if isinstance(op, Exit) else "killed")
        return life

    async def queue(self, op: Queue, index: int) -> Value:
        """Lets several things happen in one turn of the scheduler, in this order."""
        if not isinstance(self.find(op.path), AnySupervisor):
            return "noproc"
        before = len(self.log)
        names: list[str] = []
        replies: list[Callable[[], Value]] = []
        ended: set[Value] = set()
        for item in op.items:
            if isinstance(item, Ask):
                asked = asked_just_before(self.scenario, index, item) is not None
                answer = self.request(item) if asked else partial(_same, NOT_COMPARED)
                replies.append(answer)
                continue
            if not isinstance(item, Exit | Kill):
                name = f"queued request {len(names)}"
                names.append(name)
                replies.append(self.request(item, name))
                continue
            life = self.end(item)
            replies.append(partial(_same, "noproc" if life is None else "ok"))
            if life is not None:
                names.append(f"outer/{ROOT}/{life.path}")
                ended.add((life.path, self.stage.attempts[life.path]))
        self.order.first = names
        await self.settle()
        self.order.first = []
        self.move_ends_first(before, ended)
        return tuple(reply() for reply in replies)

    def move_ends_first(self, before: int, ended: set[Value]) -> None:
        """Shows the ends before what they caused.

        In OTP all of them are dead before the supervisor looks. Here the first end
        may be dealt with before the second task gets its turn.
        """
        news = self.log[before:]
        ends = [e for e in news if _is_stop_of(e, ended)]
        self.log[before:] = [*ends, *(e for e in news if e not in ends)]

    def request(self, request: Request, name: str = "request") -> Callable[[], Value]:
        """Begins a request; what comes back gives the answer once all has settled."""
        handle = self.find(request.path)
        if not isinstance(handle, AnySupervisor):
            return partial(_same, "noproc")
        if isinstance(request, Ask):
            is_which = request.request == "which"
            found = self.which(handle, request.path) if is_which else counts(handle)
            return partial(_same, found)
        call: Callable[[], Awaitable[object]]
        if isinstance(request, StartChild):
            id = request.child.id
            try:
                spec = self.stage.spec(request.child, request.path)
            except trio_sup.ChildSpecError as error:
                return partial(_same, ("error", bad_spec(error)))
            call = partial(handle.start_child, spec)
        else:
            id = request.id
            call = partial(getattr(handle, request.request), id)
        answer = Answer()
        self.nursery.start_soon(answer.ask, call, name=name)
        return partial(self.reply, answer, child_path(request.path, id))

    def reply(self, answer: Answer, path: str) -> Value:
        if answer.handle is None:
            return answer.value
        if answer.handle.path_text != f"outer/{ROOT}/{path}":
            return ("ok", answer.handle.path_text)
        return ("ok", self.stage.attempts[path])

    # What happens

    def note(self, event: events.LifecycleEvent) -> None:
        """Takes an event of the node; it is about the tree if it is below its root."""
        top, _, path = event.path.removeprefix("outer").removeprefix("/").partition("/")
        if top != ROOT:
            return
        match event:
            case events.ChildStarting():
                self.stage.attempts[path] += 1
                self.log.append(("start", path, self.stage.attempts[path]))
            case events.ChildIgnored():
                self.log.append(("start_ignored", path, self.stage.attempts[path]))
            case events.ChildStartFailed(exit=exit):
                failed = isinstance(exit.error, Scripted)
                reason = self.reason(path, exit, requested=False)
                word = "start_failed" if failed else "stop"
                self.log.append((word, path, self.stage.attempts[path], reason))
            case events.ChildCrashed(exit=exit):
                reason = self.reason(path, exit, requested=False)
                self.log.append(("stop", path, self.stage.attempts[path], reason))
            case events.ChildStopped(exit=exit, requested=requested):
                reason = self.reason(path, exit, requested=requested)
                self.log.append(("stop", path, self.stage.attempts[path], reason))
                # A plan is that of an attempt, however far the attempt came.
                if self.stage.has_plan_left(path) and self.is_worker(path):
                    self.stage.next_plan(path)
            case _:
                pass

    def reason(self, path: str, exit: trio_sup.Exit, *, requested: bool) -> Value:
        """How a life ended: what the library says, or on request what it did."""
        life = self.stage.present(path)
        if requested and life is not None:
            if life.order is not None:
                return life.order
            return "killed" if exit.kind == "killed" else life.asked
        match exit.error:
            case trio_sup.StartFailed() as failure:
                return reason_of_supervisor(failure)
            case Scripted() as error:
                return ("error", str(error))
            case Killed():
                return "killed"
            case _:
                own = life is not None and exit.kind == "shutdown"
                return freeze(exit.reason) if own else exit.kind


def _is_stop_of(event: Value, lives: set[Value]) -> bool:
    match event:
        case ("stop", path, life, _):
            return (path, life) in lives
        case _:
            return False


def _same(value: Value) -> Value:
    return value


def _takes_time(scenario: Scenario) -> bool:
    """Whether a stop may take time, so that the clock drifts from whole seconds."""
    return "stubborn" in str(scenario) or "slow" in str(scenario)
