"""The messages of the inspector protocol, version 1: plain data, no I/O.

Rules of the file:

* A message is one JSON object on one line; its tag is the key ``t``.
* Fields are only ever added, with a default. A change of meaning is a new
  protocol version. An unknown field is ignored, an unknown tag is `Unknown`.
* `Row`, `Vol` and `Event` travel as arrays. Columns are only ever appended, so
  a reader takes the prefix that it knows.
* Times are seconds on the node's own Trio clock; `Hello` anchors them to the
  wall clock. NaN and infinities never travel: "none" is ``null``.

`convert` makes JSON objects of these, and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import define, field, frozen

from trio_sup.inspect.wire_actions import (
    Act,
    Acted,
    AskControl,
    Plan,
    Planned,
    Role,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL: Final = 1
"""The protocol version of this code; also the oldest one that it speaks."""

CAPS: Final = ("watch", "resume", "rate", "control")
"""Additive features of a node of this version."""


@define(slots=True)
class Row:
    """One child of the node, as last heard. Mutable: building is 4x cheaper."""

    id: int
    """The child's serial number in its node."""
    parent: int
    """The supervisor's `id`; 0 for a root."""
    label: str
    """The child's id as text."""
    path: str
    """The ids from the root, joined by ``/``."""
    kind: str
    """``supervisor``, ``dynamic``, ``server`` or ``task``."""
    target: str
    """The qualified name of what runs; for a supervisor its strategy."""
    restart: str
    """``permanent``, ``transient`` or ``temporary``."""
    name: str
    """The registered name, or an empty string."""
    status: str
    """``starting``, ``running``, ``backing_off``, ... (open set)."""
    life: int
    """The number of the present (or last) life, 0 before the first."""
    restarts: int
    """How often a life followed one that ended by itself."""
    began: float | None
    """When the present life began, None before the first."""
    mailbox_len: int | None
    """Messages waiting; None for what has no mailbox."""
    mailbox_cap: int | None
    """The bound for casts and sends, -1 if unbounded, None without a mailbox."""
    mailbox_peak: int | None
    """The highest depth of this life."""
    handled: int | None
    """Messages handled in this life."""
    op: str | None
    """The operation in hand."""
    op_since: float | None
    """When the operation in hand began."""
    last_exit: str
    """One line on how the last life ended; empty before that."""
    budget_used: int | None
    """Restarts inside the window now; None for what has no budget."""
    budget_max: int | None
    """How many restarts the window allows."""
    budget_seconds: float | None
    """The window's length, None if it never ends."""
    version: int
    """Grows with every lifecycle change; mailbox counters move without it."""
    rev: int = field(default=0, eq=False)
    """Not on the wire: set by the client's session at every change of the row."""


@define(slots=True)
class Vol:
    """The columns of a row that move without a lifecycle change."""

    id: int
    mailbox_len: int | None
    mailbox_peak: int | None
    handled: int | None
    op: str | None
    op_since: float | None
    budget_used: int | None


@define(slots=True)
class Event:
    """One lifecycle event."""

    n: int
    """Serial number in the node's stream: grows, may skip."""
    at: float
    """Seconds on the node's clock."""
    path: str
    """The child that it is about."""
    kind: str
    """The event's name, such as ``child_crashed`` (open set)."""
    text: str
    """One line for people."""


ROW_COLUMNS: Final = tuple(name for name in Row.__annotations__ if name != "rev")
"""The columns of a row in wire order."""
VOL_COLUMNS: Final = tuple(Vol.__annotations__)
"""The columns of a `Vol` in wire order, `id` first."""
EVENT_COLUMNS: Final = tuple(Event.__annotations__)
"""The columns of an `Event` in wire order."""


# --- what the node sends ---------------------------------------------------


@frozen
class Hello:
    """The node's first line, before it has read anything."""

    proto_min: int
    """The oldest protocol version that the node speaks."""
    proto_max: int
    """The newest one."""
    node: str
    """The node's name."""
    epoch: str
    """Random for each start of the node: another epoch is another node."""
    pid: int
    python: str
    trio: str
    trio_sup: str
    started_wall: float
    """When the node started, in seconds since 1970."""
    wall0: float
    """The wall clock (seconds since 1970) at `mono0`."""
    mono0: float
    """The node's clock at `wall0`."""
    caps: list[str] = field(factory=list[str])
    """Additive features."""
    readonly: bool = True
    """True if the node accepts no actions, whoever asks."""
    cols: list[str] = field(factory=list[str])
    """The row columns in order, see `ROW_COLUMNS`."""


@frozen
class Ready:
    """The node accepts the client."""

    proto: int
    """The version that both speak from here on."""
    rate_hz: float
    """The granted rate."""
    resumed: bool = False
    """True: deltas follow at once, what the client holds is still good."""
    max_request: int = 65_536
    """The longest request in bytes."""


