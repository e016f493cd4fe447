"""Schedules as data: the order of tasks that are ready together, drawn and replayed.

Trio runs the tasks that are ready at the same time in an arbitrary order, on purpose.
Here that order comes from a list of codes: the k-th contested batch (two tasks or
more) is permuted by the k-th code. 0, or the end of the list, means first come, first
served. So a race shrinks to something like ``codes=[0, 3]`` and replays.

This touches two private names of Trio. Where they are missing, runs go on in Trio's
own order and `schedules_are_drawn` is False; a test of this library fails then.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TypeVar

import trio

T = TypeVar("T")

_SWITCH = "_ALLOW_DETERMINISTIC_SCHEDULING"
_RANDOM = "_r"


def _scheduler() -> ModuleType | None:
    core = getattr(trio, "_core", None)
    module: ModuleType | None = getattr(core, "_run", None)
    if module is None or not hasattr(module, _SWITCH) or not hasattr(module, _RANDOM):
        return None
    return module


def schedules_are_drawn() -> bool:
    """Whether this version of Trio lets its schedules be drawn and replayed."""
    return _scheduler() is not None


def permuted(items: Sequence[T], code: int) -> list[T]:
    """Return the permutation of `items` that belongs to `code`.

    0 is the identity. Each item is picked by the next digit of the code, in the
    factorial base; digits beyond the end of a small code are 0.
    """
    rest = list(items)
    done: list[T] = []
    while code and rest:
        code, pick = divmod(code, len(rest))
        done.append(rest.pop(pick))
    return done + rest


def shortened(codes: Sequence[int]) -> list[int]:
    """Return the codes without the zeros at their end, which change nothing."""
    short = list(codes)
    while short and short[-1] == 0:
        short.pop()
    return short


class Schedule:
    """What stands in the place of Trio's random numbers during a run."""

    def __init__(self, codes: Sequence[int] = ()) -> None:
        self._codes = codes
        self.contested: int = 0
        """How many batches had two tasks or more so far."""

    def shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        """Order a batch, given by age; Trio runs its last task first."""
        if len(batch) < 2:
            return
        place = self.contested
        self.contested += 1
        if place < len(self._codes):
            batch[:] = permuted(batch, self._codes[place])
        batch.reverse()

    def random(self) -> float:
        """Return a constant: no batch is reversed by chance."""
        return 1.0

    def uniform(self, low: float, high: float) -> float:
        """Return a random number: where a clock begins is of no interest."""
        return random.uniform(low, high)


@contextmanager
def scheduled(
    codes: Sequence[int] = (), *, schedule: Schedule | None = None
) -> Generator[Schedule]:
    """Let the Trio runs inside of the block follow `codes`.

    Args:
        codes: A permutation for each contested batch, whole numbers from 0 on.
        schedule: What to follow instead.

    Yields:
        The schedule, which counts the contested batches.
    """
    schedule = schedule or Schedule(codes)
    module = _scheduler()
    if module is None:
        yield schedule
        return
    before = {name: getattr(module, name) for name in (_SWITCH, _RANDOM)}
    setattr(module, _SWITCH, True)
    setattr(module, _RANDOM, schedule)
    try:
        yield schedule
    finally:
        for name, value in before.items():
            setattr(module, name, value)
