"""The task supervisor: work with a result, supervised one by one."""

from __future__ import annotations

import functools
import math
from collections.abc import AsyncIterable, Awaitable, Callable, Hashable, Iterable
from typing import Any, TypeVar, TypeVarTuple, Unpack

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.functions import function_spec
from trio_sup._children.record import Child
from trio_sup._children.supervising import SupervisorHandle
from trio_sup._children.waits import refuse_self
from trio_sup._core.options import (
    OF_A_CHILD,
    OF_A_SUPERVISOR,
    ChildOptions,
    SupervisorOptions,
    check_options,
    supervisor_spec,
)
from trio_sup._core.specs import ChildSpec, Flags
from trio_sup._core.words import Shutdown
from trio_sup._supervisors.shell import runs_with
from trio_sup._tasks.callers import calling, enter_callers
from trio_sup._tasks.links import LinkedTasks
from trio_sup._tasks.options import OnElementTimeout, Options
from trio_sup._tasks.shell import TaskShell, checked_deadline
from trio_sup._tasks.stream import NolinkStream, Stream
from trio_sup._tasks.task import Task

T = TypeVar("T")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")


class TaskSupervisor(SupervisorHandle):
    """A dynamic supervisor of async functions.

    For work with a result use `async_nolink` (a failure stays in the handle),
    `linked` (a failure is the caller's) or `stream`; for work that nobody waits for,
    `start_child`. What is started for its result is never restarted and never counts
    as a restart (TASK-051, 055).
    """

    __slots__ = ()

    @property
    def _shell(self) -> TaskShell:
        shell = self.record.shell
        assert isinstance(shell, TaskShell)
        return shell

    @enable_ki_protection
    def async_nolink(
        self,
        fn: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        shutdown: Shutdown = 5.0,
        deadline: float | None = None,
    ) -> Task[T]:
        """Start a task whose failure concerns only those who ask for its result.

        It goes on when the caller ends. No checkpoint. (TASK-051, 052)

        Args:
            fn: An async function; keyword arguments travel in `functools.partial`.
            args: Its arguments.
            shutdown: Its grace, as for `child`.
            deadline: Seconds it may take; by default the supervisor's.

        Raises:
            MaxChildren: there are as many tasks as there may be.
            SupervisorStopping: the supervisor is going down, or is down.
            ChildSpecError: no async function, or a bad `shutdown`.
            ValueError: a bad `deadline`.
            WrongRun: called from a thread or from another Trio run.
        """
        return self._shell.begin_task(fn, args, shutdown, deadline)

    def linked(self) -> LinkedTasks:
        """Return a block whose tasks end with it, and whose failure is its failure.

        For example::

            async with tasks.linked() as links:
                one = links.start(fetch, "a")
                two = links.start(fetch, "b")
                return await one.result() + await two.result()
        """
        return LinkedTasks(self._shell)

    def stream(
        self,
        fn: Callable[[T], Awaitable[R]],
        items: Iterable[T] | AsyncIterable[T],
        *,
        max_concurrency: int = 8,
        ordered: bool = True,
        timeout: float = math.inf,
        buffer: float = 1024,
        shutdown: Shutdown = 5.0,
    ) -> Stream[T, R]:
        """Return the results of ``fn(item)`` for all items, some at a time.

        Lazy: nothing starts before the first result is asked for. A block, because
        only that can promise that nothing is left running::

            async with tasks.stream(fetch, urls, max_concurrency=10) as pages:
                async for page in pages:
                    ...

        A task that fails makes the next step of the iteration raise `TaskExit`, and
        leaving the block stops the others. To get failures as elements, see
        `stream_nolink`.

        Args:
            fn: An async function of one argument.
            items: What to call it with; taken one by one, as there is room.
            max_concurrency: The most tasks at a time. A fixed number, because they
                wait for the world rather than for processors.
            ordered: Results in the order of the items; or, if False, as they come.
            timeout: Seconds for each task, from its own start; then the iteration
                raises `trio.TooSlowError`.
            buffer: With `ordered`: how many finished results may wait behind a slow
                one while the next is asked for. While it is not, running tasks and
                waiting results together are at most `max_concurrency`.
            shutdown: The grace of each task when the block is left early.

        Raises:
            ValueError: a bad option; here, not when the stream is used (TASK-040).
        """
        options = Options(max_concurrency, ordered, timeout, "exit", buffer, shutdown)
        return Stream(self._shell, fn, items, options)

    def stream_nolink(
        self,
        fn: Callable[[T], Awaitable[R]],
        items: Iterable[T] | AsyncIterable[T],
        *,
        max_concurrency: int = 8,
        ordered: bool = True,
        timeout: float = math.inf,
        on_timeout: OnElementTimeout = "exit",
        buffer: float = 1024,
        shutdown: Shutdown = 5.0,
    ) -> NolinkStream[T, R]:
        """As `stream`, but yield what became of each item: `Ok` or `Failed`.

        Args:
            fn: As for `stream`, like the rest.
            items: What to call it with.
            max_concurrency: The most tasks at a time.
            ordered: In the order of the items, or as they come.
            timeout: Seconds for each task.
            on_timeout: ``exit``: the iteration raises `trio.TooSlowError`.
                ``kill_task``: that item has `Failed`, the others go on.
            buffer: How many results may wait behind a slow one.
            shutdown: The grace of each task when the block is left early.

        Raises:
            ValueError: a bad option.
        """
        options = Options(
            max_concurrency, ordered, timeout, on_timeout, buffer, shutdown
        )
        return NolinkStream(self._shell, fn, items, options)

    async def start_child(
        self,
        fn: Callable[[*Ts], Awaitable[object]],
        *args: *Ts,
        deadline: float | None = None,
        **options: Unpack[ChildOptions],
    ) -> Child:
        """Start a function that nobody waits for the result of. A checkpoint.

        Linked to nobody. With `restart` other than ``temporary`` it is restarted and
        counts, like any child. (TASK-054)

        Args:
            fn: An async function.
            args: Its arguments.
            deadline: Seconds for each life; by default the supervisor's.
            options: Those of `ChildOptions`, but that `restart` is ``temporary`` by
                default: `id`, `name`, `shutdown`, `start_timeout`, `backoff`,
                `budget`. None can be `significant`: the supervisor has no
                `auto_shutdown`.

        Raises:
            MaxChildren: there are as many tasks as there may be.
            AlreadyStarted, AlreadyRegistered: the id or the name is in use.
            StartFailed: it takes a `task_status` and did not become ready.
            ChildSpecError: an invalid value, or arguments that do not fit.
            SupervisorStopping: the supervisor is going down.
            TypeError: no option of a child.
            WrongRun: called from a thread or from another Trio run.
        """
        check_options(TaskSupervisor.start_child, options, OF_A_CHILD)
        shell = self._shell
        seconds = checked_deadline(deadline, shell.flags.task_deadline)
        chosen: ChildOptions = {"restart": "temporary", **options}
        checked = function_spec(fn, args, **chosen)
        return await shell.start_child(checked.replace(target=_limited(fn, seconds)))

    def children(self) -> list[Child]:
        """Return the handles of those that live: not those between two lives."""
        return [record.handle for record in self._shell.all_records() if record.alive]

    async def terminate_child(self, target: Child | Task[Any] | Hashable) -> None:
        """Stop one for good and wait for its end. A checkpoint.

        Args:
            target: The handle of the child or task, or its id.

        Raises:
            NoSuchChild: it is not (any more) a child of this supervisor.
            WouldDeadlock: asked from inside of it.
        """
        if isinstance(target, Task):
            target = target.child
        refuse_self(self._shell.find(target), "terminate_child")
        await self._shell.terminate_child(target)


