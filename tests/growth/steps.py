"""How much more is done when there is twice as much: counted, not timed.

`Steps` counts the bytecode instructions that Python executes inside of a block, in
whatever function, Trio's included. What one instruction hides (a search in a list, a
comparison of keys) it does not see: for that there are `Counted` keys.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Hashable
from types import FrameType, TracebackType
from typing import Any, Self, TypeAlias

from trio_sup.testing._run.quiet import quiet_log

SMALL = 40
LARGE = 4 * SMALL

LINEAR = 4.3
"""What n and 4 n things may differ by; what grows with the square differs by 16."""

Measured: TypeAlias = Callable[[int, "Steps"], Awaitable[None]]
"""Prepares n things, then does what is to be measured inside of ``with steps:``."""


class Steps:
    """Counts the instructions that are executed inside of its block."""

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None

    def _enter(self, frame: FrameType, event: str, _: object) -> Any:
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, frame: FrameType, event: str, _: object) -> Any:
        if event == "opcode":
            self.count += 1
        return self._step

    def __enter__(self) -> Self:
        self._before = sys.gettrace()
        here = sys._getframe(1)
        here.f_trace, here.f_trace_opcodes = self._step, True
        sys.settrace(self._enter)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.settrace(self._before)
        sys._getframe(1).f_trace = None


class Counted:
    """A key that counts how often keys of its kind are compared and hashed."""

    touched = 0

    def __init__(self, name: Hashable) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        Counted.touched += 1
        return isinstance(other, Counted) and other.name == self.name

    def __hash__(self) -> int:
        Counted.touched += 1
        return hash(self.name)


def name_of(work: Measured) -> str:
    """Return what to call a parameter of a test."""
    return str(getattr(work, "__name__", work))


async def grows(measured: Measured, small: int = SMALL, times: int = 4) -> float:
    """Return by what the work for ``times * small`` things exceeds that for `small`."""
    await count(measured, 2)  # what is imported or made on first use
    return await count(measured, times * small) / await count(measured, small)


async def count(measured: Measured, n: int) -> int:
    """Return how many steps something takes with n things."""
    steps = Steps()
    with quiet_log():  # a traceback in the log outweighs the rest
        await measured(n, steps)
    assert steps.count, "nothing was measured"
    return steps.count
