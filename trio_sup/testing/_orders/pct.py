"""Priorities and a few changes of them: finds a bug of a certain depth with a certain luck.

After Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with
probabilistic guarantees of finding bugs" (ASPLOS 2010).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from trio.lowlevel import Task

from trio_sup.testing._orders.one_by_one import OneByOne


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
        self._changes = {
            self._drawn.randint(1, max(steps, 1)) for _ in range(depth - 1)
        }
        self._importance: dict[Task, float] = {}
        self._least = 0.0

    @property
    def tasks(self) -> int:
        """How many tasks there were."""
        return len(self._importance)

    def choose(self, ready: Sequence[Task]) -> Task:
        """Return who goes on."""
        self.steps += 1
        chosen = max(ready, key=self._of)
        if self.steps in self._changes:
            self._least -= 1.0
            self._importance[chosen] = self._least
            chosen = max(ready, key=self._of)
        return chosen

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
