"""Children that are down by their own budget: for good, or for a time."""

from __future__ import annotations

from trio_sup._core.plan.doing import Changed, Dos, K, Settle, Start, Wake
from trio_sup._core.plan.telling import quarantined, released
from trio_sup._core.strategy import Quarantine, SupervisorCore


def quarantine(record: K, decision: Quarantine, now: float) -> Dos[K]:
    """What is to be done with a child that was quarantined.

    For a time it is not at rest: its mailbox keeps what it keeps for a next life, and
    who waits for it goes on waiting.

    Args:
        record: The child.
        decision: Why, and when it is released.
        now: When.
    """
    told = quarantined(record, now, by_hand=decision.by_hand)
    seconds = decision.release_after
    if seconds is None:
        return (Settle(record), told)
    return (told, Wake(now + seconds, record, record.ticket), Changed(record))


def release(core: SupervisorCore[K], record: K, now: float) -> Dos[K]:
    """The time of a quarantine is over."""
    core.release(record)
    return (released(record, now), Start(record))
