"""What a shell is told to do, and why a request is refused: plain records.

They are to be carried out in the order in which they come. Only `Start` may fail, as
far as a plan is concerned: then the shell says so (`Plan.not_started`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Sequence
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from attrs import define

from trio_sup._core.events import LifecycleEvent
from trio_sup._core.exits import Exit
from trio_sup._core.specs import Flags
from trio_sup._core.state import ChildState

K = TypeVar("K", bound=ChildState)

# The three without slots are made for each life, or most: CPython makes what has none
# in two thirds of the time.


@define(slots=False)
class Start(Generic[K]):
    """Begin the next life of a child that is down."""

    record: K
    supervised: bool = False
    """Whether a failure is the business of who asked; else it is a failed restart."""


@define(slots=False)
class Stop(Generic[K]):
    """Ask a life to end."""

    record: K
    reason: str
    grace: float
    """Seconds until it is cancelled; a later request may only shorten them."""
    brutal: bool
    """Without a request, and without its `terminate`."""


@define
class StopAll(Generic[K]):
    """Ask those of many who live to end, in this order, each with its own grace."""

    records: Sequence[K]
    reason: str
    hurried: bool
    """Whether there is no grace any more."""


@define
class Wake(Generic[K]):
    """Come back at a time with what stands here: see `Plan.due`."""

    at: float
    record: K
    ticket: int
    exit: Exit | None = None
    """Why a restart has not even begun, if it is to be decided about then."""


@define(slots=False)
class Settle(Generic[K]):
    """A child came to rest: free its name, answer its mailbox, tell who waits."""

    record: K


@define
class Changed(Generic[K]):
    """Tell those who wait for a child that its status is another."""

    record: K


@define
class Tell:
    """Make an event, and give it to the node."""

    make: Callable[..., LifecycleEvent]
    fields: tuple[Any, ...]


@define
class MoveNames(Generic[K]):
    """Free names and take others, with nothing in between."""

    free: tuple[tuple[K, Any], ...]
    """Who has a name no more, and which."""
    take: tuple[K, ...]
    """Who has the name of its specification now."""


@define
class KeepNames(Generic[K]):
    """Let a supervisor keep the names below it while it is down, or no more.

    It comes back in the same change: names that it has before and after are never free.
    """

    record: K
    keep: bool


@define
class KeepState(Generic[K]):
    """A life is about to be asked to end: the next one is given its state."""

    record: K


@define
class Respecified(Generic[K]):
    """A child that is down has another specification: its body has to know it."""

    record: K


@define
class Adopt(Generic[K]):
    """Let a supervisor go by other flags: one that is down, or a dynamic one."""

    record: K
    flags: Flags


@define
class BelowAnswer:
    """What a supervisor below has answered."""

    given: bool = False
    error: Exception | None = None


@define
class AskBelow(Generic[K]):
    """Put the request in line below that a supervisor changes itself."""

    record: K
    flags: Flags
    forced: bool
    """Whether it is on the way back, so that there is none from there."""
    answer: BelowAnswer


@define
class Ready:
    """The supervisor itself is ready."""


@define
class Ring:
    """Something is in line: wake the control task."""


@define
class Breathe:
    """Let other tasks take their turn, so many times."""

    times: int


@define
class WindDown:
    """The supervisor begins to stop its children: tell, and wake the control task."""

    reason: str


@define
class OwnGrace:
    """The supervisor's own life is to end in so many seconds."""

    seconds: float


@define
class GaveUp(Generic[K]):
    """The supervisor is to end with `RestartLimitExceeded`, once all are down."""

    record: K
    own: bool
    max_restarts: int
    max_seconds: float


@define
class StartFailure(Generic[K]):
    """The supervisor is to end with `StartFailed`, once all are down."""

    record: K
    exit: Exit


@define
class PassUp(Generic[K]):
    """Something fatal came up with a child: it is raised once all are down."""

    record: K
    fatal: BaseException


@define
class Raise:
    """Something fatal came up in the control task's own work: raise it there."""

    fatal: BaseException


@define
class Answer(Generic[K]):
    """Let who made a request have its result."""

    request: Request[K]
    result: object


@define
class Refuse(Generic[K]):
    """Let who made a request have an error: a `Refused`, or what the request met."""

    request: Request[K]
    error: Exception


Do: TypeAlias = (
    Start[K]
    | Stop[K]
    | StopAll[K]
    | Wake[K]
    | Settle[K]
    | Changed[K]
    | MoveNames[K]
    | KeepNames[K]
    | KeepState[K]
    | Respecified[K]
    | Adopt[K]
    | AskBelow[K]
    | Tell
    | Ready
    | Ring
    | Breathe
    | WindDown
    | OwnGrace
    | GaveUp[K]
    | StartFailure[K]
    | PassUp[K]
    | Raise
    | Answer[K]
    | Refuse[K]
)
"""The closed set."""

Dos: TypeAlias = Sequence[Do[K]]

T = TypeVar("T")

Steps: TypeAlias = Generator[Dos[K], None, T]
"""A job on its way: yields what is to be done, and goes on when that has come about."""

NOTHING: Final = ()
READY: Final = (Ready(),)
RING: Final = (Ring(),)


class Request(Generic[K]):
    """One request in line; who made it is answered exactly once.

    Args:
        steps: Begins to serve it.
        record: The child that it names: its exits wait their turn behind it.
    """

    __slots__ = ("record", "steps", "withdrawn")

    def __init__(self, steps: Callable[[], Steps[K, Any]], record: K | None) -> None:
        self.steps = steps
        self.record = record
        # Whether who made it has gone, and wants it no more.
        self.withdrawn: bool = False


Why: TypeAlias = Literal[
    "stopping",
    "no_such_child",
    "disabled",
    "already_started",
    "already_present",
    "not_stopped",
    "not_started",
    "max_children",
    "quarantined",
    "changed",
]
"""Why a request is refused: the supervisor is going down; there is no such child; the
partition is not in use; the id belongs to a child that lives, or that is down; the
child is not down; it did not become ready; there are as many as there may be; it is
quarantined; it is not what it was when somebody looked."""


class Refused(Exception):
    """A request is refused: everything is as it was, or as its failure left it.

    Args:
        why: In a word.
        record: The child that it is about.
        exit: How its start ended.
        id: What was asked for.
        limit: How many there may be.
    """

    def __init__(
        self,
        why: Why,
        record: ChildState | None = None,
        *,
        exit: Exit | None = None,
        id: Hashable = None,
        limit: float = 0,
    ) -> None:
        super().__init__(why)
        self.why: Why = why
        self.record = record
        self.exit = exit
        self.id = id
        self.limit = limit
