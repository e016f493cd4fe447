"""The order of tasks that are ready together, while a scenario runs.

What a queue names comes first and in its order: that is a part of the scenario. All
else is permuted by the codes of a schedule.
"""

from __future__ import annotations

from collections.abc import Sequence

import trio

from trio_sup.testing.schedule import Schedule


class Order(Schedule):
    """A schedule in which some tasks come first."""

    def __init__(self, codes: Sequence[int] = ()) -> None:
        super().__init__(codes)
        self.first: Sequence[str] = ()
        """The names of the tasks that come first, in this order."""

    def shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        """Order a batch, given by age; Trio runs its last task first."""
        rank = {name: index for index, name in enumerate(self.first)}
        first = sorted(
            (task for task in batch if task.name in rank),
            key=lambda task: rank[task.name],
        )
        batch[:] = [task for task in batch if task.name not in rank]
        super().shuffle(batch)
        batch.extend(reversed(first))
