"""Plays the scenarios of the comparison with OTP on the core alone: no task, no clock."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import trio_sup
from tests.core.sync_shell import Reply, Shell, new_world, shell_of
from tests.core.sync_world import Body, NotStarted, Record
from tests.proof.supervisors.core_workers import (
    Killed,
    Scripted,
    Scripts,
    counts,
    is_stop_of,
    nothing,
    path_of,
    reason_of_supervisor,
    refusal,
    same,
)
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
    Request,
    Scenario,
    StartChild,
    StopRoot,
    Worker,
    child_path,
)
from tests.proof.supervisors.trio_answers import bad_spec
from tests.proof.supervisors.trio_driver import DRIFT
from tests.proof.supervisors.trio_workers import Stage
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
        self.world = new_world()
        self.world.on_begin = self.began
        self.world.on_over = self.ended
        self.world.new_body = self.body_of
        spec = trio_sup.supervisor([], id="outer")
        self.outer = Record(spec, "outer", None, self.world)
        self.root: Record | None = None

    def run(self) -> Trace:
        self.outer.up = True
        self.outer.enter("begins")
        shell_of(self.outer).begin()
        shell_of(self.outer).work()
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
        return refusal(kind, result)

    def outer_parts(self) -> tuple[Shell, StaticPlan[Record]]:
        shell = shell_of(self.outer)
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
                replies.append(partial(same, "noproc" if step is None else "ok"))
                if step is not None:
                    self.world.soon(step)
                    ended.add((item.path, self.attempts[item.path]))
            else:
                step, answer = self.request(item)
                self.world.soon(step)
                replies.append(answer)
        self.world.settle()
        news = self.log[before:]
        ends = [e for e in news if is_stop_of(e, ended)]
        self.log[before:] = [*ends, *(e for e in news if e not in ends)]
        return tuple(reply() for reply in replies)

    def request(
        self, request: Request
    ) -> tuple[Callable[[], None], Callable[[], Value]]:
        """How to make a request, and its answer once all has settled."""
        record = self.find(request.path)
        if record is None or record.shell is None:
            return nothing, lambda: "noproc"
        shell = shell_of(record)
        if isinstance(request, Ask):
            found = self.which(record, request.path)
            value = found if request.request == "which" else counts(record)
            return nothing, lambda: value
        try:
            if isinstance(shell.plan, StaticPlan):
                return self.ask_static(shell, shell.plan, request)
            assert isinstance(shell.plan, DynamicPlan)
            return self.ask_dynamic(shell, shell.plan, request)
        except ChildSpecError as error:
            value = ("error", bad_spec(error))
            return nothing, lambda: value

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
            return refusal(kind, result)

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
                refused.append(refusal(error.why, error.exit))

        if isinstance(request, StartChild):
            spec = self.stage.spec(request.child, request.path)

        def answer() -> Value:
            if refused:
                return refused[0]
            (record,) = begun
            try:
                came_of_start(record)
            except Refused as error:
                return refusal(error.why, error.exit)
            return ("ok", self.attempts[child_path(request.path, str(record.id))])

        return step, answer

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

    def began(self, record: Record) -> None:
        path = path_of(record)
        assert path is not None
        self.attempts[path] += 1
        self.log.append(("start", path, self.attempts[path]))

    def ended(self, record: Record, exit: Exit, asked: bool, ready: bool) -> None:
        path = path_of(record)
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


def run_on_core(scenario: Scenario) -> Trace:
    """Play a scenario on the core and return what happened."""
    try:
        return Play(scenario).run()
    except RuntimeError:
        return Trace((("endless",),), None)
