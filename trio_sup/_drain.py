"""Emptying a mailbox by hand: what waits is dropped, its callers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._core.errors import NoProcess
from trio_sup._messages import CastNote, InfoNote, Request, TickNote

if TYPE_CHECKING:
    from trio_sup._mailbox import MailQueue
    from trio_sup._messages import Item


def waiting(queue: MailQueue) -> tuple[int, int]:
    """Return how many calls wait, and how many casts and sends."""
    calls = sum(isinstance(item, Request) for item in _items(queue))
    return calls, queue.bounded


def drain(queue: MailQueue) -> tuple[int, int]:
    """Drop all calls, casts and sends that wait; stops and `Down`s stay.

    A call fails with `NoProcess`, for it was not executed. The message in hand is
    not touched, and senders that waited for room get it. No checkpoint.

    Returns:
        How many calls were failed, and how many casts and sends were dropped.
    """
    calls = [item for item in _items(queue) if isinstance(item, Request)]
    notes = 0
    for item in _items(queue):
        notes += isinstance(item, CastNote | InfoNote)
        if isinstance(item, TickNote):
            item.waits = False
    queue.batch = [item for item in queue.batch if _stays(item)]
    queue.inbox = [item for item in queue.inbox if _stays(item)]
    queue.bounded = 0
    queue.dropped += notes
    for call in calls:
        call.fail(NoProcess(queue.kid.path_text, "had its mailbox drained"))
    queue.admit_waiting()
    queue.kid.touch()
    return len(calls), notes


def _items(queue: MailQueue) -> list[Item]:
    return [*queue.batch, *queue.inbox]


def _stays(item: Item) -> bool:
    return not isinstance(item, Request | CastNote | InfoNote)
