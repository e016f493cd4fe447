"""Who waits for whom: what could never be answered is refused (design rule 11)."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trio.lowlevel import current_task, enable_ki_protection

from trio_sup._children.current import current_kid
from trio_sup._children.waits import way_to
from trio_sup._core.errors import WouldDeadlock
from trio_sup._servers.handlers import system_handler
from trio_sup._servers.messages import Request

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from trio_sup._children.record import Kid


def note_wait(source: Kid, request: Request, target: Kid) -> None:
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
        links = ", which waits for ".join(repr(kid.path_text) for kid in ring)
        raise WouldDeadlock(
            f"{source.path_text!r} calls {name} of {links}, which waits for "
            f"{source.path_text!r}: none of them could ever answer"
        )
    queue.outgoing[request] = target
    assert target.mailbox is not None
    target.mailbox.awaited += 1
    request.source = queue
    request.tied = True


@contextmanager
@enable_ki_protection
def waiting_for(target: Kid, action: str) -> Generator[None]:
    """Note for the length of a block that a handler waits for something else.

    Raises:
        WouldDeadlock: as `note_wait`.
    """
    source = current_kid.get()
    if source is None or source.mailbox is None or source.node is not target.node:
        yield
        return
    request = Request(current_task(), system_handler(action))
    note_wait(source, request, target)
    try:
        yield
    finally:
        request.abort(None)


def holds_up(task: Task, kid: Kid) -> bool:
    """Whether the handler in hand of a server cannot end before `task` goes on.

    True for the server's own task and for those below a nursery that the handler
    opened; not for those below a nursery that was open before.
    """
    own, queue = kid.task, kid.mailbox
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


def is_part_of(task: Task, kid: Kid) -> bool:
    """Whether `task` is the task of a child's life, or below it."""
    at = task
    while at is not kid.task:
        if at.parent_nursery is None:
            return False
        at = at.parent_nursery.parent_task
    return True


def _way(start: Kid, goal: Kid) -> list[Kid] | None:
    """Return the servers on a way of waiting from `start` to `goal`, or None."""
    came_from: dict[Kid, Kid | None] = {start: None}
    todo = [start]
    while todo:
        here = todo.pop()
        queue = here.mailbox
        assert queue is not None
        for request, kid in queue.outgoing.items():
            if request.held is not None:
                continue
            if kid is goal:
                return way_to(here, came_from)
            if kid not in came_from:
                came_from[kid] = here
                todo.append(kid)
    return None
