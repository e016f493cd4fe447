"""What a failure prints: the findings, a program that repeats them, a timeline."""

from __future__ import annotations

import time
from collections.abc import Sequence

from trio_sup.testing._run.options import Options
from trio_sup.testing._run.program import program
from trio_sup.testing.faults import Fault
from trio_sup.testing.problems import Problem
from trio_sup.testing.world import World

SHOWN = 8
"""Findings shown."""


class SupervisionViolation(AssertionError):
    """A tree did what it must not; the message repeats it under plain pytest."""

    def __init__(
        self,
        world: World,
        options: Options,
        script: Sequence[Fault],
        codes: Sequence[int],
        *,
        comes_again: bool = True,
        picks: Sequence[int] = (),
    ) -> None:
        self.found_at: float = time.process_time()
        """Processor time (`time.process_time`) at which it was first found."""
        self.world: World = world
        self.script: list[Fault] = list(script)
        self.codes: list[int] = list(codes)
        self.picks: list[int] = list(picks)
        """The order of tasks, where it was chosen one by one: see `replay`."""
        self.program: str = program(options, script, codes, picks)
        self.comes_again: bool = comes_again
        """Whether the same run failed a second time."""
        super().__init__(_message(world, self.program, comes_again))

    def __reduce__(self) -> tuple[type[AssertionError], tuple[str]]:
        """Travel as text between processes: worlds cannot."""
        return AssertionError, (str(self),)


ONCE = (
    "the same run again was fine: the tree depends on more than script and schedule "
    "(random numbers, the real time, what is left of earlier runs)"
)


def _message(world: World, text: str, comes_again: bool) -> str:
    once = _without_repetitions(world.problems)
    found = once[:SHOWN]
    more = len(once) - len(found)
    if more > 0:
        found.append(f"  … and {more} more")
    indented = "\n".join(f"    {line}".rstrip() for line in text.splitlines())
    return "\n".join(
        [
            "the tree broke what must hold",
            *found,
            *([] if comes_again else [ONCE]),
            "",
            "This repeats it:" if comes_again else "This was run:",
            "",
            indented,
            "",
            "What happened:",
            "",
            world.timeline(),
        ]
    )


def _without_repetitions(problems: Sequence[Problem]) -> list[str]:
    """Return a line for each; what was found again and again is told once."""
    same: dict[tuple[str, str], list[Problem]] = {}
    for problem in sorted(problems, key=lambda each: each.at):
        same.setdefault((problem.invariant, problem.what), []).append(problem)
    return [
        f"  {each[0]}" + (f" ({len(each)} times)" if len(each) > 1 else "")
        for each in same.values()
    ]
