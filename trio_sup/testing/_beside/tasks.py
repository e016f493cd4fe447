"""Tasks: what their functions made, and what those hear of it who wait."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import trio
from attrs import Factory, define

from trio_sup._core.anatomy import is_a, leaves
from trio_sup._core.errors import SupervisionError
from trio_sup._core.exits import Exit, Ignore, Stop
from trio_sup._core.outcomes import Ok
from trio_sup._tasks.links import LinkedTasks
from trio_sup._tasks.shell import TaskShell
from trio_sup._tasks.task import Run, Task
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn

if TYPE_CHECKING:
    from trio_sup._children.record import Record

ORDERLY = (SupervisionError, Stop, Ignore)
"""What a function may raise, and its task ends in a way of its own."""

ROUNDING = 1e-6
"""Seconds."""


@define(eq=False)
class Work:
    """One task: its run, and what its function made."""

    run: Run[Any]
    task: Task[Any]
    deadline: float
    starts: int = 0
    returned: tuple[object, ...] = ()
    """What it returned, if it did."""
    raised: Exception | None = None
    told: bool = False

    @property
    def record(self) -> Record:
        """Its child."""
        record = self.task.record
        assert record is not None
        return record


@define(eq=False)
class Block:
    """One block of linked tasks."""

    members: list[Task[Any]] = Factory(list[Task[Any]])
    open: bool = False


class TasksModel:
    """All tasks of one run that were started for their results.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self.broken = broken
        self.works: dict[Run[Any], Work] = {}
        self.blocks: dict[LinkedTasks, Block] = {}

    def fails(self, law: str, work: Work, what: str) -> None:
        """A law is broken of a task."""
        self.broken(law, work.record.path_text, what)

    def see_outcome(self, work: Work, outcome: Ok[Any] | Exit | None) -> None:
        """Compare what is told of a task with what its function made."""
        if work.returned:
            good = isinstance(outcome, Ok) and outcome.value is work.returned[0]
        elif work.raised is not None:
            good = isinstance(outcome, Exit) and outcome.error is work.raised
        else:
            good = isinstance(outcome, Exit)
        if not good:
            made = work.returned or work.raised or "nothing"
            self.fails(laws.OUTCOME, work, f"it made {made!r}, and told is {outcome}")

    def settled(self) -> None:
        """Nothing more happens by itself."""
        for work in list(self.works.values()):
            record, run = work.record, work.run
            if run.exit is None:
                if not record.alive and not record.may_return:
                    self.fails(laws.TOLD, work, "it is down, and nobody is told")
                    del self.works[run]
            elif run.waiters:
                self.fails(laws.TOLD, work, "it is over, and somebody still waits")
                del self.works[run]
        for block, known in self.blocks.items():
            scope = block._scope  # pyright: ignore[reportPrivateUsage]
            failed = next(filter(_failed, known.members), None)
            if known.open and failed is not None and scope is not None:
                if not scope.cancel_called:
                    words = "it failed, and its block goes on"
                    self.broken(laws.LINK, failed.path_text, words)
                known.open = False


def _failed(task: Task[Any]) -> bool:
    outcome = task.outcome
    return isinstance(outcome, Exit) and outcome.kind != "normal" and task.linked


def begin(
    judge: Any,
    original: Any,
    shell: TaskShell,
    fn: Any,
    args: Any,
    shutdown: Any,
    deadline: float | None,
    link: Any = None,
) -> Task[Any]:
    """A task is started."""
    task: Task[Any] = original(shell, fn, args, shutdown, deadline, link)
    run: Run[Any] = task._run  # pyright: ignore[reportPrivateUsage]
    seconds = shell.flags.task_deadline if deadline is None else deadline
    judge.tasks.works[run] = Work(run, task, seconds)
    return task


