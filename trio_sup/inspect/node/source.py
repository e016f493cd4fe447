"""What the inspector reads of a running node: the one seam to the shells.

The library's own records fulfil these protocols as they are; nothing is copied
until a client is attached. No attribute here runs user code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from trio_sup.inspect.node.source_asked import (
        Meter,
        ObservedCall,
        ObservedMessage,
        ObservedRegistry,
        StepWatcher,
    )


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
    def received(self) -> int:
        """Messages queued in this life."""
        ...

    @property
    def taken(self) -> int:
        """Messages that the server has taken up, in this life: it never sinks.

        The object holds it, as it does `inbox` and `current`: these three are looked at
        in every mailbox at every look.
        """
        ...

    @property
    def inbox(self) -> Sized:
        """What has come and was not taken up yet; perhaps not all that waits."""
        ...

    @property
    def dropped(self) -> int:
        """Messages forgotten in this life because the mailbox was full."""
        ...

    @property
    def current(self) -> object | None:
        """The message in hand, None if there is none."""
        ...

    @property
    def in_progress(self) -> tuple[str, float] | None:
        """The operation in hand and the Trio time it began, or None."""
        ...


class ObservedInside(Protocol):
    """The inside of one child, as it is at this moment."""

    @property
    def task(self) -> Task | None:
        """The task of the present life."""
        ...

    @property
    def server(self) -> object | None:
        """The server's object, None if there is none."""
        ...

    @property
    def formatter(self) -> type | None:
        """The class whose own `format_status` has a word in it, if one does."""
        ...

    def formatted_state(self) -> Mapping[str, object]:
        """The state as `format_status` shows it: runs code of the program."""
        ...

    def messages(self, limit: int) -> Sequence[ObservedMessage]:
        """The first messages that wait, in order."""
        ...

    def current(self) -> ObservedMessage | None:
        """The message in hand."""
        ...

    def measure(self, meter: Meter | None) -> None:
        """Tell a meter of each message that is handled, or nobody any more."""
        ...

    def spy(self, watcher: StepWatcher | None) -> None:
        """Tell a watcher of each step, or nobody any more."""
        ...

    def mailbox_facts(self) -> tuple[bool, int, int, int, int]:
        """Suspended, deferred calls, blocked senders, received, dropped."""
        ...

    def lives(self) -> Sequence[tuple[int, float, float, str, str]]:
        """Past lives, oldest first: number, began, ended, kind, one line."""
        ...

    def facts(self) -> Iterable[tuple[str, str]]:
        """What its kind has to say of it: names and texts."""
        ...

    def links(self) -> Iterable[tuple[str, int, str]]:
        """What it has to do with others: relation, the other's uid, a text."""
        ...

    def calls(self) -> Iterable[ObservedCall]:
        """The calls that it has not answered yet, as far as looked for."""
        ...


class ObservedChild(Protocol):
    """One child, supervisors included.

    Over fifteen members, since each is a fact that a view shows: a row's columns.
    """

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
        """``supervisor``, ``dynamic``, ``server``, ``task`` or ``process``."""
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
        """One of `trio_sup._core.words.Status`."""
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
    def alive(self) -> bool:
        """Whether a life is in progress."""
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
    def held(self) -> bool:
        """Whether no restart follows the present life, as people asked for."""
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

    def inside(self) -> ObservedInside:
        """What is told on request only."""
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

    def report_changes(self, to: Callable[[ObservedChild], object]) -> bool:
        """Call `to` with every child that has a lifecycle change, from now on.

        Returns:
            False for a node that cannot: then it has to be walked.
        """
        ...

    def report_no_more(self, to: Callable[[ObservedChild], object]) -> None:
        """End `report_changes` for this very function."""
        ...

    @property
    def past_messages(self) -> tuple[int, int, int]:
        """Messages received, handled and dropped in lives that have ended."""
        ...

    @property
    def event_counts(self) -> Mapping[str, int]:
        """How many events of each kind there have ever been."""
        ...

    def child_of(self, task: Task) -> tuple[int, str]:
        """The child whose life a task belongs to, and its path; 0 for none."""
        ...

    def registries(self) -> Sequence[ObservedRegistry]:
        """The registries that it uses, its own first."""
        ...

    def present_child(self) -> tuple[int, str]:
        """As `child_of`, for the code that runs here, in whichever thread."""
        ...

    def recent_events(self) -> Sequence[ObservedEvent]:
        """The last events, oldest first, bounded."""
        ...

    def older_events(self, after: int) -> Sequence[tuple[int, ObservedEvent]]:
        """What is remembered besides: numbered, those after a number, oldest first."""
        ...

    @property
    def events_emitted(self) -> int:
        """How many events there have ever been, the last of `recent_events` included."""
        ...
