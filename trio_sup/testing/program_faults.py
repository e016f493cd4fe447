"""Faults of programs: for children made by `process`, in `check_supervision`.

Under the harness no program runs, as its time is virtual: a stand-in takes its place,
which is ready at once and runs until it is asked to end. What happens to it is what these
say. They are drawn if you ask for them: ``faults=[*STANDARD, *OF_PROGRAMS]``. A slow start
is a `Slow` at checkpoint -1, as for any child.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import field, frozen

from trio_sup._core.errors import NoSuchChild
from trio_sup.testing._run.stand_in import StandIn
from trio_sup.testing.faults import Fault

GARBAGE: Final = ("\x00\x1b[2J\ufffd", "{", "", "x" * 10_000)


def _program(world: Any, path: str) -> StandIn | None:
    try:
        handle = world.child(path)
    except NoSuchChild:
        return None
    body = handle.record.body
    return body if isinstance(body, StandIn) and handle.record.alive else None


@frozen(repr=False)
class KillProgram(Fault):
    """The program is killed, or ends with a code, though nobody asked it to."""

    code: int = field(default=-9, kw_only=True)
    """Its exit code, or the negative number of the signal."""

    def happen(self, world: Any) -> bool:
        """End it; False if there is none."""
        program = _program(world, self.path)
        return program is not None and program.end_with(self.code)

    @classmethod
    def drawn(cls, path: str, at: float, amount: int) -> Fault:
        """Make one: killed, ended with an error, or in order."""
        return cls(path, at=at, code=(-9, 1, 0, -11, 137, 2, -6, -15)[amount])


@frozen(repr=False)
class StopProgram(Fault):
    """The program is stopped (SIGSTOP): it takes no signal any more but SIGKILL."""

    def happen(self, world: Any) -> bool:
        """Stop it; False if there is none."""
        program = _program(world, self.path)
        return program is not None and program.hang()


@frozen(repr=False)
class Garbage(Fault):
    """The program writes a line that nobody expects to its stdout."""

    line: str = field(default=GARBAGE[0], kw_only=True)

    def happen(self, world: Any) -> bool:
        """Write it; False if there is no program."""
        program = _program(world, self.path)
        return program is not None and program.say("stdout", self.line)

    @classmethod
    def drawn(cls, path: str, at: float, amount: int) -> Fault:
        """Make one of several kinds of garbage."""
        return cls(path, at=at, line=GARBAGE[amount % len(GARBAGE)])


OF_PROGRAMS: tuple[type[Fault], ...] = (KillProgram, StopProgram, Garbage)
"""The faults of programs, for ``faults=[*STANDARD, *OF_PROGRAMS]``."""
