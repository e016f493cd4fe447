"""The records that every delta holds: they travel as arrays. See `wire`."""

from __future__ import annotations

from typing import Final, Protocol

from attrs import define, field


class Paced(Protocol):
    """How often a child restarts, as its client counts."""

    def per_minute(self, now: float) -> int:
        """Restarts in a minute, at a time of the node's clock."""
        ...


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
    """``supervisor``, ``dynamic``, ``server``, ``task`` or ``process``."""
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
    pace: Paced | None = field(default=None, eq=False, repr=False)
    """Not on the wire either: None for a child that was not restarted lately."""


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
class Cause:
    """What a test has to know of an event beside its line, as an array.

    Sent with the event, but only to who asks for it. It holds no text of the program's.
    """

    n: int
    """The event's number."""
    life: int
    """The life that it is about; 0 for a supervisor's own doings."""
    word: str
    """How the life ended (``normal``, ``shutdown``, ``crashed``, ``killed``), or what
    was asked for: the action, or why a supervisor stops (open set)."""
    error: str
    """The full name of the exception's class; empty without one."""
    asked: bool
    """Whether somebody wanted it: the supervisor its child's end, people a quarantine;
    of an operator's action whether it was accepted."""


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
    cause: Cause | None = field(default=None, eq=False, repr=False)
    """Not on the wire here: beside the events, for who wants it."""


ROW_COLUMNS: Final = tuple(
    name for name in Row.__annotations__ if name not in ("rev", "pace")
)
"""The columns of a row in wire order."""
VOL_COLUMNS: Final = tuple(Vol.__annotations__)
"""The columns of a `Vol` in wire order, `id` first."""
EVENT_COLUMNS: Final = tuple(n for n in Event.__annotations__ if n != "cause")
"""The columns of an `Event` in wire order."""
