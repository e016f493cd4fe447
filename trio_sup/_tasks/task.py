"""Tasks: one run of an async function, its result kept for who asks."""

from __future__ import annotations

import inspect
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.current import current_record
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.errors import WouldDeadlock
from trio_sup._core.exits import NORMAL, Exit
from trio_sup._core.outcomes import Ok, TaskExit, outcome_of, shutdown_outcome
from trio_sup._core.words import Shutdown
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

OnTimeout: TypeAlias = Literal["nothing", "ignore", "kill_task"]
"""What `yield_many` does with tasks that are not done when its time is over."""

_callers: ContextVar[tuple[Child, ...]] = ContextVar("trio_sup callers", default=())


def callers() -> tuple[Child, ...]:
    """Return who had the present task started: the direct caller first.

    Children that used a task supervisor; not the supervisors, which are in the path
    (TASK-021). Empty outside of such tasks, or if a plain task started it.
    """
    chain = _callers.get()
    # A Trio run in a thread of such a task inherits its context: nobody's callers.
    return () if chain and chain[0].record.node.home.abroad() else chain


def calling() -> tuple[Child, ...]:
    """Return what `callers` is for a task that the present one starts."""
    record = current_record.get()
    own = () if record is None or record.node.home.abroad() else (record.handle,)
    return (*own, *callers())


def enter_callers(chain: tuple[Child, ...]) -> None:
    """Make the present task one that these had started."""
    _callers.set(chain)


class Run(Generic[T]):
    """What a task runs, as the target of its specification, and what became of it."""

    def __init__(
        self,
        fn: Callable[..., Awaitable[T]],
        args: tuple[object, ...],
        deadline: float,
    ) -> None:
        given: object = fn
        if inspect.iscoroutine(given) or not callable(given):
            accepted = "an async function, and its arguments after it"
            raise ChildSpecError("target", fn, accepted)
        # What people see of it.
        self.__name__: str = str(getattr(fn, "__name__", type(fn).__name__))
        self.__qualname__ = str(getattr(fn, "__qualname__", self.__name__))
        # None when it is over: nobody keeps the function (TASK-060).
        self._work: tuple[Callable[..., Awaitable[T]], tuple[object, ...]] | None
        self._work = fn, args
        self._deadline = deadline
        self._callers = calling()
        self.result: Ok[T] | None = None
        # Invariant: not None exactly when the task is over.
        self.exit: Exit | None = None
        self.waiters: Waiters = Waiters()
        # Called, in order, when it is over: the library's own, they don't raise.
        self.watchers: dict[Callable[[], None], None] = {}

    async def __call__(self) -> None:
        assert self._work is not None
        fn, args = self._work
        _callers.set(self._callers)
        if self._deadline == math.inf:
            self.result = Ok(await fn(*args))
        else:
            with trio.fail_after(self._deadline):
                self.result = Ok(await fn(*args))

    @enable_ki_protection
    def finish(self, exit: Exit) -> None:
        """The task is over: tell those who wait."""
        self.exit = exit
        self._work = None
        self.waiters.wake()
        watchers, self.watchers = self.watchers, {}
        for watcher in watchers:
            try:
                watcher()
            except Exception as fault:  # noqa: BLE001 - the others are told, too
                report_fault(f"task {self.__name__}", fault)


class Link(Protocol):
    """What a linked task is unlinked from: a block of `TaskSupervisor.linked`."""

    def forget(self, task: Task[Any], /) -> None:
        """Let a task go."""