def _limited(
    fn: Callable[..., Awaitable[object]], seconds: float
) -> Callable[..., Awaitable[object]]:
    """Give a function its callers and, in each life, a deadline."""
    chain = calling()

    @functools.wraps(fn)
    async def limited(*args: Any, **kwargs: Any) -> None:
        enter_callers(chain)
        if seconds == math.inf:
            await fn(*args, **kwargs)
        else:
            with trio.fail_after(seconds):
                await fn(*args, **kwargs)

    return limited


_TASKS = runs_with(TaskSupervisor, TaskShell)


def task_supervisor(
    *,
    max_children: float = math.inf,
    deadline: float = math.inf,
    **options: Unpack[SupervisorOptions],
) -> ChildSpec[TaskSupervisor]:
    """Describe a task supervisor: it starts empty, async functions come and go.

    Args:
        max_children: The most tasks at a time.
        deadline: Seconds that each task may take, unless it is started with another;
            then it is cancelled and ends with a `trio.TooSlowError`. (Not in Elixir:
            TASK-061.)
        options: As for `supervisor`; only `TaskSupervisor.start_child` with a `restart`
            other than ``temporary`` makes restarts that count to `max_restarts`, and
            `backoff` and `budget` are for the supervisor itself.

    Raises:
        ChildSpecError: an invalid value or combination.
        TypeError: no option of a supervisor.
        ValueError: a bad `deadline`.
    """
    check_options(task_supervisor, options, OF_A_SUPERVISOR)
    flags = functools.partial(
        Flags,
        max_children=max_children,
        task_deadline=checked_deadline(deadline, math.inf),
    )
    return supervisor_spec(
        "dynamic", "task_supervisor", _TASKS, flags, options, named_by_key=True
    )
