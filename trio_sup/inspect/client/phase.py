"""Where a client's session stands, and whether it can speak with a node. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.protocol.wire import PROTOCOL, ROW_COLUMNS

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire import Hello

OLDEST_PROTOCOL: Final = 1
"""The oldest node that this client understands."""


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
