"""What is wrong with a child, in words: for "next problem" and "only problems". Pure.

Each problem has a fragment for one row; a view counts the rows itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire import Row

SLOW_OP: Final = 5.0
"""Seconds after which one message in hand is a problem."""
HALF: Final = 0.5
"""The used share of a restart budget that is a problem."""
LOOP: Final = 3
"""How many restarts of one child within a minute are a crash loop."""


def problem(row: Row, now: float) -> str | None:
    """Why the row needs a look, in a few words, or None.

    Args:
        row: The row.
        now: The node's clock.
    """
    return (
        looping(row, now)
        or state_problem(row)
        or _mailbox(row)
        or _operation(row, now)
        or _budget(row)
    )


def state_problem(row: Row) -> str | None:
    """Why the row's state alone needs a look, or None."""
    if row.status == "stopped" and row.restart == "permanent":
        return "is stopped although it is permanent"
    return _BY_STATUS.get(row.status)


def looping(row: Row, now: float, *, above: float = LOOP - 1) -> str | None:
    """What a crash loop is said to be, or None: words that stay while it goes on.

    Args:
        row: The row.
        now: The node's clock.
        above: Restarts in a minute that are none yet.
    """
    if row.pace is None or row.status in FINAL:
        return None
    number = row.pace.per_minute(now)
    return f"restarts {number:,} times a minute" if number > above else None


FINAL: Final = frozenset({"quarantined", "stuck", "stopped"})
"""States in which a child does not restart any more."""
_BY_STATUS: Final = {
    "backing_off": "waits before its next life",
    "restarting": "is being restarted",
    "quarantined": "is in quarantine and stays down",
    "stuck": "was cancelled and does not end",
}


def _mailbox(row: Row) -> str | None:
    length, bound = row.mailbox_len, row.mailbox_cap
    if length is None or bound is None or bound <= 0 or length < bound:
        return None
    return f"has a full mailbox ({length}/{bound})"


def _operation(row: Row, now: float) -> str | None:
    if row.op_since is None or now - row.op_since <= SLOW_OP:
        return None
    return f"has had one message ({row.op}) in hand for {now - row.op_since:.0f} s"


def _budget(row: Row) -> str | None:
    used, limit = row.budget_used, row.budget_max
    if not used or limit is None or used < HALF * limit:
        return None
    return f"has used {used} of {limit} restarts"
