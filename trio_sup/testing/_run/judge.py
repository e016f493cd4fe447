"""Looks at a run: each time nothing more happens by itself, and when it is over."""

from __future__ import annotations

from collections.abc import Iterable

import trio
from trio.lowlevel import Task

from trio_sup.testing import invariants
from trio_sup.testing._monitor.error_line import told
from trio_sup.testing._run.aftermath import aftermath
from trio_sup.testing._run.injector import Injector
from trio_sup.testing._run.options import Options
from trio_sup.testing.monitor import ConformanceMonitor, Violation
from trio_sup.testing.problems import Problem
from trio_sup.testing.world import World


class Judge:
    """Says what is wrong with one run."""

    def __init__(self, options: Options, world: World, injector: Injector) -> None:
        self._options = options
        self._world = world
        self._injector = injector
        self.monitor = ConformanceMonitor(on_violation=self._violation)
        self.now = 0.0
        # Whether Ctrl-C came a second time, while the tree was ending.
        self.hurried = False
        # How many events there had been when the registry was looked at last.
        self._looked_at = -1

    def hurry(self) -> None:
        """Ctrl-C came a second time: nobody has a grace from now on."""
        self.hurried = True
        self.monitor.hurry()

    def problem(self, name: str, what: str, at: float | None = None) -> None:
        """Note that something is wrong."""
        self.found(name, self.now if at is None else at, len(self._world.events), what)

    def found(self, name: str, at: float, place: int, what: str) -> None:
        """Note that something was wrong, after so many events."""
        self._world.problems.append(Problem(at, name, what, place))

    def _violation(self, found: Violation) -> None:
        self.problem(found.rule, f"{found.path}: {found.what}", found.at)

    async def settled(self) -> None:
        """Wait until nothing more happens by itself, then look."""
        await trio.testing.wait_all_tasks_blocked()
        self.now = trio.current_time()
        self.monitor.settled(self.now)
        self._look()

    def _look(self) -> None:
        world = self._world
        happened = len(world.events)
        if happened != self._looked_at:
            self._looked_at = happened
            for text in invariants.registry_problems(world):
                self.problem("the registry equals the living children", text)
        self._injector.servers.settled()
        self._injector.beside.settled()
        if self.hurried:
            for text in invariants.graces_left(world):
                self.problem("a second Ctrl-C ends all graces", text)
        for text in self._injector.forgotten_callers():
            self.problem("every caller is answered", text)
        for text in invariants.mailbox_problems(world):
            self.problem("the counts of mailboxes add up", text)
        if world.root_ is not None and world.outcome == "running":
            self._check("quiet")

    def _check(self, when: str) -> None:
        for each in self._options.invariants:
            if each.when != when:
                continue
            why = None
            try:
                if each(self._world) is False:
                    why = "it is false"
            except Exception as error:  # noqa: BLE001 - the user's verdict
                why = told(error)
            if why is not None:
                self.problem(each.name, why)

    def afterwards(self, left: Iterable[Task]) -> None:
        """Judge the run as a whole.

        Args:
            left: The tasks that are there now, and were not before.
        """
        world, injector = self._world, self._injector
        world.steps = injector.steps
        for life in injector.lives:
            world.checkpoints[life.path, life.ordinal] = life.checkpoints
        for name, text in aftermath(world, injector, left):
            self.problem(name, text)
        self._looked_at = -1
        self._look()
        found = invariants.unexpected_crashes(
            world, injector.thrown(), self._options.allow
        )
        for at, path, error in found:
            name = "no child fails without a fault that explains it"
            self.problem(name, f"{path}: {told(error)}", at)
        self._check("end")