@protected
class Task(Generic[T_co]):
    """A task that was started for its result.

    Any task may ask for the result, any number of times: it is kept as long as the
    handle. (In OTP only the owner may, and only once: TASK-004, 007.)
    """

    __slots__ = ("_link", "_record", "_run")

    def __init__(
        self, run: Run[T_co], record: Record | None, link: Link | None
    ) -> None:
        self._run = run
        self._record = record
        self._link = link

    @classmethod
    def completed(cls, value: T) -> Task[T]:
        """Return a handle that is done already, with this result (TASK-015)."""
        run: Run[T] = Run(trio.sleep_forever, (), math.inf)
        run.result = Ok(value)
        run.finish(NORMAL)
        return Task(run, None, None)

    def __repr__(self) -> str:
        state = "running" if self.outcome is None else "done"
        return f"<Task {self.path_text!r} {state}>"

    @property
    def child(self) -> Child | None:
        """The handle of the child that runs it; None for `completed`."""
        return None if self._record is None else self._record.handle

    @property
    def path_text(self) -> str:
        """The ids from the root, joined by ``/``."""
        return "completed" if self._record is None else self._record.path_text

    @property
    def outcome(self) -> Ok[T_co] | Exit | None:
        """How it ended: a value, or an exit without one; None while it runs."""
        run = self._run
        return None if run.exit is None else outcome_of(run.result, run.exit)

    @property
    def done(self) -> bool:
        """Whether it is over."""
        return self._run.exit is not None

    async def result(self) -> T_co:
        """Wait for the result. A checkpoint.

        Without a deadline of its own: use `trio.fail_after`. A caller that gives up
        does not stop the task.

        Raises:
            TaskExit: the task ended without a result; its error is the cause.
            WouldDeadlock: asked by the task itself.
        """
        return value_of(self, await self.wait())

    async def wait(self) -> Ok[T_co] | Exit:
        """Wait until it is over, and return how it ended. A checkpoint.

        Raises:
            WouldDeadlock, WrongRun: asked by the task itself, or from elsewhere.
        """
        self.check_run("task.wait")
        self._refuse_self("wait for")
        await trio.lowlevel.checkpoint()
        while (outcome := self.outcome) is None:
            await self._run.waiters.wait()
        return outcome

    async def yield_(self, seconds: float = 0.0) -> Ok[T_co] | Exit | None:
        """Wait at most so long; return how it ended, or None if it still runs.

        May be repeated (TASK-008). A checkpoint.
        """
        with trio.move_on_after(seconds):
            await self.wait()
        return self.outcome

    async def shutdown(self, timeout: Shutdown = 5.0) -> Ok[T_co] | Exit | None:
        """Stop it, wait for its end, and return what came of it. A checkpoint.

        A result that came before or meanwhile is never lost. A linked task is
        unlinked first.

        Args:
            timeout: Seconds from the request to the cancellation (a plain function
                is cancelled at once, unless inside `graceful_stop`); or
                ``"brutal_kill"``.

        Returns:
            `Ok` with the value. None if it ended because of this: as asked, or, with
            ``"brutal_kill"``, killed. Else its `Exit`: it had ended before, it needed
            the cancellation after the timeout, or its clean-up raised.

        Raises:
            WouldDeadlock, WrongRun: asked by the task itself, or from elsewhere.
        """
        self.check_run("task.shutdown")
        self._refuse_self("shut down")
        self.unlink()
        brutal, record = timeout == "brutal_kill", self._record
        if record is not None and record.alive:
            stop_task(record, "task shutdown", timeout)
        outcome = await self.wait()
        asked = record is not None and record.asked is not None
        return shutdown_outcome(outcome, asked=asked, brutal=brutal)

    def ignore(self) -> Ok[T_co] | Exit | None:
        """Let it go on by itself: unlink it. No checkpoint (TASK-014).

        Returns:
            How it ended, if it has; None if it still runs.
        """
        self.check_run("task.ignore", waits=False)
        if self._link is not None:
            self._link.forget(self)
        self.unlink()
        return self.outcome

    def unlink(self) -> None:
        """Its end concerns nobody any more who did not ask."""
        self.check_run("task.unlink", waits=False)
        self._link = None

    @property
    def linked(self) -> bool:
        """Whether its failure ends a block of `TaskSupervisor.linked`."""
        return self._link is not None

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call something when it is over; at once if it is. Not for users."""
        if self.done:
            watcher()
        else:
            self._run.watchers[watcher] = None

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call it no more. Not for users."""
        self._run.watchers.pop(watcher, None)

    @property
    def record(self) -> Record | None:
        """The library's own record; not for users."""
        return self._record

    def check_run(self, call: str, *, waits: bool = True) -> None:
        """Refuse a call from a thread or from another Trio run; not for users."""
        if self._record is not None:
            self._record.check_run(call, waits=waits)

    def _refuse_self(self, action: str) -> None:
        if self._record is not None and current_record.get() is self._record:
            raise WouldDeadlock(f"task {self.path_text!r} cannot {action} itself")


def value_of(task: Task[T], outcome: Ok[T] | Exit) -> T:
    """Return the value of an outcome, or raise `TaskExit`."""
    if isinstance(outcome, Ok):
        return outcome.value
    raise TaskExit(task.path_text, outcome) from outcome.error


def stop_task(record: Record, reason: str, shutdown: Shutdown) -> None:
    """Ask a task to stop, with a grace of the caller's choice."""
    assert record.parent is not None
    record.parent.stop_record(record, f"{record.path_text}: {reason}", shutdown)


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
            task.record.arm(0)


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
    outcome = task.outcome
    assert outcome is not None
    return outcome
