"""Which child the present task belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from trio_sup._children.record import Record
    from trio_sup._children.surroundings import HostNode

current_record: ContextVar[Record | None] = ContextVar(
    "trio_sup current child", default=None
)
"""Set at the start of each life; tasks and threads that it starts inherit it.

So does a Trio run that begins in such a thread: there it is nobody's child. Whoever
reads this checks `Record.node`, or `Home.here`.
"""


set_current: Final = current_record.set
"""Begin to be a child's task: called for each life."""


class Attachment:
    """What `attach` made of a task, inside of what it was before."""

    __slots__ = ("outer", "record")

    def __init__(self, record: Record, outer: Attachment | None) -> None:
        self.record = record
        self.outer = outer


attachment: ContextVar[Attachment | None] = ContextVar(
    "trio_sup attached child", default=None
)
"""Of the present task, if there is one; its block may have been left elsewhere."""


def present_record() -> Record | None:
    """Return the child that the present code registers names for, or None.

    The innermost living one that `attach` made, else the one whose life this is;
    perhaps of another Trio run.
    """
    at = attachment.get()
    while at is not None and not at.record.alive:
        at = at.outer
    return current_record.get() if at is None else at.record


def record_of(task: Task, node: HostNode[Record]) -> Record | None:
    """Return the child of a node that a task belongs to, or None."""
    record = task.context.get(current_record)
    return record if record is not None and record.node is node else None
