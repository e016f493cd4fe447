"""What the inspector reads of a running node: the one seam to the drivers.

The library's own records fulfil these protocols as they are; nothing is copied
until a client is attached. No attribute here runs user code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


class ObservedMailbox(Protocol):
    """The counters of one server's mailbox."""

    @property
    def depth(self) -> int:
        """Messages waiting: calls, casts and sends."""
        ...

    @property
    def capacity(self) -> float:
        """The bound for casts and sends; `math.inf` if there is none."""
        ...

    @property
    def peak(self) -> int:
        """The highest depth seen in this life."""
        ...

    @property
    def handled(self) -> int:
        """Messages whose handler has ended, in this life."""
        ...

    @property
    def suspended(self) -> bool:
        """Whether it handles nothing until it is resumed."""
        ...

    @property
    def in_progress(self) -> tuple[str, float] | None:
        """The operation in hand and the Trio time it began, or None."""
        ...


class ObservedChild(Protocol):
    """One child, supervisors included."""

    @property
    def uid(self) -> int:
        """A serial number, unique in the node and never used again."""
        ...

    @property
    def parent_uid(self) -> int:
        """The supervisor's `uid`; 0 for a root."""
        ...

    @property
    def label(self) -> str:
        """The child's id as text."""
        ...

    @property
    def path_text(self) -> str:
        """The ids from the root, joined by ``/``."""
        ...

    @property
    def kind(self) -> str:
        """``supervisor``, ``dynamic``, ``server`` or ``task``."""
        ...

    @property
    def target_name(self) -> str:
        """The qualified name of what runs; for a supervisor its strategy."""
        ...

    @property
    def restart_type(self) -> str:
        """``permanent``, ``transient`` or ``temporary``."""
        ...

    @property
    def name_text(self) -> str:
        """The registered name as text, or an empty string."""
        ...

    @property
    def status(self) -> str:
        """One of the statuses of design.md 3.3."""
        ...

    @property
    def life(self) -> int:
        """The present (or last) life's number, 0 before the first."""
        ...

    @property
    def restarts(self) -> int:
        """How often a life followed one that ended by itself."""
        ...

    @property
    def life_began(self) -> float:
        """Trio time at which the present life began, `-inf` before the first."""
        ...

    @property
    def last_exit_text(self) -> str:
        """One line that says how the last life ended; empty before that."""
        ...

    @property
    def last_traceback(self) -> str:
        """The last crash as formatted text, bounded; empty if none."""
        ...

    @property
    def version(self) -> int:
        """Grows with every lifecycle change: compare to know what is new."""
        ...

    @property
    def mailbox(self) -> ObservedMailbox | None:
        """The counters of a server; None for anything else."""
        ...

    @property
    def budget(self) -> tuple[int, int, float] | None:
        """Restarts inside the window now, the limit, the window in seconds."""
        ...

    def observed_children(self) -> Iterable[ObservedChild]:
        """The children, in start order; empty for what supervises nothing."""
        ...


class ObservedEvent(Protocol):
    """One lifecycle event of the node."""

    @property
    def at(self) -> float:
        """Trio time."""
        ...

    @property
    def path_text(self) -> str:
        """The path of the child that it is about."""
        ...

    @property
    def kind(self) -> str:
        """The name of the event, such as ``child_crashed``."""
        ...

    @property
    def summary(self) -> str:
        """One line for people."""
        ...


class ObservedNode(Protocol):
    """One Trio program."""

    @property
    def name(self) -> str:
        """The node's name."""
        ...

    def roots(self) -> Sequence[ObservedChild]:
        """The root supervisors that run at present."""
        ...

    def recent_events(self) -> Sequence[ObservedEvent]:
        """The last events, oldest first, bounded."""
        ...

    @property
    def events_emitted(self) -> int:
        """How many events there have ever been, the last of `recent_events` included."""
        ...
