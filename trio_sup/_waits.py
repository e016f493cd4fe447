"""Who waits for whom: what could never be answered is refused (design rule 11).

A server handles one message at a time, so a ring of servers that call each other (or
wait for each other's end, or for room in each other's mailboxes) is a deadlock. Each server's mailbox knows the calls that its handler waits for; a new
call follows them and is refused when they lead back. What is only waited for by a
task that the handler does not wait for is no deadlock, nor is a deferred call whose
handler has begun: somebody else may answer it.

Requests to supervisors are refused to those whom they would have to wait for.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trio.lowlevel import current_task, enable_ki_protection

from trio_sup._core.errors import WouldDeadlock
from trio_sup._current import current_kid
from trio_sup._messages import Request
from trio_sup._system import system_handler

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from trio_sup._kid import Kid


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
                return _way_to(here, came_from)
            if kid not in came_from:
                came_from[kid] = here
                todo.append(kid)
    return None


def _way_to(end: Kid, came_from: dict[Kid, Kid | None]) -> list[Kid]:
    way: list[Kid] = []
    here: Kid | None = end
    while here is not None:
        way.append(here)
        here = came_from[here]
    return way[::-1]


def refuse_self(target: Kid, action: str) -> None:
    """Refuse to wait for the end of a child that the present task is part of.

    Raises:
        WouldDeadlock: the present task belongs to `target` or to a child below it.
    """
    here = current_kid.get()
    while here is not None:
        if here is target:
            raise WouldDeadlock(
                f"{action} of {target.path_text!r} from inside of it would wait for "
                "itself; raise Stop, or let somebody else do it"
            )
        here = None if here.parent is None else here.parent.kid


def refuse_half_way(target: Kid, action: str) -> None:
    """Refuse a request to an ancestor that itself waits for the present child.

    Also what comes from elsewhere: it has no place in the line.

    Raises:
        WrongRun: called from a thread or from another Trio run.
        WouldDeadlock: the present child is starting or stopping, and the request
            would wait in line behind that (checklist SUP-101).
    """
    if target.driver is not None:
        target.driver.check_run(f"supervisor.{action}", waits=True)
    here = current_kid.get()
    while here is not None and here.parent is not None:
        half_way = here.alive and (not here.ready or here.asked is not None)
        if half_way and here.parent.kid is target:
            raise WouldDeadlock(
                f"{action} at {target.path_text!r} would wait behind the "
                f"{'stop' if here.asked else 'start'} of {here.path_text!r}, "
                "which is waiting for it"
            )
        here = here.parent.kid
