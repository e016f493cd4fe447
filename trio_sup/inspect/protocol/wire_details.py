"""What goes over the wire on request only: the inside of one child, and topics.

The rules are those of `wire`. Records marked "as an array" travel as arrays, and
columns are only ever appended to them. Every text is bounded and printable, and
no text was made by a program's own ``__repr__`` or ``__str__``.
"""

from __future__ import annotations

from typing import Final

from attrs import define, field, frozen

from trio_sup.inspect.protocol.wire_logs import LogLine
from trio_sup.inspect.protocol.wire_profile import ProfiledFrame, ProfiledStack
from trio_sup.inspect.protocol.wire_registry import NameRow, RegistryInfo
from trio_sup.inspect.protocol.wire_rows import Cause
from trio_sup.inspect.protocol.wire_times import OpTimes
from trio_sup.inspect.protocol.wire_trace import TraceStep

PARTS: Final = ("overview", "mailbox", "state", "stack", "history", "links", "times")
"""What `Watch` can ask of a child."""
TOPICS: Final = ("tasks", "busy", "waits", "node", "holds", "logs", "registry", "trace")
"""What `Follow` can ask of a node."""


# --- the inside of one child -------------------------------------------------


@define(slots=True)
class SeenMessage:
    """One message in a mailbox, as an array."""

    kind: str
    """``call``, ``cast``, ``info``, ``down`` or ``stop`` (open set)."""
    op: str
    """The operation."""
    text: str
    """The arguments, shown structurally: bounded and redacted."""
    sender: str
    """The path of the child that waits for the answer; empty if unknown."""
    seen: float
    """When the node first saw it, on the node's clock: it may be older."""


@frozen
class MailboxPart:
    """The messages of a server."""

    at: float
    """The node's clock."""
    total: int
    """How many wait; `letters` has at most the first 50."""
    letters: list[SeenMessage] = field(factory=list[SeenMessage])
    """The next ones to be served, in order."""
    current: SeenMessage | None = None
    """The message in hand; its `seen` is when its handler began."""
    suspended: bool = False
    deferred: int = 0
    """Calls whose handler has ended and that are answered later."""
    blocked: int = 0
    """Senders that wait for room."""
    received: int = 0
    """Messages queued in this life."""
    dropped: int = 0
    """Messages that this life forgot because the mailbox was full."""
    hidden: bool = False
    """True: this node shows no contents, only kinds and operations."""


@frozen
class StatePart:
    """The attributes of a server's object."""

    at: float
    """The node's clock when they were read."""
    text: str
    """Several lines, at most 16 384 characters."""
    note: str = ""
    """One line: why there is nothing to see, or what to mind."""
    clipped: bool = False
    took: float = 0.0
    """Seconds that it took the node to make the text."""


@define(slots=True)
class Frame:
    """One frame of a stack, as an array."""

    file: str
    line: int
    function: str
    code: str
    """The source line, or empty."""


@frozen
class TaskStack:
    """Where one task stands."""

    task: int
    """Its serial number, as in `TaskRow`."""
    name: str
    depth: int = 0
    """0 for the child's own task, 1 for those in its nurseries, and so on."""
    frames: list[Frame] = field(factory=list[Frame])
    """The outermost first; at most the innermost 50."""
    note: str = ""
    """``running`` or ``cancelled`` where that is so."""


@define(slots=True)
class Life:
    """One past life, as an array."""

    life: int
    began: float | None
    ended: float | None
    kind: str
    """``normal``, ``shutdown``, ``crashed``, ``killed`` (open set)."""
    text: str
    """One line on how it ended."""


@define(slots=True)
class Link:
    """What a child has to do with another, as an array."""

    relation: str
    """``watches``, ``watched_by``, ``waits_for``, ``waited_by``, ``name``,
    ``linked`` (open set)."""
    id: int
    """The other's row; 0 where there is none."""
    text: str
    """The other's path, or the name held."""


# --- topics of the node ------------------------------------------------------


@define(slots=True)
class TaskRow:
    """One Trio task or nursery, as an array."""

    id: int
    """A serial number, valid as long as somebody follows the topic."""
    parent: int
    """Of a task its nursery, of a nursery its task; 0 for the root task."""
    kind: str
    """``task`` or ``nursery``."""
    name: str
    """The task's name; empty for a nursery."""
    where: str
    """The innermost place outside of Trio, as ``file:line in function``."""
    state: str
    """``waiting``, ``runnable`` or empty (open set)."""
    child: int
    """The row of the child that it belongs to, 0 for none."""
    own: bool
    """True for the inspector's own and Trio's system tasks."""


@define(slots=True)
class BusyRow:
    """How long a child kept the loop busy, as an array."""

    child: int
    """Its row; 0 for what belongs to no child."""
    name: str
    """The child's path, or the task's name."""
    seconds: float
    """Of the window, spent in its tasks' steps."""
    steps: int
    longest: float
    """The longest single step, in seconds."""


@define(slots=True)
class Held:
    """A single step that let nobody else run, as an array."""

    at: float
    """When it ended, on the node's clock."""
    seconds: float
    child: int
    name: str
    where: str
    """What ran in the middle of it, ``file:line in function``; empty if unknown."""