@frozen
class Error:
    """The node refuses something, and usually closes."""

    code: str
    """``version``, ``forbidden``, ``too_many_clients``, ``handshake_timeout``,
    ``frame_too_large``, ``bad_request`` (open set)."""
    message: str
    """One line for people."""


@frozen
class SnapBegin:
    """All rows follow, in `Rows` of at most 500."""

    seq: int
    total: int
    """How many rows the node had when it began: for a progress bar."""


@frozen
class Rows:
    """Rows of a snapshot; parents come before their children."""

    rows: list[Row]


@frozen
class SnapEnd:
    """The snapshot is whole; the next delta has ``prev == seq``."""

    seq: int
    at: float
    """The node's clock."""


@frozen
class Delta:
    """What changed. Apply `gone`, then `up`, then `vol`."""

    seq: int
    """The state that the client has reached. Equals `prev` when more follows."""
    prev: int
    """The state that the client must have had before."""
    at: float
    """The node's clock."""
    up: list[Row] = field(factory=list[Row])
    """New rows and rows with a lifecycle change, whole."""
    vol: list[Vol] = field(factory=list[Vol])
    """Rows of which only counters moved."""
    gone: list[int] = field(factory=list[int])
    """Rows that are no more."""
    events: list[Event] = field(factory=list[Event])
    """Events since the last delta, oldest first."""
    dropped: int = 0
    """Events that this client missed since the last delta (at least)."""


@frozen
class Heartbeat:
    """Sent once a second: the node's loop turns."""

    at: float
    """The node's clock."""
    lag: float
    """By how many seconds the loop was late, at worst, in the last second."""
    cost: float = 0.0
    """Seconds that the node spent on inspection in the last second."""
    clients: int = 1
    """How many clients are attached."""


@frozen
class Detail:
    """One child in full: the answer to `Watch`, repeated when it changes."""

    id: int
    at: float
    """The node's clock."""
    row: Row | None = None
    """None: there is no such child any more."""
    traceback: str = ""
    """The last crash as text; empty if none."""
    clipped: bool = False
    """True if the traceback's beginning was cut off."""


# --- what a client sends ---------------------------------------------------


@frozen
class Resume:
    """Where a client left off."""

    epoch: str
    seq: int
    event: int = 0
    """The highest event number that it has."""


@frozen
class Attach:
    """The client's first line."""

    proto: int
    client: str
    """Who asks, such as ``trio-sup 1.0``."""
    want: list[str] = field(factory=lambda: ["tree", "events"])
    """Of ``tree`` and ``events``."""
    rate_hz: float = 4.0
    """Deltas a second, 1 to 10."""
    resume: Resume | None = None


@frozen
class Resync:
    """Asks for a new snapshot."""


@frozen
class Watch:
    """Asks for `Detail` of one child. A lease: repeat it within 10 seconds."""

    id: int


@frozen
class Unwatch:
    """Ends a watch before its lease does."""

    id: int


@frozen
class Rate:
    """Asks for another rate, 1 to 10 deltas a second."""

    hz: float


@frozen
class Bye:
    """The client leaves."""


@frozen
class Unknown:
    """A message with a tag that this version does not know: ignore it."""

    tag: str


ServerMessage: TypeAlias = (
    Hello
    | Ready
    | Error
    | SnapBegin
    | Rows
    | SnapEnd
    | Delta
    | Heartbeat
    | Detail
    | Role
    | Planned
    | Acted
    | Unknown
)
ClientMessage: TypeAlias = (
    Attach | Resync | Watch | Unwatch | Rate | Bye | AskControl | Plan | Act | Unknown
)
Message: TypeAlias = ServerMessage | ClientMessage

SERVER_TAGS: Final[Mapping[str, type[ServerMessage]]] = {
    "hello": Hello,
    "ready": Ready,
    "error": Error,
    "snap_begin": SnapBegin,
    "rows": Rows,
    "snap_end": SnapEnd,
    "delta": Delta,
    "heartbeat": Heartbeat,
    "detail": Detail,
    "role": Role,
    "planned": Planned,
    "acted": Acted,
}
CLIENT_TAGS: Final[Mapping[str, type[ClientMessage]]] = {
    "attach": Attach,
    "resync": Resync,
    "watch": Watch,
    "unwatch": Unwatch,
    "rate": Rate,
    "bye": Bye,
    "control": AskControl,
    "plan": Plan,
    "act": Act,
}
TAG_OF: Final[Mapping[type, str]] = {
    cls: tag for tags in (SERVER_TAGS, CLIENT_TAGS) for tag, cls in tags.items()
}
