"""The shell of a task supervisor: a dynamic one that keeps results."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from trio_sup._children.functions import FUNCTION
from trio_sup._children.record import Child
from trio_sup._core.exits import NOPROC
from trio_sup._core.specs import ChildSpec
from trio_sup._core.words import Shutdown
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._tasks.task import Link, Run, Task
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.exits import Exit


T = TypeVar("T")


@protected
class TaskShell(DynamicShell):
    """The shell of `task_supervisor(...)`: a dynamic one that keeps results."""

    def begin_task(
        self,
        fn: Callable[..., Awaitable[T]],
        args: tuple[object, ...],
        shutdown: Shutdown,
        deadline: float | None,
        link: Link | None = None,
    ) -> Task[T]:
        """Start a task for its result. Synchronous, all or nothing."""
        self.check_run("tasks.async_nolink")
        run = Run(fn, args, checked_deadline(deadline, self.flags.task_deadline))
        spec: ChildSpec[Child] = ChildSpec(
            kind="task",
            target=run,
            restart="temporary",
            shutdown=shutdown,
            runs=FUNCTION,
        )
        return Task(run, self.begin(spec), link)

    def settle(self, record: Record) -> None:
        """A task came to rest: first everything else, then who waits for it."""
        super().settle(record)
        self._finish(record)

    def stopped(self, record: Record, exit: Exit) -> None:
        """A task has ended as it was asked to: it may be at rest by now."""
        super().stopped(record, exit)
        if record.status == "gone":
            self._finish(record)

    def _finish(self, record: Record) -> None:
        run: object = record.spec.target
        if isinstance(run, Run) and run.exit is None:
            run.finish(record.last_exit or NOPROC)


def checked_deadline(deadline: float | None, default: float) -> float:
    """Return the seconds that a task may take.

    Raises:
        ValueError: not a number above 0.
    """
    chosen = default if deadline is None else deadline
    if isinstance(chosen, bool) or math.isnan(chosen) or chosen <= 0:
        raise ValueError(f"deadline must be a number of seconds > 0, not {chosen!r}")
    return chosen
