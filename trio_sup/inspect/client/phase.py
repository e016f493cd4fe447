"""Where a client's session stands: phases, patience, and whom it can speak with. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.protocol.wire import PROTOCOL, ROW_COLUMNS

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire import Hello

OLDEST_PROTOCOL: Final = 1
"""The oldest node that this client understands."""
BACKOFF: Final = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the 1st, 2nd, ... attempt to reconnect; the last one repeats."""
STALE_AFTER: Final = 3.0
"""Seconds without a word from the node after which what is shown is stale."""
SILENT_AFTER: Final = 5.0
"""Seconds after which a node counts as not responding."""
SYNC_WITHIN: Final = 120.0
"""Seconds within which a node has to send all its rows, however many."""
MAX_BAD_FRAMES: Final = 3
"""The bad frame that ends a connection; earlier ones only ask for a resync."""


class Phase(Enum):
    """Where a session stands."""

    CONNECTING = "connecting"
    """The transport is being opened, or the node has not said hello."""
    SYNCING = "syncing"
    """Attached; the first (or a new) snapshot is under way."""
    LIVE = "live"
    """The rows are the node's, as of the last delta or heartbeat."""
    STALE = "stale"
    """Connected, but the node has been silent for `STALE_AFTER`."""
    RECONNECTING = "reconnecting"
    """No connection; the next attempt is due at `Session.retry_at`."""
    REFUSED = "refused"
    """Final: `State.code` and `State.text` say why. Connect no more."""


@frozen
class State:
    """The phase, and what to tell people about it."""

    phase: Phase
    since: float
    """The front end's clock when the phase began."""
    text: str = ""
    """One line: why it reconnects or was refused."""
    code: str = ""
    """An `Error.code`, or ``garbage`` (not a node), ``silent`` (says nothing)."""


def delay_before(attempt: int, jitter: float) -> float:
    """Seconds before another attempt to connect.

    Args:
        attempt: How many there were since the node was last seen live.
        jitter: A random number in 0..1: up to a quarter is added.
    """
    return BACKOFF[min(attempt, len(BACKOFF) - 1)] * (1.0 + 0.25 * jitter)


def out_of_patience(state: State, silence: float, now: float) -> str:
    """Why a connection that has not come to life yet is given up; empty if it is not.

    Args:
        state: Where the session stands.
        silence: Seconds since the node was last heard.
        now: The front end's clock.
    """
    if state.phase not in (Phase.CONNECTING, Phase.SYNCING):
        return ""
    if silence >= SILENT_AFTER:
        return f"the node said nothing for {SILENT_AFTER:g} s"
    if state.phase is Phase.SYNCING and now - state.since >= SYNC_WITHIN:
        return f"the node did not send all its rows within {SYNC_WITHIN:g} s"
    return ""


def incompatible(hello: Hello) -> str:
    """Why this client cannot speak with that node, or an empty string.

    The sentence says which side to upgrade.
    """
    if hello.proto_min > PROTOCOL:
        return (
            f"node {hello.node!r} speaks inspector protocol {hello.proto_min} or newer,"
            f" this trio-sup speaks {PROTOCOL}: upgrade this trio-sup"
        )
    if hello.proto_max < OLDEST_PROTOCOL:
        return (
            f"node {hello.node!r} speaks inspector protocol {hello.proto_max} or older,"
            f" this trio-sup needs {OLDEST_PROTOCOL}: upgrade trio-sup in the node"
        )
    if hello.cols and tuple(hello.cols[: len(ROW_COLUMNS)]) != ROW_COLUMNS:
        return (
            f"node {hello.node!r} (trio-sup {hello.trio_sup}) sends other columns than"
            " this trio-sup knows: use the same version on both sides"
        )
    return ""
