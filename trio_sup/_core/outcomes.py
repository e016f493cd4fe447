"""What becomes of a task, and what `shutdown` makes of it: pure."""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar

from attrs import frozen

from trio_sup._core.errors import SupervisionError
from trio_sup._core.exits import Exit

T_co = TypeVar("T_co", covariant=True)


@frozen
class Ok(Generic[T_co]):
    """A task returned this."""

    value: T_co


Outcome: TypeAlias = Ok[T_co] | Exit
"""How a task ended: with a value, or with an `Exit` and no value."""


class TaskExit(SupervisionError):
    """A task ended without a result; its error, if it was one, is the `__cause__`.

    Also of a task that ended in order, but by `Stop` or by a request instead of
    returning (checklist TASK-005).
    """

    def __init__(self, task: str, exit: Exit) -> None:
        self.task = task
        self.exit = exit
        super().__init__(f"task {task!r} ended without a result: {exit}")


def outcome_of(result: Ok[T_co] | None, exit: Exit | None) -> Ok[T_co] | Exit | None:
    """What is known of a task: a result beats an exit (TASK-009); None if it runs."""
    return exit if result is None else result


def shutdown_outcome(
    outcome: Ok[T_co] | Exit, *, asked: bool, brutal: bool
) -> Ok[T_co] | Exit | None:
    """What `shutdown` returns, by the table of TASK-010 and TASK-011.

    ================  ===============  ===============
    the task ended    with a timeout   brutal_kill
    ================  ===============  ===============
    with a value      the value        the value
    as asked          None             its exit
    killed            its exit         None
    otherwise         its exit         its exit
    ================  ===============  ===============

    Args:
        outcome: How it ended.
        asked: Whether anybody had asked it to end before it did.
        brutal: Whether this shutdown was a ``brutal_kill``.
    """
    if isinstance(outcome, Ok) or not asked or outcome.error is not None:
        return outcome
    return None if outcome.kind == ("killed" if brutal else "shutdown") else outcome
