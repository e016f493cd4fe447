"""Makes a failing case smaller than numbers can: fault by fault, code by code.

Hypothesis shrinks the numbers that a case was made of. One number may stand for a
story of several faults, not all of which are needed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from attrs import asdict

from trio_sup.testing._orders.smaller_picks import plainest
from trio_sup.testing.faults import Crash, Fault, Vanish
from trio_sup.testing.schedule import shortened

Case: TypeAlias = tuple[list[Fault], list[int]]

MOST_RUNS = 150
"""Runs that are spent on it."""


def smallest(
    script: Sequence[Fault],
    codes: Sequence[int],
    fails: Callable[[Sequence[Fault], Sequence[int]], bool],
) -> Case:
    """Return a case that fails, from which nothing can be left out.

    Args:
        script: The faults of a case that fails.
        codes: Its schedule: codes, or picks.
        fails: Runs a case; whether it fails, too. It is asked `MOST_RUNS` times at most.
    """
    left = MOST_RUNS

    def asked(script: Sequence[Fault], codes: Sequence[int]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and fails(script, codes)

    case: Case = (list(script), shortened(codes))
    while True:
        faults, kept = _fewer_faults(case, asked)
        plain = plainest(kept, functools.partial(asked, faults), max(left, 0))
        case = faults, plain
        if plain == kept or left <= 0:
            return case


def _fewer_faults(
    case: Case, fails: Callable[[Sequence[Fault], Sequence[int]], bool]
) -> Case:
    candidates = _smaller(*case)
    while (candidate := next(candidates, None)) is not None:
        if fails(*candidate):
            case = candidate
            candidates = _smaller(*case)
    return case


def _smaller(script: list[Fault], codes: list[int]) -> Iterator[Case]:
    if codes:
        yield script, []
        if len(codes) > 1:
            yield script, shortened(codes[: len(codes) // 2])
    count = len(script)
    # Several at once, too: of two crashes that undo each other neither can go alone.
    for size in sorted({count // 2, 2, 1}, reverse=True):
        for place in reversed(range(count - size + 1 if size else 0)):
            yield [*script[:place], *script[place + size :]], codes
    for place, fault in enumerate(script):
        if isinstance(fault, Vanish):  # what a plain crash shows, too, is told by one
            crash = Crash(**asdict(fault))
            yield [*script[:place], crash, *script[place + 1 :]], codes
