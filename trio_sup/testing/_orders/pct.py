"""Priorities and a few changes of them: finds a bug of a certain depth with a certain luck.

After Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with
probabilistic guarantees of finding bugs" (ASPLOS 2010).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from attrs import define
from trio.lowlevel import Task

from trio_sup.testing._orders.one_by_one import OneByOne, Picked

IN_A_ROW = 100
"""Steps that a task may take while others are ready. One that looks again and again
whether another one is done would do so for ever, if it was more important."""


class Priorities(OneByOne):
    """One run: the most important task that is ready goes on.

    Args:
        depth: At one place less than this, who is most important becomes least so.
        steps: How many steps the run may have.
        seed: What is drawn from.
    """

    def __init__(self, depth: int, steps: int, seed: int) -> None:
        super().__init__()
        self.steps = 0
        """How many steps there were."""
        self._drawn = random.Random(seed)
        self.changes = {self._drawn.randint(1, max(steps, 1)) for _ in range(depth - 1)}
        """The steps at which who is most important becomes least so."""
        self._importance: dict[Task, float] = {}
        self._least = 0.0
        self._last: Task | None = None
        self._in_a_row = 0

    @property
    def tasks(self) -> int:
        """How many tasks there were."""
        return len(self._importance)

    def choose(self, ready: Sequence[Task]) -> Task:
        """Return who goes on."""
        self.steps += 1
        chosen = max(ready, key=self._of)
        if self.steps in self.changes or self._spins(chosen, ready):
            self._least -= 1.0
            self._importance[chosen] = self._least
            chosen = max(ready, key=self._of)
        return chosen

    def _spins(self, chosen: Task, ready: Sequence[Task]) -> bool:
        if chosen is not self._last or len(ready) == 1:
            self._last, self._in_a_row = chosen, 0
        self._in_a_row += 1
        return self._in_a_row > IN_A_ROW

    def _of(self, task: Task) -> float:
        found = self._importance.get(task)
        if found is None:
            found = self._importance[task] = 1.0 + self._drawn.random()
        return found


def probability(tasks: int, steps: int, depth: int, runs: int = 1) -> float:
    """Return how likely a bug of a depth is found, at the least.

    Args:
        tasks: How many there are.
        steps: How many steps they take together.
        depth: How many orders of two steps have to be right for it to show.
        runs: How often it is tried.
    """
    once = 1.0 / (max(tasks, 1) * max(steps, 1) ** (depth - 1))
    missed: float = (1.0 - once) ** runs
    return 1.0 - missed


@define
class LikelyOrders:
    """Orders of tasks for examples with faults, and what there was to be ordered."""

    depth: int
    calm: int
    """Steps of the undisturbed run."""
    children: int
    """How many can be hit there."""
    runs: int = 0
    """Runs that had no more steps than they were thought to have."""
    tasks: int = 0
    """The most that one of these had."""
    steps: int = 0
    """The most that one of these was thought to have."""

    def order(self, seed: int, faults: int) -> OneByOne:
        """Return an order: 0 is the plain one.

        Args:
            seed: What is drawn from. It alone decides, so that it can be drawn again.
            faults: How many there are.
        """
        return Picked() if seed == 0 else Priorities(self.depth, self._of(faults), seed)

    def _of(self, faults: int) -> int:
        # A fault seldom brings more steps than the share of one child, and half as many
        # once more for those who are restarted with it.
        return self.calm + 3 * self.calm * faults // (2 * max(self.children, 1))

    def ran(self, order: OneByOne, faults: int) -> None:
        """Count a run."""
        if isinstance(order, Priorities) and order.steps <= self._of(faults):
            self.runs += 1
            self.tasks = max(self.tasks, order.tasks)
            self.steps = max(self.steps, self._of(faults))
