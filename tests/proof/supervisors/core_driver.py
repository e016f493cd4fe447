"""Plays the scenarios of the comparison with OTP on the core alone: no task, no clock."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from attrs import define

import trio_sup
from tests.core.sync_shell import Body, Ended, NotStarted, Record, Reply, Shell, World
from tests.proof.supervisors.replies import asked_just_before
from tests.proof.supervisors.rules.deviations import NOT_COMPARED
from tests.proof.supervisors.scenario import (
    Advance,
    Ask,
    ChildRequest,
    Exit as ExitOp,
    InitPlan,
    Kill,
    Nested,
    Op,
    Plan,
    Queue,
    Reason,
    Request,
    Scenario,
    StartChild,
    StopRoot,
    Worker,
    child_path,
)
from tests.proof.supervisors.trio_answers import bad_spec
from tests.proof.supervisors.trio_driver import DRIFT
from tests.proof.supervisors.trio_workers import MILLISECOND, Stage
from tests.proof.trace import Trace, Value, freeze
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan.doing import Refused, Steps
from trio_sup._core.plan.dynamic import DynamicPlan, came_of_start
from trio_sup._core.plan.requests import (
    delete_child,
    restart_child,
    start_child,
    terminate_child,
)
from trio_sup._core.plan.static import StaticPlan

ROOT = "root"


class Scripted(Exception):
    """An error that the scenario asked for."""


class Killed(Exception):
    """The worker was killed from outside."""


@define(eq=False)
class Scripts(Body):
    """A worker that does what its scenario says."""

    play: Play
    path: str
    worker: Worker
    number: int = 0
    order: Reason | None = None
    asked: Value = "shutdown"

    def run(self, world: World, record: Record) -> None:
        over = partial(world.over, record, record.life)
        self.order, self.asked, self.number = None, "shutdown", 0
        match self.play.next_plan(self.path):
            case "ignore":
                over(Ignore())
            case ("error", str(text)):
                over(Scripted(text))
            case ("then", reason):
                self.number = self.play.attempts[self.path]
                self.order = reason
                world.ready_now(record)
                over(_end(reason))
            case _:
                self.number = self.play.attempts[self.path]
                world.ready_now(record)

    def end(self, world: World, record: Record, reason: Reason) -> Callable[[], None]:
        """Be told to end by itself; return the step in which it does."""
        self.order = reason
        return partial(world.over, record, record.life, _end(reason))

    def ask(self, world: World, record: Record, grace: float) -> None:
        if self.order is not None:
            return  # on its way already
        over = partial(world.over, record, record.life)
        if not record.ready or self.worker.stop == "default":
            world.soon(partial(over, None))
            return
        if grace <= 0:
            world.force(record, record.life)
            return
        match self.worker.stop:
            case "stubborn":
                pass
            case ("slow", int(milliseconds)):
                at = world.now + milliseconds * MILLISECOND
                world.at(at, partial(over, None), record)
            case "error":
                self.asked = ("error", "stop")
                world.soon(partial(over, Scripted("stop")))
            case how:
                self.asked = "normal" if how == "normal" else "shutdown"
                world.soon(partial(over, None))


def _end(reason: Reason) -> Exception | None:
    match reason:
        case "normal":
            return None
        case "killed":
            return Killed()
        case ("error", text):
            return Scripted(text)
        case _:
            return Ended(Exit("shutdown", reason))


_REQUESTS: dict[str, Callable[[StaticPlan[Record], Hashable], Steps[Record, Any]]] = {
    "terminate_child": terminate_child,
    "restart_child": restart_child,
    "delete_child": delete_child,
}


class Play:
    """One scenario on its way."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        takes_time = "stubborn" in str(scenario) or "slow" in str(scenario)
        self.stage = Stage(drift=DRIFT if takes_time else 0)
        self.attempts: Counter[str] = Counter()
        self.planned: dict[str, int] = {}
        self.plans: dict[str, deque[Plan]] = {}
        for path, plan in scenario.init_plans.items():
            self.plans[path] = deque(plan)
        self.log: list[Value] = []
        self.world = World()
        self.world.on_begin = self.began
        self.world.on_over = self.ended
        self.world.new_body = self.body_of
        spec = trio_sup.supervisor([], id="outer")
        self.outer = Record(spec, "outer", None, self.world)
        self.root: Record | None = None

    def run(self) -> Trace:
        assert self.outer.shell is not None
        self.outer.up = True
        self.outer.enter("begins")
        self.outer.shell.begin()
        self.outer.shell.work()
        self.log.append(("root", self.start_root()))
        for index, op in enumerate(self.scenario.script):
            self.log.append(("reply", index, self.perform(op, index)))
        final = self.snapshot("")
        self.log.append(("end",))
        self.stop_root()
        return Trace(tuple(self.log), final)

    # The tree.

    def start_root(self) -> Value:
        nested = Nested(ROOT, self.scenario.tree, restart="temporary")
        try:
            spec = self.stage.supervisor(nested, "")
        except ChildSpecError as error:
            return ("error", bad_spec(error))
        shell, plan = self.outer_parts()
        reply = shell.ask(lambda: start_child(plan, spec))
        self.world.settle()
        ((kind, result),) = reply.answers
        if kind == "ok":
            self.root = result
            return "ok"
        return self.refusal(kind, result)

    def outer_parts(self) -> tuple[Shell, StaticPlan[Record]]:
        shell = self.outer.shell
        assert shell is not None
        assert isinstance(shell.plan, StaticPlan)
        return shell, shell.plan

    def stop_root(self) -> Value:
        if self.find("") is None:
            return "noproc"
        shell, plan = self.outer_parts()
        shell.ask(lambda: terminate_child(plan, ROOT), self.root)
        self.world.settle()
        return "ok"

    def look_up(self, path: str) -> Record | None:
        """The child at a path, in whatever state it is."""
        record = self.root
        for id in path.split("/") if path else ():
            shell = None if record is None else record.shell
            record = None if shell is None else shell.plan.core.records.get(id)
        return record

    def find(self, path: str) -> Record | None:
        record = self.look_up(path)
        return record if record is not None and record.status == "running" else None

    def snapshot(self, path: str) -> Value:
        record = self.find(path)
        if record is None or record.shell is None:
            return None
        return {
            "which": self.which(record, path),
            "count": counts(record),
            "subs": {
                str(each.id): self.snapshot(child_path(path, str(each.id)))
                for each in record.shell.plan.core.records.values()
                if each.shell is not None and each.status == "running"
            },
        }

    def which(self, record: Record, path: str) -> Value:
        assert record.shell is not None
        return tuple(
            (
                str(each.id),
                self.state(each, child_path(path, str(each.id))),
                "worker" if each.shell is None else "supervisor",
            )
            for each in record.shell.plan.core.records.values()
        )

    def state(self, record: Record, path: str) -> Value:
        match record.status:
            case "running" | "starting" | "stopping":
                return self.attempts[path]
            case "restarting" | "backing_off":
                return "restarting"
            case _:
                return None

    # The script.

    def perform(self, op: Op, index: int) -> Value:
        match op:
            case Advance(seconds):
                self.world.now += seconds
                self.world.settle()
                return "ok"
            case InitPlan(path, plan):
                self.plans[path] = deque(plan)
                return "ok"
            case StopRoot():
                return self.stop_root()
            case ExitOp() | Kill():
                step = self.end(op)
                if step is not None:
                    self.world.soon(step)
                self.world.settle()
                return "noproc" if step is None else "ok"
            case Queue():
                return self.queue(op, index)
            case _:
                step, answer = self.request(op)
                step()
                self.world.settle()
                return answer()

    def end(self, op: ExitOp | Kill) -> Callable[[], None] | None:
        record = self.find(op.path)
        if record is None or not isinstance(record.body, Scripts) or record.body.order:
            return None
        reason = op.reason if isinstance(op, ExitOp) else "killed"
        return record.body.end(self.world, record, reason)

    def queue(self, op: Queue, index: int) -> Value:
        record = self.find(op.path)
        if record is None or record.shell is None:
            return "noproc"
        before = len(self.log)
        replies: list[Callable[[], Value]] = []
        ended: set[Value] = set()
        for item in op.items:
            if isinstance(item, Ask):
                asked = asked_just_before(self.scenario, index, item) is not None
                _, answer = self.request(item)
                replies.append(answer if asked else lambda: NOT_COMPARED)
            elif isinstance(item, ExitOp | Kill):
                step = self.end(item)
                replies.append(partial(_same, "noproc" if step is None else "ok"))
                if step is not None:
                    self.world.soon(step)
                    ended.add((item.path, self.attempts[item.path]))
            else:
                step, answer = self.request(item)
                self.world.soon(step)
                replies.append(answer)
        self.world.settle()
        news = self.log[before:]
        ends = [e for e in news if _is_stop_of(e, ended)]
        self.log[before:] = [*ends, *(e for e in news if e not in ends)]
        return tuple(reply() for reply in replies)

    def request(
        self, request: Request
    ) -> tuple[Callable[[], None], Callable[[], Value]]:
        """How to make a request, and its answer once all has settled."""
        record = self.find(request.path)
        shell = None if record is None else record.shell
        if record is None or shell is None:
            return _nothing, lambda: "noproc"
        if isinstance(request, Ask):
            found = self.which(record, request.path)
            value = found if request.request == "which" else counts(record)
            return _nothing, lambda: value
        try:
            if isinstance(shell.plan, StaticPlan):
                return self.ask_static(shell, shell.plan, request)
            assert isinstance(shell.plan, DynamicPlan)
            return self.ask_dynamic(shell, shell.plan, request)
        except ChildSpecError as error:
            value = ("error", bad_spec(error))
            return _nothing, lambda: value

    def ask_static(
        self, shell: Shell, plan: StaticPlan[Record], request: StartChild | ChildRequest
    ) -> tuple[Callable[[], None], Callable[[], Value]]:
        given: list[Reply] = []
        steps: Callable[[], Steps[Record, Any]]
        if isinstance(request, StartChild):
            id = request.child.id
            spec = self.stage.spec(request.child, request.path)
            steps = lambda: start_child(plan, spec)  # noqa: E731
        else:
            id, what = request.id, _REQUESTS[request.request]
            steps = lambda: what(plan, id)  # noqa: E731
        names = isinstance(request, ChildRequest) and request.request[0] == "t"

        def step() -> None:
            named = plan.core.records.get(id) if names else None
            given.append(shell.ask(steps, named))

        def answer() -> Value:
            if not given[0].answers:
                return "unanswered"
            ((kind, result),) = given[0].answers
            if kind == "ok":
                path = child_path(request.path, id)
                started = isinstance(result, Record)
                return ("ok", self.attempts[path]) if started else "ok"
            return self.refusal(kind, result)

        return step, answer

    def ask_dynamic(
        self,
        shell: Shell,
        plan: DynamicPlan[Record],
        request: StartChild | ChildRequest,
    ) -> tuple[Callable[[], None], Callable[[], Value]]:
        begun: list[Record] = []
        refused: list[Value] = []

        def step() -> None:
            try:
                if isinstance(request, StartChild):
                    record = plan.add(spec)
                    begun.append(record)
                    shell.start(record, supervised=True)
                else:
                    found = plan.core.records.get(request.id)
                    record = plan.check(found, request.id)
                    shell.perform(plan.terminate(record, self.world.now))
                    refused.append("ok")
            except Refused as error:
                refused.append(self.refusal(error.why, error.exit))

        if isinstance(request, StartChild):
            spec = self.stage.spec(request.child, request.path)

        def answer() -> Value:
            if refused:
                return refused[0]
            (record,) = begun
            try:
                came_of_start(record)
            except Refused as error:
                return self.refusal(error.why, error.exit)
            return ("ok", self.attempts[child_path(request.path, str(record.id))])

        return step, answer

    def refusal(self, why: str, about: object) -> Value:
        """The word of the format for a refusal."""
        match why, about:
            case "already_started" | "already_present" | "max_children", _:
                return ("error", why)
            case "no_such_child", _:
                return ("error", "not_found")
            case "not_stopped", str(how):
                return ("error", how)
            case "stopping", _:
                return "down"
            case "spec", ChildSpecError() as error:
                return ("error", bad_spec(error))
            case "not_started", Exit() as exit:
                if isinstance(exit.error, Ignore):
                    return "ignore"
                return ("error", reason_of_failure(exit))
            case _:
                raise AssertionError(f"an answer nobody expected: {why} {about}")

    # What happens.

    def next_plan(self, path: str) -> Plan:
        self.planned[path] = self.attempts[path]
        plan = self.plans.get(path)
        return plan.popleft() if plan else "ok"

    def body_of(self, record: Record) -> Body:
        if record.spec.flags is not None:
            return Body()
        path, worker = record.spec.args
        assert isinstance(worker, Worker)
        return Scripts(self, str(path), worker)

    def path_of(self, record: Record) -> str | None:
        parts = record.path_text.split("/")[1:]
        return "/".join(parts[1:]) if parts else None

    def began(self, record: Record) -> None:
        path = self.path_of(record)
        assert path is not None
        self.attempts[path] += 1
        self.log.append(("start", path, self.attempts[path]))

    def ended(self, record: Record, exit: Exit, asked: bool, ready: bool) -> None:
        path = self.path_of(record)
        if path is None:
            return
        number = self.attempts[path]
        if not asked and not ready:
            if isinstance(exit.error, Ignore):
                self.log.append(("start_ignored", path, number))
                return
            word = "start_failed" if isinstance(exit.error, Scripted) else "stop"
        else:
            word = "stop"
        reason = self.reason(record, exit, number, requested=asked)
        self.log.append((word, path, number, reason))
        # A plan is that of an attempt, however far the attempt came.
        taken = self.planned.get(path) == number
        if asked and not taken and self.plans.get(path) and record.shell is None:
            self.next_plan(path)

    def reason(
        self, record: Record, exit: Exit, number: int, *, requested: bool
    ) -> Value:
        body = record.body if isinstance(record.body, Scripts) else None
        body = body if body is not None and body.number == number else None
        if requested and body is not None:
            if body.order is not None:
                return body.order
            return "killed" if exit.kind == "killed" else body.asked
        match exit.error:
            case NotStarted() as failure:
                return reason_of_supervisor(failure)
            case Scripted() as error:
                return ("error", str(error))
            case Killed():
                return "killed"
            case _:
                own = body is not None and exit.kind == "shutdown"
                return freeze(exit.reason) if own else exit.kind


