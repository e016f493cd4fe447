"""Many tasks at once: waiting for all of them, or for as long as one likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import trio

from trio_sup._children.stopping import arm
from trio_sup._core.exits import Exit
from trio_sup._core.outcomes import Ok
from trio_sup._tasks.task import Task, value_of
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    pass

T = TypeVar("T")

OnTimeout: TypeAlias = Literal["nothing", "ignore", "kill_task"]
"""What `yield_many` does with tasks that are not done when its time is over."""


async def await_many(tasks: Iterable[Task[T]]) -> list[T]:
    """Wait for the results of all tasks, in the order given. A checkpoint.

    One deadline for all of them: `trio.fail_after`. The tasks are not stopped when
    this fails, or is cancelled: those of a `TaskSupervisor.linked` block end with
    it. (TASK-016)

    Raises:
        TaskExit: as soon as the first of them ends without a result.
    """
    wanted = list(tasks)
    for task in wanted:
        task.check_run("await_many")
    await _Ends(wanted, len(wanted), until_failure=True).wait()
    failed = [task for task in wanted if isinstance(task.outcome, Exit)]
    return [value_of(task, _known(task)) for task in failed or wanted]


async def yield_many(
    tasks: Iterable[Task[T]],
    timeout: float = 5.0,
    *,
    limit: int | None = None,
    on_timeout: OnTimeout = "nothing",
) -> list[tuple[Task[T], Ok[T] | Exit | None]]:
    """Wait for some or all tasks; return what is known of each. A checkpoint.

    Args:
        tasks: In any order; the answer keeps it.
        timeout: Seconds after which to answer at the latest.
        limit: Answer as soon as so many are over, instead of all; what `on_timeout`
            says is not done then.
        on_timeout: What to do with those that still run when the time is over:
            ``nothing``; ``ignore`` them (see `Task.ignore`); or ``kill_task``: stop
            them as by ``shutdown("brutal_kill")``, whose answers stand in the list.

    Raises:
        ValueError: a bad `limit`, `timeout` or `on_timeout`.
    """
    wanted = list(tasks)
    if on_timeout not in ("nothing", "ignore", "kill_task"):
        accepted = "'nothing', 'ignore' or 'kill_task'"
        raise ValueError(f"on_timeout must be {accepted}, not {on_timeout!r}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be a whole number >= 1, not {limit!r}")
    for task in wanted:
        task.check_run("yield_many")
    need = len(wanted) if limit is None else min(limit, len(wanted))

    ends = _Ends(wanted, need)
    with trio.move_on_after(timeout):
        await ends.wait()
    found = [(task, task.outcome) for task in wanted]
    if sum(task.done for task in wanted) >= need:
        return found
    return [
        (task, outcome if outcome is not None else await _overdue(task, on_timeout))
        for task, outcome in found
    ]


async def join(tasks: Iterable[Task[Any]]) -> None:
    """Wait for the ends of tasks that were asked to stop, whatever comes.

    A Ctrl-C collapses their graces, and is raised when they are over.
    """
    interrupt: KeyboardInterrupt | None = None
    wanted = list(tasks)
    with trio.CancelScope(shield=True):
        for task in wanted:
            while not task.done:
                try:
                    await task.wait()
                except KeyboardInterrupt as error:
                    interrupt = error
                    _hurry(wanted)
    if interrupt is not None:
        raise interrupt


def _hurry(tasks: Iterable[Task[Any]]) -> None:
    for task in tasks:
        if task.record is not None and task.record.alive:
            arm(task.record, 0)


async def _overdue(task: Task[T], action: OnTimeout) -> Ok[T] | Exit | None:
    if action == "kill_task":
        return await task.shutdown("brutal_kill")
    return task.ignore() if action == "ignore" else task.outcome


@protected
class _Ends:
    """Waits for the ends of tasks, and counts them.

    To look at all of them again at each end would cost the square of their number.
    """

    __slots__ = ("_need", "_tasks", "_until_failure", "_waiters")

    def __init__(
        self, tasks: Iterable[Task[Any]], need: int, *, until_failure: bool = False
    ) -> None:
        self._tasks = Counter(tasks)  # somebody may give one several times
        self._need = need
        self._until_failure = until_failure
        self._waiters = Waiters()

    async def wait(self) -> None:
        """Wait for so many ends, or for a failure if one is enough. A checkpoint."""
        await trio.lowlevel.checkpoint()
        watched = [(task, partial(self._ended, task)) for task in self._tasks]
        for task, watcher in watched:
            task.watch(watcher)  # calls at once if it is over
        try:
            while self._need > 0:
                await self._waiters.wait()
        finally:
            for task, watcher in watched:
                task.unwatch(watcher)

    def _ended(self, task: Task[Any]) -> None:
        self._need -= self._tasks[task]
        if self._until_failure and isinstance(task.outcome, Exit):
            self._need = 0
        if self._need <= 0:
            self._waiters.wake()


def _known(task: Task[T]) -> Ok[T] | Exit:
    assert task.outcome is not None
    return task.outcome