async def run(judge: Any, original: Any, run: Run[Any]) -> None:
    """Its function is about to run."""
    model: TasksModel = judge.tasks
    work = model.works.get(run)
    if work is None:
        await original(run)
        return
    work.starts += 1
    if work.starts > 1:
        model.fails(laws.ONCE, work, f"it runs for the {work.starts}. time")
    assert run._work is not None  # pyright: ignore[reportPrivateUsage]
    fn, args = run._work  # pyright: ignore[reportPrivateUsage]

    async def watched(*given: Any) -> Any:
        until = trio.current_effective_deadline()
        if until > trio.current_time() + work.deadline + ROUNDING:
            model.fails(laws.IN_TIME, work, f"it has more than {work.deadline:g} s")
        try:
            value = await fn(*given)
        except Exception as error:
            # Alone in a group these end a life as they do without one.
            if not any(is_a(each, ORDERLY) for each in leaves(error)):
                work.raised = error
            raise
        work.returned = (value,)
        return value

    run._work = watched, args  # pyright: ignore[reportPrivateUsage]
    await original(run)


def finish(judge: Any, original: Any, run: Run[Any], exit: Exit) -> None:
    """A task is over: who waits is told."""
    model: TasksModel = judge.tasks
    work = model.works.get(run)
    if work is None:
        original(run, exit)
        return
    if work.told:
        model.fails(laws.TOLD, work, "its end is told again")
    work.told = True
    called: list[int] = []

    def heard(number: int, watcher: Callable[[], None]) -> None:
        called.append(number)
        watcher()

    watchers = list(run.watchers)
    run.watchers = {
        partial(heard, number, each): None for number, each in enumerate(watchers)
    }
    asked = work.record.asked is not None or work.record.ending.cut_short is not None
    original(run, exit)
    if called != list(range(len(watchers))):
        model.fails(laws.TOLD, work, f"{len(watchers)} watch it, told are {called}")
    if run.waiters:
        model.fails(laws.TOLD, work, "it is over, and somebody still waits")
    if not asked or work.returned:
        model.see_outcome(work, work.task.outcome)


async def wait(judge: Any, original: Any, task: Task[Any]) -> Any:
    """Somebody waits for a task."""
    outcome = await original(task)
    work = judge.tasks.works.get(task._run)  # pyright: ignore[reportPrivateUsage]
    if work is not None:
        if not work.told:
            judge.tasks.fails(laws.TOLD, work, "its end is told before it has come")
        elif work.returned:
            judge.tasks.see_outcome(work, outcome)
    return outcome


def start_linked(
    judge: Any, original: Any, block: LinkedTasks, fn: Any, *args: Any, **options: Any
) -> Task[Any]:
    """A task is started that is linked to a block."""
    task: Task[Any] = original(block, fn, *args, **options)
    known = judge.tasks.blocks.setdefault(block, Block(open=True))
    known.members.append(task)
    return task


def forget(judge: Any, original: Any, block: LinkedTasks, task: Task[Any]) -> None:
    """A linked task is let go."""
    original(block, task)
    known = judge.tasks.blocks.get(block)
    if known is not None and task in known.members:
        known.members.remove(task)


async def leave(judge: Any, original: Any, block: LinkedTasks, *error: Any) -> bool:
    """A block of linked tasks is left."""
    model: TasksModel = judge.tasks
    known = model.blocks.pop(block, None)
    if known is None:
        unknown: bool = await original(block, *error)
        return unknown
    failed = next(filter(_failed, known.members), None)
    passes = True
    try:
        silent: bool = await original(block, *error)
        passes = error[1] is not None and not silent
    finally:
        for task in known.members:
            if not task.done:
                model.broken(laws.LINKED, task.path_text, "it goes on behind its block")
        if failed is not None and not passes:
            words = "it failed, and its block ends as if nothing was"
            model.broken(laws.LINK, failed.path_text, words)
    return silent


STAND_INS = (
    StandIn(TaskShell, "begin_task", begin),
    StandIn(Run, "__call__", run),
    StandIn(Run, "finish", finish),
    StandIn(Task, "wait", wait),
    StandIn(LinkedTasks, "start", start_linked),
    StandIn(LinkedTasks, "forget", forget),
    StandIn(LinkedTasks, "__aexit__", leave),
)
