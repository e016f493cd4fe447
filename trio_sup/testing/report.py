"""What a failure prints: a program that repeats it, a timeline, the laws that broke.

No line is wider than a terminal's: what cannot be folded is cut, and the exception has
the whole.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from trio_sup.testing._run.broken import Breach, broken
from trio_sup.testing._run.columns import WIDEST, cut, folded
from trio_sup.testing._run.options import Options
from trio_sup.testing._run.pages import page_of
from trio_sup.testing._run.program import program
from trio_sup.testing.faults import Fault
from trio_sup.testing.schedule import shortened
from trio_sup.testing.world import World


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
        picks: Sequence[int] | None = None,
    ) -> None:
        self.found_at: float = time.process_time()
        """Processor time (`time.process_time`) at which it was first found."""
        self.world: World = world
        self.script: list[Fault] = list(script)
        self.codes: list[int] = list(codes)
        self.picks: list[int] | None = None if picks is None else shortened(picks)
        """The order of tasks, if it was chosen one by one: see `replay`."""
        self.program: str = program(options, script, codes, picks)
        self.comes_again: bool = comes_again
        """Whether the same run failed a second time."""
        text = _message(world, options, self.program, comes_again=comes_again)
        super().__init__(text)

    def __reduce__(self) -> tuple[type[AssertionError], tuple[str]]:
        """Travel as text between processes: worlds cannot."""
        return AssertionError, (str(self),)


ONCE = (
    "the same run again was fine: the tree depends on more than script and schedule "
    "(random numbers, the real time, what is left of earlier runs)"
)


def _message(world: World, options: Options, text: str, *, comes_again: bool) -> str:
    lines = ["the tree broke what must hold"]
    if not comes_again:
        lines += folded(ONCE)
    lines += ["", "This repeats it:" if comes_again else "This was run:", ""]
    lines += [cut(f"    {line}".rstrip(), WIDEST) for line in text.splitlines()]
    lines += ["", "What happened:", "", world.timeline(), "", "What broke:"]
    demands = {each.name for each in options.invariants}
    found = sorted(world.problems, key=lambda each: each.at)
    lines += broken(
        (Breach(each.invariant, each.what, f"t={each.at:g}  ") for each in found),
        lambda law: page_of(law, demands),
        "`world.problems` of the exception has all of it",
    )
    return "\n".join(lines)