@frozen
class Hold:
    """A pass of the loop that let nobody run."""

    at: float
    """When it ended, on the node's clock."""
    seconds: float
    child: int
    """Whose step it was, as far as was seen; 0 for none."""
    name: str
    where: str
    """The program's own innermost line, ``file:line in function``; empty if nobody
    could look: C code held the interpreter."""
    samples: int
    """In how many looks that line ran, ..."""
    looks: int
    """... of how many."""
    frames: list[Frame] = field(factory=list[Frame])
    """The stack in one of them, the outermost first."""


@frozen
class Holds:
    """What held the loop: the worst ten of the last hour, the longest first."""

    at: float
    holds: list[Hold] = field(factory=list[Hold])


@define(slots=True)
class WaitEdge:
    """One call that waits for its answer, as an array."""

    source: int
    """The row of the child that waits."""
    target: int
    """The row of the server that it waits for."""
    op: str
    since: float
    """When the node first saw it."""
    state: str
    """``waits``; ``ring``: part of a ring that only a deferred answer can open;
    ``deadlock``: part of a ring that nobody can open."""


@frozen
class Tasks:
    """The task tree, then what changed in it. Apply `gone`, then `up`."""

    at: float
    reset: bool = False
    """True: forget what you have; what follows is everything."""
    up: list[TaskRow] = field(factory=list[TaskRow])
    """Parents before their children."""
    gone: list[int] = field(factory=list[int])
    more: bool = False
    """True: the rest of this look follows in the next frame."""
    truncated: int = 0
    """How many further tasks the program has, beyond the node's limit."""


@frozen
class Busy:
    """Who kept the loop busy since the last of these."""

    at: float
    seconds: float
    """The length of the window."""
    busy: float = 0.0
    """Seconds of it in which tasks ran."""
    overhead: float = 0.0
    """Seconds of it that measuring cost, at least."""
    rows: list[BusyRow] = field(factory=list[BusyRow])
    """The busiest first, at most 500."""
    held: list[Held] = field(factory=list[Held])
    """Steps of 0.1 s and more since the last one, oldest first, at most 100."""


@frozen
class Waits:
    """All calls in progress that the node can see."""

    at: float
    edges: list[WaitEdge] = field(factory=list[WaitEdge])
    """At most 2000."""
    truncated: bool = False


@define(slots=True)
class ClientInfo:
    """One attached client, as an array."""

    client: str
    """What it calls itself."""
    peer: str
    """Who it is by the kernel's word."""
    rate_hz: float
    attached: float
    """Since when, on the node's clock."""
    behind: int
    """How many rows it has not been told of yet."""
    lagging: bool
    """True if it has not read for 60 seconds."""


@frozen
class NodeInfo:
    """The node as a whole. Counters count from its start."""

    at: float
    rss: int | None = None
    """Resident memory in bytes, None where the system won't say."""
    cpu: float = 0.0
    """Seconds of processor time of the process, all threads."""
    threads: int = 0
    tasks: int = 0
    """Living Trio tasks."""
    runnable: int = 0
    deadline: float | None = None
    """Seconds until the next deadline; None if there is none."""
    queue: int = 0
    """Calls from other threads and signals that wait."""
    io: str = ""
    """What the loop waits for outside, in one line."""
    gc: list[int] = field(factory=list[int])
    """Objects in the collector's generations."""
    events: int = 0
    """Lifecycle events."""
    children: int = 0
    messages: int = 0
    """Messages handled by servers."""
    tracing: bool = False
    """True while the topic ``busy`` slows every step of the loop."""
    clients: list[ClientInfo] = field(factory=list[ClientInfo])
    facts: list[list[str]] = field(factory=list[list[str]])
    """Pairs of a word and a value: arguments, directory, settings."""


@frozen
class Metrics:
    """A piece of the answer to `AskMetrics`."""

    text: str
    """Whole lines in the Prometheus text format."""
    more: bool = False


# --- requests ----------------------------------------------------------------


@frozen
class Follow:
    """Asks for a topic. A lease: repeat it within 10 seconds."""

    topic: str
    """One of `TOPICS`; others are ignored."""
    level: int = 0
    """Of ``logs``: records below it are left out."""
    text: str = ""
    """Of ``registry``: words, all of which key, path, registry or kind contain. Of
    ``trace``: an operation; all that follows from it is told, too."""
    start: int = 0
    """Of ``registry``: where the page begins among those that pass."""
    child: int = 0
    """Of ``trace``: the row of a server, or of a supervisor with all servers below it;
    0 stands for the whole node."""


@frozen
class Unfollow:
    """Ends a topic before its lease does."""

    topic: str


@frozen
class AskMetrics:
    """Asks for all metrics once."""


ARRAYS: Final[tuple[type, ...]] = (
    Cause,
    SeenMessage,
    Frame,
    Life,
    Link,
    TaskRow,
    BusyRow,
    Held,
    WaitEdge,
    ClientInfo,
    OpTimes,
    ProfiledFrame,
    ProfiledStack,
    LogLine,
    NameRow,
    RegistryInfo,
    TraceStep,
)
"""The records that travel as arrays."""
