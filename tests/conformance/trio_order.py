"""Decides in which order Trio runs the tasks that are ready at the same time.

Trio shuffles them on purpose. Deaths "at the same time, in this order" need an
order, and a scenario has to go the same way every time: so the shuffling is replaced
for the length of a run. This touches two private names of Trio; where they are
missing, `ordered` fails loudly.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import trio
from attrs import define, field

_SWITCH = "_ALLOW_DETERMINISTIC_SCHEDULING"
_RANDOM = "_r"


@define
class Order:
    """First come the tasks named in `first`, then the others by age."""

    first: Sequence[str] = field(factory=tuple)

    def shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        """Called by Trio with the tasks that are ready, by age; it runs the last first."""
        rank = {name: index for index, name in enumerate(self.first)}
        batch.sort(key=lambda task: rank.get(task.name, len(rank)))
        batch.reverse()

    def random(self) -> float:
        """Called by Trio where it does not sort by age."""
        return 1.0


@contextmanager
def ordered() -> Iterator[Order]:
    """Gives Trio runs inside of the block a defined order.

    Raises:
        RuntimeError: this version of Trio keeps its order elsewhere.
    """
    scheduler = trio._core._run
    if not hasattr(scheduler, _SWITCH) or not hasattr(scheduler, _RANDOM):
        raise RuntimeError(f"trio {trio.__version__} has another scheduler")
    before = {name: getattr(scheduler, name) for name in (_SWITCH, _RANDOM)}
    order = Order()
    setattr(scheduler, _SWITCH, True)
    setattr(scheduler, _RANDOM, order)
    try:
        yield order
    finally:
        for name, value in before.items():
            setattr(scheduler, name, value)
