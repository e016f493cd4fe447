"""Who waits for whom: calls of servers to servers that could never be answered.

A server handles one message at a time, so a ring of servers that call each other is
a deadlock. Each server's mailbox knows the calls that its handler waits for; a new
call follows them and is refused when they lead back. What is only waited for by a
task that the handler does not wait for is no deadlock, nor is a deferred call whose
handler has begun: somebody else may answer it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._core.errors import WouldDeadlock

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from trio_sup._kid import Kid
    from trio_sup._messages import Request


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
    ring = _way(target, source)
    if ring is not None:
        links = ", which waits for ".join(repr(kid.path_text) for kid in ring)
        raise WouldDeadlock(
            f"{source.path_text!r} calls {name} of {links}, which waits for "
            f"{source.path_text!r}: none of them could ever answer"
        )
    queue.outgoing[request] = target
    request.source = queue
    request.tied = True


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
    todo, seen = [[start]], {start}
    while todo:
        way = todo.pop()
        queue = way[-1].mailbox
        assert queue is not None
        for request, kid in queue.outgoing.items():
            if request.held is not None:
                continue
            if kid is goal:
                return way
            if kid not in seen:
                seen.add(kid)
                todo.append([*way, kid])
    return None
