"""The order of tasks that are ready together, while a scenario runs.

What a queue names comes first and in its order: that is a part of the scenario. All
else is permuted by the codes of a schedule.
"""

from __future__ import annotations

from collections.abc import Sequence

import trio

from trio_sup.testing._run.watchdog import Watchdog


class Order(Watchdog):
    """A schedule in which some tasks come first, once each."""

    def __init__(self, codes: Sequence[int] = ()) -> None:
        super().__init__(codes)
        self.first: list[str] = []
        """The names of the tasks that come first, in this order.

        A name counts for one step of one task: the next life of a child, whose task
        has the same name, comes as it comes.
        """

    def shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        """Order a batch, given by age; Trio runs its last task first."""
        first: list[trio.lowlevel.Task] = []
        for name in list(self.first):
            task = next((task for task in batch if task.name == name), None)
            if task is not None:
                self.first.remove(name)
                batch.remove(task)
                first.append(task)
        super().shuffle(batch)
        batch.extend(reversed(first))
