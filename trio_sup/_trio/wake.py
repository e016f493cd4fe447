"""Parking and waking tasks, as cheaply as Trio allows."""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NoReturn, cast

import outcome
import trio
from trio.lowlevel import (
    Abort,
    Task,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from trio_sup._trio.last_resort import report_fault


class Wake(outcome.Outcome[None]):
    """A wake-up without a value.

    `outcome.Value` can be unwrapped only once, so each wake would need a new one;
    this token is shared by all of them.
    """

    __slots__ = ()

    def __init__(self) -> None:
        """Nothing to keep."""

    def unwrap(self) -> None:
        """Return nothing, as often as asked."""

    def send(self, gen: Any) -> NoReturn:
        """Not used: Trio unwraps what it reschedules a task with."""
        raise NotImplementedError

    async def asend(self, agen: Any) -> NoReturn:
        """Not used, as `send`."""
        raise NotImplementedError


WAKE = Wake()


class Parking:
    """A place where one task waits, again and again, until it is woken by `WAKE`.

    What `wait_task_rescheduled` hands to Trio is a value: made once, it serves every
    wait, without the coroutine around it. That is 3 k instructions of the 13 k that a
    task needs to wait and to go on (CPython 3.13, callgrind). `_REUSES` asks Trio
    whether it is so; else each wait is the usual one.
    """

    __slots__ = ("_abort", "_request")

    def __init__(self, abort: Callable[[Any], Abort]) -> None:
        self._abort = abort
        self._request: object = _request_of(abort) if _REUSES else None

    def wait(self) -> Awaitable[object]:
        """Wait; to be awaited. A checkpoint, always."""
        if self._request is None:
            return wait_task_rescheduled(self._abort)  # noqa: ASYNC105 - awaited there
        return _ask(self._request)


@types.coroutine
def _ask(request: object) -> Generator[object, outcome.Outcome[None], None]:
    woken = yield request
    if woken is not WAKE:
        woken.unwrap()  # cancelled, mostly


def _request_of(abort: Callable[[Any], Abort]) -> object:
    """Return what Trio is handed by a wait."""
    wait = wait_task_rescheduled(abort)  # noqa: ASYNC105 - driven by hand
    try:
        return wait.send(None)
    finally:
        wait.close()


def asked_of() -> Callable[[Callable[[Any], Abort]], object] | None:
    """Return what makes the value that Trio is handed by a wait, if that is one."""
    if not _REUSES:
        return None

    def abort(_: object) -> Abort:
        return Abort.SUCCEEDED

    request = _request_of(abort)
    made = cast("Callable[[Callable[[Any], Abort]], object]", type(request))
    try:
        return made if made(abort) == request else None
    except TypeError:
        return None


def _reuses() -> bool:
    """Whether a wait yields a value, and ends as soon as it is sent an outcome."""

    def abort(_: object) -> Abort:
        return Abort.SUCCEEDED

    wait = wait_task_rescheduled(abort)  # noqa: ASYNC105 - driven by hand
    request: object = wait.send(None)
    try:
        wait.send(WAKE)
    except StopIteration:
        return request == _request_of(abort)
    return False


_REUSES = _reuses()


class Waiters:
    """Tasks that wait for the next change of something.

    Cancellation removes a waiter; `wake` wakes all that wait at that moment.
    """

    __slots__ = ("waiting",)

    def __init__(self, first: Task | None = None) -> None:
        # In order of arrival. Whether there are any is asked here for each life.
        self.waiting: dict[Task, None] = {} if first is None else {first: None}

    def leave_first(self) -> None:
        """Forget who waited before there were more; he does, so he is the first."""
        del self.waiting[next(iter(self.waiting))]

    def __bool__(self) -> bool:
        return bool(self.waiting)

    def tasks(self) -> list[Task]:
        """Those who wait at present, in order of arrival."""
        return list(self.waiting)

    @enable_ki_protection
    async def wait(self) -> None:
        """Wait for the next `wake`. A checkpoint, always."""
        # Protected: a Ctrl-C between the two steps would leave a waiter behind that
        # does not wait, and waking it is fatal to Trio. It comes at the wait.
        task = current_task()
        self.waiting[task] = None

        def abort(_: object) -> Abort:
            del self.waiting[task]
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)

    @enable_ki_protection
    def wake(self) -> None:
        """Let every waiter go on. No checkpoint."""
        if self.waiting:
            tasks, self.waiting = self.waiting, {}
            for task in tasks:
                wake(task)


@enable_ki_protection
def wake(task: Task) -> None:
    """Let a waiter go on. No checkpoint, and it never raises: others may wait, too."""
    try:
        reschedule(task, WAKE)
    except Exception as fault:  # noqa: BLE001 - reported
        report_fault(f"the wait of {task.name}", fault)


def now() -> float:
    """Return the only time there is."""
    return trio.current_time()
