"""Toy programs whose interleavings are counted by trying all orders, one after the other.

Nothing here knows of partial-order reduction. A toy task is a generator: each step says
what it read and wrote, or `None` while it has to wait. All orders of steps are run, and
two of them count as one if all pairs of steps that touch the same come in the same order.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, TypeAlias

Toy: TypeAlias = Iterator[tuple[str, str] | None]
"""Yields the letters of what a step reads and of what it writes, before the step."""

Make: TypeAlias = Callable[[], list[Toy]]


def meet(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return bool(
        set(one[1]) & set(other[0] + other[1]) or set(other[1]) & set(one[0] + one[1])
    )


def run(make: Make, order: list[int]) -> tuple[list[int], list[Any]]:
    """Run the toys in an order; return who is ready then, and the steps."""
    toys = make()
    touched = [next(toy, None) for toy in toys]
    steps: list[Any] = []
    numbers = [0] * len(toys)
    for who in order:
        step = touched[who]
        assert step is not None
        steps.append(((who, numbers[who]), step))
        numbers[who] += 1
        touched[who] = next(toys[who], None)
        for other, toy in enumerate(toys):  # who waited may be woken
            if touched[other] is None:
                touched[other] = next(toy, None)
    return [who for who, step in enumerate(touched) if step is not None], steps


def interleavings(make: Make) -> int:
    """Count the different ones, by running every order there is."""
    found: set[frozenset[Any]] = set()
    todo: list[list[int]] = [[]]
    while todo:
        order = todo.pop()
        ready, steps = run(make, order)
        todo += [[*order, who] for who in ready]
        if not ready:
            found.add(
                frozenset(
                    (first, second)
                    for (first, one), (second, other) in combinations(steps, 2)
                    if first[0] == second[0] or meet(one, other)
                )
            )
    return len(found)


def check_then_act() -> list[Toy]:
    """Two look whether something is there, and put it there if it is not."""
    there: set[str] = set()

    def maker() -> Toy:
        yield "d", ""
        if not there:
            yield "", "d"
            there.add("d")

    return [maker(), maker()]


def counters(many: int) -> list[Toy]:
    """Each reads a counter, and later writes it one higher."""

    def counter() -> Toy:
        yield "n", ""
        yield "", "n"

    return [counter() for _ in range(many)]


def lock(many: int) -> list[Toy]:
    """Each takes a lock, and gives it back; it is given on in the order of asking."""
    line: list[int] = []

    def holder(me: int) -> Toy:
        yield "", "l"
        line.append(me)
        while line[0] != me:
            yield None
        yield "", "l"
        line.remove(me)

    return [holder(me) for me in range(many)]


def lost_wake_up() -> list[Toy]:
    """One looks, then waits to be woken; another one wakes whoever waits by then."""
    ready: list[bool] = []
    waits: list[bool] = []
    woken: list[bool] = []

    def waiter() -> Toy:
        yield "r", ""
        if ready:
            return
        yield "", "w"
        waits.append(True)
        while not woken:
            yield None
        yield "", ""

    def setter() -> Toy:
        yield "", "rw"
        ready.append(True)
        woken.extend(waits)

    return [waiter(), setter()]
