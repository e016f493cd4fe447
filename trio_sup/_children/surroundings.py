"""What a child's record is surrounded by, as far as the record itself asks it.

The node, a supervisor's shell and those who watch are made in rooms above this one, and
hang on records. Here stands what records, lives and handles need of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence, Sized
from typing import Any, Protocol, TypeVar

from trio_sup._core.addresses import Namespace
from trio_sup._core.exits import Exit
from trio_sup._core.plan.doing import AskBelow
from trio_sup._core.plan.supervision import Mode
from trio_sup._core.remains import HeavyExits
from trio_sup._core.specs import Flags
from trio_sup._core.state import ChildState
from trio_sup._core.strategy import SupervisorCore
from trio_sup._core.words import Shutdown
from trio_sup._trio.alarms import AlarmClock
from trio_sup._trio.alone import Alone
from trio_sup._trio.gate import Gate
from trio_sup._trio.home import Home
from trio_sup._trio.wake import Waiters

R = TypeVar("R", bound=ChildState)
R_contra = TypeVar("R_contra", contravariant=True)


class LeftBehind(Protocol[R_contra]):
    """The async generators that children began."""

    @property
    def begun(self) -> Sized:
        """Which children began any that are not finished."""
        ...

    def life_over(self, record: R_contra) -> None:
        """A life has ended: report what it left behind."""


class HostNode(Protocol[R]):
    """The Trio program that a child is part of: `trio_sup._node.node.Node`."""

    home: Home
    gate: Gate
    alarms: AlarmClock
    alone: Alone | None
    time: Callable[[], float]
    heavy_exits: HeavyExits[R]
    remember: Callable[[tuple[Callable[..., Any], tuple[Any, ...]]], object]
    reporting: tuple[Callable[[R], object], ...]
    past_messages: tuple[int, int, int]
    bodies: Callable[[R], Any]
    """Makes the body of a new record; the harness puts in its own here."""

    @property
    def registry(self) -> Namespace[R]:
        """Where plain keys are names."""
        ...

    @property
    def generators(self) -> LeftBehind[R]:
        """What the ends of lives are reported to."""
        ...

    def next_uid(self) -> int:
        """Return a number that no other child of this node ever had."""
        ...

    def report_no_more(self, to: Callable[[R], object]) -> None:
        """Report no more changes to this one."""

    def let_go(self, exit: Exit, words: Exit) -> None:
        """Remember the event of an end with other words for its exit."""

    def emit(self, make: Callable[..., Any], fields: tuple[Any, ...]) -> None:
        """Remember an event, log it, and tell the hooks."""

    def note(self, make: Callable[..., Any], fields: tuple[Any, ...]) -> bool:
        """Remember an event; return whether somebody is to be told."""
        ...

    def make_room(self) -> None:
        """Let old events go, before many are only remembered."""

    def is_told(self, make: Callable[..., Any]) -> bool:
        """Whether anybody is to be told of events of this class."""
        ...

    def tell(self, make: Callable[..., Any], fields: tuple[Any, ...]) -> None:
        """Log an event that was noted just now, and tell the hooks."""

    def trees(self) -> Sequence[R]:
        """The root supervisors that run at present."""
        ...

    def inside_of(self, record: R) -> Any:
        """Return what is told of a child on request only."""


class Supervising(Protocol[R]):
    """A supervisor's shell: `trio_sup._supervisors.shell.Shell`."""

    record: R
    fatal: list[BaseException]

    @property
    def flags(self) -> Flags:
        """Its flags, as they are in force."""
        ...

    @property
    def core(self) -> SupervisorCore[R]:
        """The children, and what decides about single ends."""
        ...

    @property
    def dynamic(self) -> bool:
        """Whether its children come and go, each on its own."""
        ...

    @property
    def mode(self) -> Mode:
        """Where the supervisor is in its present life."""
        ...

    @property
    def living(self) -> int:
        """How many lives are in progress."""
        ...

    @property
    def outcome(self) -> Exit:
        """How this life ends, unless an exception says more."""
        ...

    @property
    def path_text(self) -> str:
        """The path of the supervisor."""
        ...

    def all_records(self) -> Sequence[R]:
        """The children, in start order."""
        ...

    def check_run(self, call: str, *, waits: bool = False) -> None:
        """Refuse what comes from a thread or from another Trio run."""

    def request_stop(self, reason: str) -> None:
        """Go down in order; not awaited."""

    def stop_itself(self, grace: float) -> None:
        """Stop as `stop()` asks."""

    def stop_record(
        self, record: R, reason: str, shutdown: Shutdown | None = None
    ) -> None:
        """Ask one child to stop."""

    def hurry(self) -> None:
        """Collapse all remaining graces, here and below."""

    def record_ready(self, record: R) -> None:
        """A child has become ready."""

    def adopt(self, flags: Flags) -> None:
        """Go by other flags, as its supervisor says: it is down, or dynamic."""

    def ask_to_change(self, asked: AskBelow[R], wake: Waiters) -> None:
        """Put a change in line, as its supervisor says; wake that when it is done."""

    def watch_stuck(self, record: R) -> None:
        """Report a child that outlives its cancellation."""

    def tell(self, make: Callable[..., Any], fields: tuple[Any, ...]) -> None:
        """Tell of an event that the node has noted."""


class Body(Protocol[R]):
    """What runs in the lives of one child, whatever kind it is of.

    A function, a server's mailbox and its loop, or a supervisor's shell: whoever deals
    with a child as a child asks its body and knows of no kinds. What each answers by
    default, and what it means, stands in `trio_sup._children.life.PlainBody`.
    """

    hears: bool
    only_cancelled: bool

    @property
    def outcome(self) -> Exit:
        """How a life ends that returns, or raises the very error in here."""
        ...

    @property
    def mailbox(self) -> Any:
        """Its messages, if it takes any."""

    @property
    def shell(self) -> Supervising[R] | None:
        """Itself, if it is a supervisor's."""

    def keep_state(self) -> None:
        """The life in progress is to leave its state to the next one."""

    def respecified(self) -> None:
        """The child, which is down, has another specification."""

    def begin_life(self) -> None:
        """A life is about to be spawned."""

    def run(self, record: R) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited; the seam of the harness."""
        ...

    def ask(self, record: R, reason: str) -> bool:
        """Ask it to stop; return whether that was the cancellation already."""
        ...

    def cancel(self, record: R, reason: str) -> None:
        """End it at once, or as soon as it can."""

    def force(self, record: R, reason: str) -> Sequence[R]:
        """Its grace is over: cancel it, or return who is to be forced below."""
        ...

    def over(self, exit: Exit) -> None:
        """A life has ended."""

    def at_rest(self, exit: Exit | None) -> None:
        """No life will come by itself."""

    def facts(self) -> Iterable[tuple[str, str]]:
        """What an operator is shown of it beside its row."""
        ...

    def below(self) -> Sequence[R]:
        """The children, in start order."""
        ...


class Watched(Protocol):
    """Those who watch one child: `trio_sup._children.watching.Watchers`."""

    def add(self, watch: Any) -> None:
        """Tell one more."""

    def discard(self, watch: Any) -> None:
        """Tell one less."""

    def all(self) -> Sequence[Any]:
        """Return those who watch."""
        ...

    def life_over(self, exit: Exit) -> None:
        """A life has ended."""

    def changed(self) -> None:
        """Something about the child changed."""
