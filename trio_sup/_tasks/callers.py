"""Who had a task started: told to the task, and to those that it starts."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from trio_sup._children.current import current_record

if TYPE_CHECKING:
    from trio_sup._children.record import Child

_callers: ContextVar[tuple[Child, ...]] = ContextVar("trio_sup callers", default=())


def callers() -> tuple[Child, ...]:
    """Return who had the present task started: the direct caller first.

    Children that used a task supervisor; not the supervisors, which are in the path
    (TASK-021). Empty outside of such tasks, or if a plain task started it.
    """
    chain = _callers.get()
    # A Trio run in a thread of such a task inherits its context: nobody's callers.
    return () if chain and chain[0].record.node.home.abroad() else chain


def calling() -> tuple[Child, ...]:
    """Return what `callers` is for a task that the present one starts."""
    record = current_record.get()
    own = () if record is None or record.node.home.abroad() else (record.handle,)
    return (*own, *callers())


def enter_callers(chain: tuple[Child, ...]) -> None:
    """Make the present task one that these had started."""
    _callers.set(chain)
