"""Makes what fails small: it still fails, and nothing of it can go."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shrink(
    thing: T, smaller: Callable[[T], Iterable[T]], fails: Callable[[T], bool]
) -> T:
    """A small thing for which `fails` is still true.

    Args:
        thing: One for which it is true.
        smaller: Simpler ones than a given one, those that lose most first.
        fails: Whether a thing shows the difference looked for.
    """
    progress = True
    while progress:
        progress = False
        for candidate in smaller(thing):
            if fails(candidate):
                thing = candidate
                progress = True
                break
    return thing


def without_one(items: tuple[T, ...]) -> Iterable[tuple[T, ...]]:
    """All but one of the items, for each of them."""
    for index in range(len(items)):
        yield items[:index] + items[index + 1 :]


def shrink_codes(codes: Sequence[int], fails: Callable[[list[int]], bool]) -> list[int]:
    """A schedule in which only those codes are left that matter.

    A zero says nothing: first come, first served.
    """
    left = list(codes)
    for index in range(len(left)):
        fewer = [*left[:index], 0, *left[index + 1 :]]
        if fails(fewer):
            left = fewer
    while left and not left[-1]:
        left.pop()
    return left
