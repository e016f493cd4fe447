"""Random programs for the core alone: a tree, and what happens to it step by step."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Literal, TypeAlias

from attrs import Factory, define, frozen
from hypothesis import strategies as st

import trio_sup
from tests.core.sync_shell import Reply, Shell, new_world, shell_of
from tests.core.sync_world import Body, Ended, Record, World
from trio_sup import Backoff, Budget, ChildSpec
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan.doing import Refused, Steps
from trio_sup._core.plan.dynamic import DynamicPlan
from trio_sup._core.plan.requests import (
    delete_child,
    replace_child,
    restart_child,
    start_child,
    terminate_child,
)
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.words import AutoShutdown, Restart, Shutdown, Strategy

Start = Literal["ok", "fail", "ignore", "blink", "hold"]


class Broken(Exception):
    """A child that was told to crash."""


CRASH = Exit("crashed", None, Broken())


class Told(Body):
    """Does what it is told: at its start, and whenever it is asked to end."""

    def __init__(self, play: CorePlay) -> None:
        self.play = play

    def run(self, world: World, record: Record) -> None:
        over = partial(world.over, record, record.life)
        start = self.play.starts.pop() if self.play.starts else "ok"
        if start == "fail":
            over(Broken())
        elif start == "ignore":
            over(Ignore())
        elif start != "hold":
            world.ready_now(record)
        if start == "blink":
            over(Broken())

    def ask(self, world: World, record: Record, grace: float) -> None:
        if not self.play.stubborn:
            super().ask(world, record, grace)


@frozen
class Op:
    """One thing that happens: to the supervisor of that number, and a child of it."""

    what: str
    supervisor: int = 0
    child: int = 0
    settle: bool = True


HAPPENINGS = [
    *("crash", "crash", "crash", "return", "shut", "fail", "fail", "ignore"),
    *("blink", "hold", "ready", "advance", "advance", "start", "terminate"),
    *("restart", "delete", "replace", "taken", "stubborn", "stop", "hook"),
]

OPS: st.SearchStrategy[list[Op]] = st.lists(
    st.builds(
        Op,
        st.sampled_from(HAPPENINGS),
        st.integers(0, 2),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=25,
)


async def work() -> None:
    """A target; never run."""


RESTARTS: list[Restart] = ["permanent", "transient", "temporary"]
STRATEGIES: list[Strategy] = ["one_for_one", "one_for_all", "rest_for_one"]
AUTO: list[AutoShutdown] = ["never", "any_significant", "all_significant"]
SHUTDOWNS: list[Shutdown] = [5.0, 0.0, "brutal_kill"]
LATER = [None, None, Backoff(initial=1.0), Backoff(immediate_first=False)]
BUDGETS = [None, None, Budget(1, 5.0)]


@st.composite
def workers(draw: st.DrawFn, id: str, *, significant: bool) -> ChildSpec[Any]:
    restart = draw(st.sampled_from(RESTARTS))
    spec: ChildSpec[Any] = trio_sup.child(work, id=id, restart=restart)
    return spec.replace(
        backoff=draw(st.sampled_from(LATER)),
        budget=draw(st.sampled_from(BUDGETS)),
        significant=significant and restart != "permanent" and draw(st.booleans()),
        shutdown=draw(st.sampled_from(SHUTDOWNS)),
    )


@st.composite
def trees(draw: st.DrawFn, depth: int = 2, id: str = "root") -> ChildSpec[Any]:
    """A static tree, with a dynamic supervisor in it now and then."""
    if depth < 2 and draw(st.integers(0, 3)) == 0:
        return trio_sup.dynamic_supervisor(id=id, max_restarts=2, max_children=3)
    auto = draw(st.sampled_from(AUTO))
    children: list[ChildSpec[Any]] = []
    for number in range(draw(st.integers(0, 4))):
        if depth > 1 and draw(st.integers(0, 2)) == 0:
            children.append(draw(trees(depth - 1, f"s{number}")))
        else:
            worker = workers(f"w{number}", significant=auto != "never")
            children.append(draw(worker))
    return trio_sup.supervisor(
        children,
        id=id,
        strategy=draw(st.sampled_from(STRATEGIES)),
        max_restarts=draw(st.integers(0, 4)),
        max_seconds=5.0,
        auto_shutdown=auto,
        restart=draw(st.sampled_from(RESTARTS[:2])),
    )


State: TypeAlias = list[tuple[object, ...]]


@define(eq=False)
class Asked:
    """A request, and what it was answered."""

    op: Op
    reply: Reply


@define(eq=False)
class CorePlay:
    """One program on its way."""

    spec: ChildSpec[Any]
    world: World = Factory(new_world)
    starts: list[Start] = Factory(list)
    stubborn: bool = False
    asked: list[Asked] = Factory(list)
    lives: dict[Record, list[int]] = Factory(dict)
    """Of each child: how many lives began, and how many are over."""
    serial: int = 0
    own: Record = None  # type: ignore[assignment]

    def __attrs_post_init__(self) -> None:
        self.world.new_body = lambda record: Told(self)
        self.world.on_begin = lambda record: self.count(record, 0)
        self.world.on_over = lambda record, *_: self.count(record, 1)
        self.own = Record(self.spec, self.spec.id, None, self.world)

    def count(self, record: Record, which: int) -> None:
        self.lives.setdefault(record, [0, 0])[which] += 1

    @property
    def root(self) -> Shell:
        return shell_of(self.own)

    def begin(self) -> None:
        own = self.own
        own.up, own.life = True, 1
        own.enter("begins")
        self.count(own, 0)
        self.root.begin()
        self.root.work()

    def records(self) -> list[Record]:
        """All of them, supervisors first."""
        found, todo = [self.own], [self.own]
        while todo:
            shell = todo.pop().shell
            if shell is not None:
                below = list(shell.plan.core.records.values())
                found += below
                todo += below
        return found

    def shells(self) -> list[Shell]:
        return [shell_of(each) for each in self.records() if each.shell is not None]

    def state(self) -> State:
        """All that is known of all children and supervisors."""
        rows: State = []
        for record in self.records():
            rows.append(
                (
                    *(record.path_text, record.status, record.life, record.restarts),
                    *(record.up, record.ready, record.attempt, record.in_plan),
                    *(record.undecided, record.pending, record.ticket),
                    *(record.comes_back, record.settled),
                )
            )
            if record.shell is not None:
                plan = record.shell.plan
                used = plan.core.window.used(self.world.now)
                rows.append((plan.mode, plan.living, used, len(plan.line.queue)))
        return rows

    # What happens.

    def do(self, op: Op) -> None:
        """Let one thing happen, and all that follows if it says so."""
        shells = [s for s in self.shells() if s.own.up]
        if shells:
            shell = shells[op.supervisor % len(shells)]
            records = list(shell.plan.core.records.values())
            record = records[op.child % len(records)] if records else None
            getattr(self, f"do_{op.what}", self.do_start_plan)(op, shell, record)
        if op.settle:
            self.world.settle()

    def do_start_plan(self, op: Op, shell: Shell, record: Record | None) -> None:
        del shell, record
        match op.what:
            case "fail" | "ignore" | "blink" | "hold" as start:
                self.starts.append(start)
            case _:
                raise AssertionError(op)

    def end(self, record: Record | None, error: Exception | None) -> None:
        if record is not None and record.shell is None and record.up and record.ready:
            step = partial(self.world.over, record, record.life, error)
            self.world.soon(step)

    def do_crash(self, op: Op, shell: Shell, record: Record | None) -> None:
        del op, shell
        self.end(record, Broken())

    def do_return(self, op: Op, shell: Shell, record: Record | None) -> None:
        del op, shell
        self.end(record, None)

    def do_shut(self, op: Op, shell: Shell, record: Record | None) -> None:
        del op, shell
        self.end(record, Ended(Exit("shutdown", "done")))

    def do_ready(self, op: Op, shell: Shell, record: Record | None) -> None:
        """Let all starts that are held come to their end."""
        del op, shell, record
        for each in self.records():
            if each.up and not each.ready and each.shell is None:
                self.world.ready_now(each)

    def do_advance(self, op: Op, shell: Shell, record: Record | None) -> None:
        del shell, record
        self.world.now += 1 + op.child

    def do_taken(self, op: Op, shell: Shell, record: Record | None) -> None:
        """From now on, or no more, starts fail before they begin."""
        del op, record
        shell.refuses = None if shell.refuses else Broken()

    def do_stubborn(self, op: Op, shell: Shell, record: Record | None) -> None:
        """Nobody heeds a request to stop, or all do again."""
        del op, shell, record
        self.stubborn = not self.stubborn

    def do_hook(self, op: Op, shell: Shell, record: Record | None) -> None:
        """Whoever is told of something next stops that supervisor, or stops itself."""
        del shell, record

        def stop(told: Shell) -> None:
            self.world.on_told = lambda shell: None
            if op.child % 2:
                told.request_stop("a hook")
            else:
                told.perform(told.plan.stop_itself(5.0))

        self.world.on_told = stop

    def do_stop(self, op: Op, shell: Shell, record: Record | None) -> None:
        del op, record
        shell.perform(shell.plan.stop_itself(5.0))

    def do_start(self, op: Op, shell: Shell, record: Record | None) -> None:
        self.serial += 1
        id = f"n{self.serial}"
        if record is not None and op.child == 3:
            id = str(record.id)
        spec = trio_sup.child(work, id=id, restart="transient")
        self.ask(op, shell, record, start_child, spec)

    def do_terminate(self, op: Op, shell: Shell, record: Record | None) -> None:
        self.ask(op, shell, record, terminate_child)

    def do_restart(self, op: Op, shell: Shell, record: Record | None) -> None:
        self.ask(op, shell, record, restart_child)

    def do_delete(self, op: Op, shell: Shell, record: Record | None) -> None:
        self.ask(op, shell, record, delete_child)

    def do_replace(self, op: Op, shell: Shell, record: Record | None) -> None:
        self.ask(op, shell, record, replace_child)

    def ask(
        self,
        op: Op,
        shell: Shell,
        record: Record | None,
        what: Callable[..., Steps[Record, Any]],
        spec: ChildSpec[Any] | None = None,
    ) -> None:
        plan = shell.plan
        if isinstance(plan, DynamicPlan):
            self.ask_dynamic(op, shell, plan, record, spec)
            return
        assert isinstance(plan, StaticPlan)
        id: Hashable = "nobody" if record is None else record.id
        named = record if op.what in ("terminate", "replace") else None
        given: list[object] = [id] if spec is None else [spec]
        if op.what == "replace":
            given.append(0 if record is None else record.life)
        reply = shell.ask(lambda: what(plan, *given), named)
        self.asked.append(Asked(op, reply))

    def ask_dynamic(
        self,
        op: Op,
        shell: Shell,
        plan: DynamicPlan[Record],
        record: Record | None,
        spec: ChildSpec[Any] | None,
    ) -> None:
        now, reply = self.world.now, Reply([])
        self.asked.append(Asked(op, reply))
        try:
            if spec is not None:
                new = plan.add(spec)
                if shell.refuses is not None:
                    plan.core.drop(new)
                    raise Refused("not_started", new)
                shell.start(new, supervised=True)
            elif op.what != "delete":
                found = plan.check(record, "somebody")
                if op.what == "terminate":
                    dos = plan.terminate(found, now)
                elif op.what == "restart":
                    dos = plan.restart(found, now)
                else:
                    dos = plan.replace(found, found.life, now)
                shell.perform(dos)
            reply.answers.append(("ok", None))
        except Refused as refused:
            reply.answers.append((refused.why, None))

    def finish(self) -> None:
        """Stop everything, and let whatever hangs be forced."""
        self.root.request_stop("the end")
        self.world.settle()
        for _ in range(3):
            self.root.hurry()
            self.world.settle()
