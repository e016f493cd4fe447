"""The same program under many orders of tasks that are ready together."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import trio
from trio.testing import MockClock

from trio_sup.testing._run.quiet import quiet_log
from trio_sup.testing.schedule import scheduled

T = TypeVar("T")


def many_codes(count: int = 40) -> Iterator[list[int]]:
    """First come, first served, its opposite, and drawn ones."""
    yield []
    yield [1] * 40
    draw = random.Random(10)
    for _ in range(count - 2):
        yield [draw.randrange(24) for _ in range(40)]


def under_all(program: Callable[[], Awaitable[T]], count: int = 40) -> list[T]:
    """Run a program under many schedules, in virtual time; return what came back."""
    results: list[T] = []
    for codes in many_codes(count):
        with scheduled(codes), quiet_log():
            clock = MockClock(autojump_threshold=0)
            results.append(trio.run(program, clock=clock))
    return results
