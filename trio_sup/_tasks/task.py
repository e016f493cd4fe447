"""Tasks: one run of an async function, its result kept for who asks."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.current import current_record
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.errors import WouldDeadlock
from trio_sup._core.exits import NORMAL, Exit
from trio_sup._core.outcomes import Ok, TaskExit, outcome_of, shutdown_outcome
from trio_sup._core.words import Shutdown
from trio_sup._tasks.callers import calling, enter_callers
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


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
        enter_callers(self._callers)
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
