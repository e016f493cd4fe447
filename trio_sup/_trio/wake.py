"""Parking and waking tasks, as cheaply as Trio allows."""

from __future__ import annotations

from typing import Any, NoReturn

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


class Waiters:
    """Tasks that wait for the next change of something.

    Cancellation removes a waiter; `wake` wakes all that wait at that moment.
    """

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: dict[Task, None] = {}

    def __bool__(self) -> bool:
        return bool(self._tasks)

    @enable_ki_protection
    async def wait(self) -> None:
        """Wait for the next `wake`. A checkpoint, always."""
        # Protected: a Ctrl-C between the two steps would leave a waiter behind that
        # does not wait, and waking it is fatal to Trio. It comes at the wait.
        task = current_task()
        self._tasks[task] = None

        def abort(_: object) -> Abort:
            del self._tasks[task]
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)

    @enable_ki_protection
    def wake(self) -> None:
        """Let every waiter go on. No checkpoint."""
        if self._tasks:
            tasks, self._tasks = self._tasks, {}
            for task in tasks:
                try:
                    reschedule(task, WAKE)
                except Exception as fault:  # noqa: BLE001 - the others wait, too
                    report_fault(f"the wait of {task.name}", fault)


def now() -> float:
    """Return the only time there is."""
    return trio.current_time()
