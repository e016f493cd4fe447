"""The messages of the inspector protocol, version 1: plain data, no I/O.

Rules of the file:

* A message is one JSON object on one line; its tag is the key ``t``.
* Fields are only ever added, with a default. A change of meaning is a new
  protocol version. An unknown field is ignored, an unknown tag is `Unknown`.
* `Row`, `Vol` and `Event` travel as arrays. Columns are only ever appended, so
  a reader takes the prefix that it knows; of a node that sends fewer than it knows
  it says that it is too old (`client.phase`).
* Times are seconds on the node's own Trio clock; `Hello` anchors them to the
  wall clock. NaN and infinities never travel: "none" is ``null``.

`convert` makes JSON objects of these, and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import field, frozen

from trio_sup.inspect.protocol.wire_actions import (
    Act,
    Acted,
    AskControl,
    Plan,
    Planned,
    Role,
)
from trio_sup.inspect.protocol.wire_cluster import ClusterOf
from trio_sup.inspect.protocol.wire_details import (
    AskMetrics,
    Busy,
    Follow,
    Holds,
    Life,
    Link,
    MailboxPart,
    Metrics,
    NodeInfo,
    StatePart,
    Tasks,
    TaskStack,
    Unfollow,
    Waits,
)
from trio_sup.inspect.protocol.wire_logs import Logs
from trio_sup.inspect.protocol.wire_profile import AskProfile, Profile
from trio_sup.inspect.protocol.wire_registry import Names
from trio_sup.inspect.protocol.wire_rows import (
    EVENT_COLUMNS as EVENT_COLUMNS,
    ROW_COLUMNS as ROW_COLUMNS,
    VOL_COLUMNS as VOL_COLUMNS,
    Cause as Cause,
    Event as Event,
    Row as Row,
    Vol as Vol,
)
from trio_sup.inspect.protocol.wire_times import TimesPart
from trio_sup.inspect.protocol.wire_trace import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping

PROTOCOL: Final = 1
"""The protocol version of this code; also the oldest one that it speaks."""

CAPS: Final = (
    "watch",
    "resume",
    "rate",
    "parts",
    "follow",
    "metrics",
    "control",
    "lease",
    "holds",
    "times",
    "profile",
    "logs",
    "registry",
    "trace",
    "causes",
)
"""Additive features of a node of this version."""


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
    clusters: list[ClusterOf] = field(factory=list[ClusterOf])
    """Those that the program is in; not sent if there are none."""


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
    causes: list[Cause] = field(factory=list[Cause])
    """Of those events that have one, for who wants ``causes``."""


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
    """The inside of one child: the answer to `Watch`, repeated when it changes.

    An answer holds the parts that are new, and only those: keep what you have of
    the others (`merged`). `traceback` and `clipped` belong to the overview.
    """

    id: int
    at: float
    """The node's clock."""
    row: Row | None = None
    """None: there is no such child any more."""
    traceback: str = ""
    """The last crash as text; empty if none."""
    clipped: bool = False
    """True if the traceback's beginning was cut off."""
    parts: list[str] = field(factory=list[str])
    """What is in this answer; empty stands for the overview alone."""
    mailbox: MailboxPart | None = None
    state: StatePart | None = None
    stack: list[TaskStack] | None = None
    """This and the next two are not sent if empty: `parts` tells."""
    history: list[Life] | None = None
    """Past lives, oldest first, at most 16."""
    links: list[Link] | None = None
    times: TimesPart | None = None
    held: bool = False
    """True if no restart follows the present life, as people asked for (overview)."""
    facts: list[list[str]] | None = None
    """Pairs of a word and a text that its kind has to say: of a program its number,
    state, processor time, memory, last end. A part of its own, sent with an overview."""


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
    """Of ``tree``, ``events``, and ``causes`` of the events."""
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
    parts: list[str] = field(factory=list[str])
    """Of `PARTS`; empty stands for the overview alone. Others are ignored. A
    repeated `Watch` replaces the parts of the one before."""
    again: bool = False
    """True: read the state anew; it is read once otherwise."""


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
    | Tasks
    | Busy
    | Waits
    | NodeInfo
    | Holds
    | Logs
    | Names
    | Trace
    | Profile
    | Metrics
    | Role
    | Planned
    | Acted
    | Unknown
)
ClientMessage: TypeAlias = (
    Attach
    | Resync
    | Watch
    | Unwatch
    | Follow
    | Unfollow
    | AskMetrics
    | AskProfile
    | Rate
    | Bye
    | AskControl
    | Plan
    | Act
    | Unknown
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
    "tasks": Tasks,
    "busy": Busy,
    "waits": Waits,
    "node": NodeInfo,
    "holds": Holds,
    "logs": Logs,
    "registry": Names,
    "trace": Trace,
    "profile": Profile,
    "metrics": Metrics,
}
CLIENT_TAGS: Final[Mapping[str, type[ClientMessage]]] = {
    "attach": Attach,
    "resync": Resync,
    "watch": Watch,
    "unwatch": Unwatch,
    "follow": Follow,
    "unfollow": Unfollow,
    "ask_metrics": AskMetrics,
    "ask_profile": AskProfile,
    "rate": Rate,
    "bye": Bye,
    "control": AskControl,
    "plan": Plan,
    "act": Act,
}
TAG_OF: Final[Mapping[type, str]] = {
    cls: tag for tags in (SERVER_TAGS, CLIENT_TAGS) for tag, cls in tags.items()
}
