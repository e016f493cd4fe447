"""Who waits for whom: what could never be answered is refused (rule 11 of how it is built)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trio.lowlevel import current_task, enable_ki_protection

from trio_sup._children.current import current_record
from trio_sup._children.waits import way_to
from trio_sup._core.errors import WouldDeadlock
from trio_sup._servers.handlers import system_handler
from trio_sup._servers.messages import TiedRequest

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from trio_sup._children.record import Record


def note_wait(source: Record, request: TiedRequest, target: Record) -> None:
    """Remember that a handler of `source` waits for `target`.

    Raises:
        WouldDeadlock: `target` waits for `source`, perhaps through others.
    """
    task, queue = request.task, source.mailbox
    if task is None or queue is None or not holds_up(task, source):
        return
    name = request.handler.name
    if source is target:
        raise WouldDeadlock(
            f"{source.path_text!r} calls itself ({name}): it cannot answer while it "
            "waits; call the method directly"
        )
    ring = _way(target, source) if queue.awaited else None
    if ring is not None:
        links = ", which waits for ".join(repr(record.path_text) for record in ring)
        raise WouldDeadlock(
            f"{source.path_text!r} calls {name} of {links}, which waits for "
            f"{source.path_text!r}: none of them could ever answer"
        )
    queue.wait_for(request, target)


@contextmanager
@enable_ki_protection
def waiting_for(target: Record, action: str) -> Generator[None]:
    """Note for the length of a block that a handler waits for something else.

    Raises:
        WouldDeadlock: as `note_wait`.
    """
    source = current_record.get()
    if source is None or source.mailbox is None or source.node is not target.node:
        yield
        return
    request = TiedRequest(current_task(), system_handler(action))
    note_wait(source, request, target)
    try:
        yield
    finally:
        request.abort(None)


def holds_up(task: Task, record: Record) -> bool:
    """Whether the handler in hand of a server cannot end before `task` goes on.

    True for the server's own task and for those below a nursery that the handler
    opened; not for those below a nursery that was open before.
    """
    own, queue = record.task, record.mailbox
    if own is None or queue is None:
        return False
    at = task
    while at is not own:
        nursery = at.parent_nursery
        if nursery is None:
            return False
        if nursery.parent_task is own:
            return nursery not in own.child_nurseries[: queue.background]
        at = nursery.parent_task
    return True


def is_part_of(task: Task, record: Record) -> bool:
    """Whether `task` is the task of a child's life, or below it."""
    at = task
    while at is not record.task:
        if at.parent_nursery is None:
            return False
        at = at.parent_nursery.parent_task
    return True


def _way(start: Record, goal: Record) -> list[Record] | None:
    """Return the servers on a way of waiting from `start` to `goal`, or None."""
    came_from: dict[Record, Record | None] = {start: None}
    todo = [start]
    while todo:
        here = todo.pop()
        queue = here.mailbox
        assert queue is not None
        for request, record in queue.outgoing.items():
            if request.held is not None:
                continue
            if record is goal:
                return way_to(here, came_from)
            if record not in came_from:
                came_from[record] = here
                todo.append(record)
    return None
