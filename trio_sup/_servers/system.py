"""The system lane: what is asked of a server's machinery, between two handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from trio_sup._servers.state import formatted, set_state, state_of
from trio_sup._trio.protect import call_user

if TYPE_CHECKING:
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.mailbox import MailQueue


@frozen
class ServerStatistics:
    """The counters of a server's present life."""

    mailbox: int
    """Messages waiting."""
    capacity: float
    """The bound for casts and sends."""
    peak: int
    """The highest number of waiting messages."""
    received: int
    """Messages queued."""
    handled: int
    """Messages whose handler has ended."""
    dropped: int
    """Messages forgotten because the mailbox was full."""
    started_at: float
    """Trio time at which the life began, in seconds."""


@frozen
class ServerStatus:
    """What `ServerRef.get_status` returns."""

    path: str
    life: int
    suspended: bool
    statistics: ServerStatistics
    state: object
    """The state as the server's `format_status` shows it."""


def serve_system(queue: MailQueue, server: ServerBase) -> None:
    """Serve the system lane. What a request raises is its caller's business."""
    lane, served = queue.system, 0
    try:
        while served < len(lane):
            request = lane[served]
            result, failed = None, None
            try:
                result = call_user(request.work, server)
            except Exception as error:  # noqa: BLE001 - the answer
                failed = error
            served += 1
            if failed is None:
                request.reply(result)
            else:
                request.fail(failed)
            del failed
    finally:
        # It leaves the lane when it is done: whatever ends the server before that
        # answers it, too. All at once, as each one alone would move all others.
        queue.served_system(served)


def statistics_of(queue: MailQueue) -> ServerStatistics:
    """Return the counters of the present life."""
    return ServerStatistics(
        queue.depth,
        queue.capacity,
        queue.peak,
        queue.received,
        queue.handled,
        queue.dropped,
        queue.record.life_began,
    )


def status_of(queue: MailQueue, server: ServerBase) -> ServerStatus:
    """Return what people may know of a server."""
    parts: dict[str, object] = {"state": state_of(server)}
    return ServerStatus(
        queue.record.path_text,
        queue.record.life,
        queue.suspended,
        statistics_of(queue),
        formatted(server, parts).get("state"),
    )


def change_state(
    server: ServerBase,
    change: Callable[[dict[str, object]], Mapping[str, object]],
) -> dict[str, object]:
    """Put what `change` makes of the state in its place, and return it."""
    set_state(server, change(state_of(server)))
    return state_of(server)


def set_suspended(queue: MailQueue, suspended: bool) -> None:
    """Stop serving messages, or go on; both idempotent."""
    if queue.suspended is not suspended:
        queue.suspend(suspended)
        queue.record.touch()  # people see it in the inspector
