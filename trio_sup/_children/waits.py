"""Who waits for whom: what could never be answered is refused (rule 11 of how it is built).

A server handles one message at a time, so a ring of servers that call each other (or
wait for each other's end, or for room in each other's mailboxes) is a deadlock. Each server's mailbox knows the calls that its handler waits for; a new
call follows them and is refused when they lead back. What is only waited for by a
task that the handler does not wait for is no deadlock, nor is a deferred call whose
handler has begun: somebody else may answer it.

Requests to supervisors are refused to those whom they would have to wait for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trio_sup._children.current import current_record
from trio_sup._core.errors import WouldDeadlock

if TYPE_CHECKING:
    from trio_sup._children.record import Record


def way_to(end: Record, came_from: dict[Record, Record | None]) -> list[Record]:
    way: list[Record] = []
    here: Record | None = end
    while here is not None:
        way.append(here)
        here = came_from[here]
    return way[::-1]


def refuse_self(target: Record, action: str) -> None:
    """Refuse to wait for the end of a child that the present task is part of.

    Raises:
        WouldDeadlock: the present task belongs to `target` or to a child below it.
    """
    here = current_record.get()
    while here is not None:
        if here is target:
            raise WouldDeadlock(
                f"{action} of {target.path_text!r} from inside of it would wait for "
                "itself; raise Stop, or let somebody else do it"
            )
        here = None if here.parent is None else here.parent.record


def refuse_half_way(target: Record, action: str) -> None:
    """Refuse a request to an ancestor that itself waits for the present child.

    Also what comes from elsewhere: it has no place in the line.

    Raises:
        WrongRun: called from a thread or from another Trio run.
        WouldDeadlock: the present child is starting or stopping, and the request
            would wait in line behind that (checklist SUP-101).
    """
    if target.shell is not None:
        target.shell.check_run(f"supervisor.{action}", waits=True)
    here = current_record.get()
    while here is not None and here.parent is not None:
        half_way = here.alive and (not here.ready or here.asked is not None)
        if half_way and here.parent.record is target:
            raise WouldDeadlock(
                f"{action} at {target.path_text!r} would wait behind the "
                f"{'stop' if here.asked else 'start'} of {here.path_text!r}, "
                "which is waiting for it"
            )
        here = here.parent.record


def refuse_inside(paths: Iterable[str], action: str) -> None:
    """Refuse a request from inside of a child that it would end.

    Args:
        paths: The paths of those whose lives would end.
        action: What is asked.

    Raises:
        WouldDeadlock: the present task belongs to one of them, or to a child below.
    """
    ended, here = set(paths), current_record.get()
    while here is not None:
        if here.path_text in ended:
            raise WouldDeadlock(
                f"{action} would end {here.path_text!r}, and from inside of it would "
                "wait for itself; let somebody else ask"
            )
        here = None if here.parent is None else here.parent.record
