"""Ends runs that would never end: trees that spin, or that wait for nothing."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Container, Sequence, Sized
from contextlib import suppress

import trio
from trio.lowlevel import Task

from trio_sup.testing._run.injector import PLAYER
from trio_sup.testing.schedule import Schedule

MAX_ROUNDS = 10_000
"""Rounds of the scheduler without time passing after which a run is called endless."""

MOST_FOUND = 500
"""Findings after which a run is over: of one that goes round in a ring each is new."""

ENOUGH = "enough was found"
"""Why such a run is ended; that is no finding."""

LOOKED_AT = 20
"""Rounds before the end in which a task that runs is taken for one that spins."""

MOST_AWAITS = 100
"""Awaits of one clean-up that are cut off before it is left to itself."""


class Endless(BaseException):
    """Raised into Trio's scheduler: nothing else ends such a run."""


class Watchdog(Schedule):
    """A schedule that can put an end to its run."""

    def __init__(self, codes: Sequence[int]) -> None:
        super().__init__(codes)
        self.halt: str | None = None
        """Why the run is to be ended at once."""
        self.found: Sized = ()
        """What was found in the run so far."""
        self.left: list[Task] = []
        """The tasks of a run that was ended; children after their parents."""
        self.busy: dict[Task, None] = {}
        """The tasks that ran in the last rounds before it."""
        self.rounds: int = 0
        """Rounds of the scheduler so far."""
        self._rounds = 0
        self._since: float = -1.0

    def shuffle(self, batch: list[Task]) -> None:
        """Order a batch, or end the run."""
        self.rounds += 1
        self._rounds += 1
        if self._rounds > MAX_ROUNDS - LOOKED_AT:
            self._look(batch)
        if len(self.found) > MOST_FOUND:
            self.halt = self.halt or ENOUGH
        if self.halt is not None:
            self.left = all_tasks()
            raise Endless(self.halt)
        if len(batch) > 1:
            self._order(batch)

    def _order(self, batch: list[Task]) -> None:
        """Order a batch, with the harness's own player behind all others."""
        player = next((task for task in batch if task.name == PLAYER), None)
        if player is not None:
            batch.remove(player)
        super().shuffle(batch)
        if player is not None:
            batch.insert(0, player)  # Trio runs the last one first

    def _look(self, batch: list[Task]) -> None:
        self.busy |= dict.fromkeys(batch)
        if self._rounds <= MAX_ROUNDS:
            return
        now = trio.current_time()
        if now == self._since:
            names = ", ".join(sorted({task.name for task in self.busy}))
            self.halt = self.halt or (
                f"no rest in {MAX_ROUNDS} scheduler rounds; what runs all the time: "
                f"{names}"
            )
            return
        self._rounds, self._since = 0, now
        self.busy.clear()


def instruments_in(order: object) -> list[trio.abc.Instrument]:
    """Return a schedule that is an instrument of its run, too, as a list of these."""
    return [order] if isinstance(order, trio.abc.Instrument) else []


def all_tasks() -> list[Task]:
    """Return the tasks of the present run, parents before their children."""
    root = trio.lowlevel.current_root_task()
    found = [] if root is None else [root]
    for task in found:  # grows as it goes
        for nursery in task.child_nurseries:
            found += nursery.child_tasks
    return found


def sweep(left: Sequence[Task], busy: Container[Task] = ()) -> None:
    """Put away what an aborted run left, here and now.

    Otherwise its coroutines and nurseries complain whenever they are collected, which
    may be in the midst of somebody else's test.

    Args:
        left: All tasks, children after their parents.
        busy: Those that span. One of them may catch everything and go on; outside of
            Trio it would not even wait, and neither closing nor collecting it would
            ever end. So these are kept for good, as they are.
    """
    hook, sys.unraisablehook = sys.unraisablehook, _ignore
    try:
        for task in reversed(left):
            if task in busy:
                _keep_for_good(task)
            else:
                _close(task)
            for nursery in task.child_nurseries:
                # Private: it asserts, when collected, that this is empty.
                getattr(nursery, "_children", set[Task]()).clear()
        gc.collect()
    finally:
        sys.unraisablehook = hook


def _keep_for_good(task: Task) -> None:
    # One reference more than there are: not even the interpreter's end collects it.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(task.coro))


def _close(task: Task) -> None:
    """Close a coroutine, though its clean-up awaits what will not come."""
    for _ in range(MOST_AWAITS):
        # Outside of a run its clean-up fails in any way; what counts is its end.
        with suppress(BaseException):
            task.coro.close()
            return


def _ignore(_: object) -> None:
    pass
