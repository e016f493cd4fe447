"""Linked tasks: their failure is their owner's failure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, TypeVarTuple

import trio

from trio_sup._core.anatomy import is_a, leaves
from trio_sup._core.exits import Exit
from trio_sup._core.outcomes import TaskExit
from trio_sup._core.words import Shutdown
from trio_sup._tasks.many import join
from trio_sup._tasks.task import Task
from trio_sup._trio.protect import protected
from trio_sup._trio.scopes import close_scope

if TYPE_CHECKING:
    from trio_sup._tasks.shell import TaskShell

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@protected
class LinkedTasks:
    """A block whose tasks run under a task supervisor, tied to the block.

    Made by `TaskSupervisor.linked`. A task that fails cancels the block, which then
    raises `TaskExit` with the task's error as the cause; so does one that is stopped
    by somebody else. Leaving the block, in whatever way, stops the tasks that still
    run and waits for them: unlike a nursery it waits for nobody's result. (In OTP a
    link is between processes; here it is between a task and a block: TASK-002, 051.)
    """

    def __init__(self, shell: TaskShell) -> None:
        self._shell = shell
        self._members: dict[Task[Any], Callable[[], None]] = {}
        self._failed: Task[Any] | None = None
        self._scope: trio.CancelScope | None = None
        self._closed = False

    def start(
        self,
        fn: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        shutdown: Shutdown = 5.0,
        deadline: float | None = None,
    ) -> Task[T]:
        """Start a task that is linked to this block. No checkpoint.

        Args:
            fn: An async function; keyword arguments travel in `functools.partial`.
            args: Its arguments.
            shutdown: Its grace, as for `child`.
            deadline: Seconds it may take; by default the supervisor's.

        Raises:
            MaxChildren: the supervisor has as many tasks as it may.
            SupervisorStopping: the supervisor is going down, or is down.
            RuntimeError: outside of the block.
        """
        if self._scope is None or self._closed:
            raise RuntimeError("linked tasks are started inside of their block")
        task = self._shell.begin_task(fn, args, shutdown, deadline, self)
        watcher = partial(self._ended, task)
        self._members[task] = watcher
        task.watch(watcher)
        return task

    def forget(self, task: Task[Any]) -> None:
        """Let a task go; used by `Task.ignore`."""
        watcher = self._members.pop(task, None)
        if watcher is not None:
            task.unwatch(watcher)

    def _ended(self, task: Task[Any]) -> None:
        self._members.pop(task, None)
        outcome = task.outcome
        failed = isinstance(outcome, Exit) and outcome.kind != "normal"
        if failed and task.linked and not self._closed and self._failed is None:
            self._failed = task
            assert self._scope is not None
            reason = f"linked task {task.path_text}"
            try:
                reason += f": {outcome}"
            finally:  # whatever the words of its error do
                self._scope.cancel(reason)

    async def __aenter__(self) -> Self:
        if self._scope is not None:
            raise RuntimeError("a block of linked tasks can be entered once only")
        shell = self._shell
        shell.node.home.check("tasks.linked", shell.path_text, waits=True)
        self._scope = trio.CancelScope()
        self._scope.__enter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._closed = True
        assert self._scope is not None
        left = close_scope(self._scope, error)
        try:
            await self._stop_all()
        except KeyboardInterrupt as interrupt:
            left = _both(left, interrupt)
        final = self._combine(left)
        try:
            if final is None or final is error:
                return final is None
            raise final
        finally:
            del left, final, error

    async def _stop_all(self) -> None:
        running = [task for task in self._members if not task.done]
        for task in running:
            if task.record is not None:
                self._shell.stop_record(task.record, "the block of its owner was left")
        await join(running)
        if not running:
            await trio.lowlevel.cancel_shielded_checkpoint()

    def _combine(self, left: BaseException | None) -> BaseException | None:
        """Join what the block and what a linked task have to say."""
        task = self._failed
        if task is None:
            return left
        outcome = task.outcome
        assert isinstance(outcome, Exit)
        failure = TaskExit(task.path_text, outcome)
        failure.__cause__ = outcome.error
        if left is None:
            return failure
        if is_a(left, TaskExit) and left.exit is outcome:
            return left  # the block asked for the result of that very task
        if all(is_a(leaf, trio.Cancelled) for leaf in leaves(left)):
            return failure
        return BaseExceptionGroup(
            "the block and a linked task both failed", [left, failure]
        )


def _both(left: BaseException | None, interrupt: BaseException) -> BaseException:
    """What the block ended with, and a Ctrl-C while its tasks were stopped."""
    if left is None or all(is_a(leaf, trio.Cancelled) for leaf in leaves(left)):
        return interrupt
    return BaseExceptionGroup("the block failed, then Ctrl-C came", [left, interrupt])