def reason_of_failure(exit: Exit) -> Value:
    match exit.error:
        case Scripted() as error:
            return ("error", str(error))
        case NotStarted() as inner:
            return reason_of_supervisor(inner)
        case None:
            return exit.kind
        case other:
            raise AssertionError(f"a failed start nobody planned: {other!r}")


def reason_of_supervisor(failure: NotStarted) -> Value:
    reason = reason_of_failure(failure.exit)
    return ("shutdown", ("failed_to_start_child", str(failure.record.id), reason))


def counts(record: Record) -> Value:
    assert record.shell is not None
    records = list(record.shell.plan.core.records.values())
    supervisors = sum(each.shell is not None for each in records)
    return {
        "specs": len(records),
        "active": sum(each.alive for each in records),
        "supervisors": supervisors,
        "workers": len(records) - supervisors,
    }


def _is_stop_of(event: Value, lives: set[Value]) -> bool:
    match event:
        case ("stop", path, life, _):
            return (path, life) in lives
        case _:
            return False


def _nothing() -> None:
    """Nothing to be asked of anybody."""


def _same(value: Value) -> Value:
    return value


def run_on_core(scenario: Scenario) -> Trace:
    """Play a scenario on the core and return what happened."""
    try:
        return Play(scenario).run()
    except RuntimeError:
        return Trace((("endless",),), None)
