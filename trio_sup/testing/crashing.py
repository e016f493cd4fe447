"""One way to crash one child, in a test of whatever clock."""

from __future__ import annotations

from typing import NoReturn

from trio_sup._children.record import Child
from trio_sup._children.stopping import cut_short
from trio_sup._core.exits import Exit
from trio_sup._inspected.faults import end_wait
from trio_sup.testing.faults import InjectedCrash


def crash(handle: Child, error: Exception | None = None) -> BaseException:
    """Let a living child raise an error where it waits, as one of its own.

    For plain tests, in real or in virtual time. The error is thrown as Trio delivers a
    cancellation, through the abort function of the wait: locks and queues stay sound.
    A child that runs at the moment, or whose wait cannot be interrupted, is cancelled
    instead, and has crashed by that error once it has unwound.

    What follows happens as soon as the caller waits: see `assert_restarted`.

    Args:
        handle: A function or a server; of a supervisor crash one of its children.
        error: What to raise; an `InjectedCrash` by default.

    Returns:
        The error.

    Raises:
        ValueError: it is not alive, or a supervisor.
    """
    record = handle.record
    if record.spec.kind in ("supervisor", "dynamic"):
        raise ValueError(f"{handle!r} is a supervisor: crash one of its children")
    if not record.alive:
        raise ValueError(f"{handle!r} is not alive, so it cannot crash")
    thrown = InjectedCrash(f"crashed by a test: {handle!r}") if error is None else error
    raised: list[BaseException] = []

    def throw() -> NoReturn:
        raised.append(thrown)
        raise thrown

    end_wait(record.task, throw)
    if not raised:
        end = Exit("crashed", None, thrown)
        cut_short(record, end, "crashed by a test")
    return thrown
