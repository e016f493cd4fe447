"""Lets one task go on at a time, whichever is chosen of all that are ready.

Trio runs all ready tasks in rounds: who becomes ready in a round waits for the next.
It promises nothing of the kind, and where real time passes there are no such rounds.
So here the others stay ready, and one of them may be overtaken any number of times.
Time passes only when none is ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio
from trio.lowlevel import Task

from trio_sup.testing._orders.dpor import Explorer, Name, NotDeterministic
from trio_sup.testing._orders.touched import Touched
from trio_sup.testing._run.injector import PLAYER
from trio_sup.testing._run.watchdog import Endless, Watchdog, all_tasks


class OneByOne(Watchdog):
    """A schedule that asks at each step who goes on, in a subclass."""

    def __init__(self) -> None:
        super().__init__(())
        self.picks: list[int] = []
        """Where there were several: the place of who went on among those that had
        waited, the longest first."""
        # Those that are ready, in the order in which they became so.
        self._waiting: list[Task] = []

    def shuffle(self, batch: list[Task]) -> None:
        """Leave one task in a batch; the others stay ready."""
        super().shuffle(batch[:1])  # ends runs that never end
        if not batch:
            return
        there = set(batch)
        kept = [task for task in self._waiting if task in there]
        known = set(kept)
        self._waiting = kept + [task for task in batch if task not in known]
        chosen = self._next()
        self._waiting.remove(chosen)
        if self._waiting:
            # Private: they are as ready as before.
            run: Any = getattr(trio, "_core")._run  # noqa: B009
            run.GLOBAL_RUN_CONTEXT.runner.runq.extend(self._waiting)
        batch[:] = [chosen]

    def _next(self) -> Task:
        ready = [task for task in self._waiting if task.name != PLAYER]
        if not ready:  # the harness looks when all that is to happen has happened
            chosen = self._waiting[0]
            self.alone(chosen)
            return chosen
        chosen = self.choose(ready)
        if len(ready) > 1:
            self.contested += 1
            self.picks.append(ready.index(chosen))
        return chosen

    def alone(self, task: Task) -> None:
        """The harness's own task goes on: nothing else can."""

    def choose(self, ready: Sequence[Task]) -> Task:
        """Return who goes on; there is at least one."""
        raise NotImplementedError


class Picked(OneByOne):
    """Goes the way that picks say, then lets those go on that waited longest."""

    def __init__(self, picks: Sequence[int] = ()) -> None:
        super().__init__()
        self._wanted = picks

    def choose(self, ready: Sequence[Task]) -> Task:
        """Return who goes on."""
        if len(ready) < 2 or self.contested >= len(self._wanted):
            return ready[0]
        return ready[self._wanted[self.contested] % len(ready)]


class Explored(OneByOne, trio.abc.Instrument):
    """One run of an `Explorer`: asks it at each step, and tells it what was touched.

    It has to be an instrument of that run, from its beginning on.
    """

    def __init__(self, explorer: Explorer, touched: Touched) -> None:
        super().__init__()
        explorer.begin()
        touched.begin()
        self.astray = False
        """Whether the run did not go the way that it went before."""
        self._explorer = explorer
        self._touched = touched
        self._names: dict[Task, tuple[int, ...]] = {}
        self._spawned: dict[Name, int] = {}
        self._taken: dict[Name, int] = {}  # steps of each task
        self._steps = 0
        self._running: Task | None = None
        # By which step a task was made ready, or how many there had been when nothing
        # could go on; then all of them came first.
        self._woken: dict[Task, tuple[int | None, int]] = {}
        self._cause: tuple[int | None, int] = (None, 0)

    # What Trio tells.

    def task_spawned(self, task: Task) -> None:
        """A task is called by who started it, and the how many-th that was."""
        parent = () if self._running is None else self._names[self._running]
        number = self._spawned[parent] = self._spawned.get(parent, 0) + 1
        self._names[task] = (*parent, number)
        self._touched.name(task, self._names[task])

    def task_scheduled(self, task: Task) -> None:
        """A task was made ready: by another one's step, or because time passed."""
        if self._running is None:
            self._woken[task] = (None, self._steps)
        else:
            self._woken[task] = (self._steps, 0)

    def before_task_step(self, task: Task) -> None:
        """A step begins."""
        self._running = task
        self._cause = self._woken.pop(task, (None, 0))
        name = self._names[task]
        number = self._taken[name] = self._taken.get(name, 0) + 1
        self._touched.start(name, number)

    def after_task_step(self, task: Task) -> None:
        """A step is over."""
        footprint = self._touched.stop()
        self._running = None
        self._explorer.stepped(self._names[task], footprint, *self._cause)
        self._steps += 1

    # What it decides.

    def alone(self, task: Task) -> None:
        """The harness goes on: all that was to happen before has happened."""
        self._woken[task] = (None, self._steps)
        self._ask([task])

    def choose(self, ready: Sequence[Task]) -> Task:
        """Return who goes on."""
        return self._ask(ready)

    def _ask(self, ready: Sequence[Task]) -> Task:
        names: list[Name] = [self._names[task] for task in ready]
        try:
            return ready[names.index(self._explorer.choose(names))]
        except NotDeterministic:
            self.astray = True
            self.halt = "it went another way than before"
            self.left = all_tasks()
            raise Endless(self.halt) from None
