"""Lifecycle events: one closed set of frozen, JSON-able records.

Requested and ended are different events (`ChildStopping`, `ChildStopped`), and so are
decisions (`RestartDecided`, `SupervisorGaveUp`): whoever checks a tree from outside
can tell what was asked for from what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import attrs
from attrs import field, frozen

from trio_sup._core.clean import safe_repr
from trio_sup._core.ends import end_of_process
from trio_sup._core.exits import describe_error, unwrapped

if TYPE_CHECKING:
    from trio_sup._core.exits import Exit

Json: TypeAlias = str | int | float | bool | None


@frozen
class Event:
    """What all events have in common."""

    _kind: ClassVar[str] = "event"
    at: float
    """Trio time, in seconds."""
    path: str
    """The path of the child that it is about, or of the supervisor."""
    life: int
    """The number of the life that it is about; 0 for a supervisor's own doings."""

    @property
    def kind(self) -> str:
        """The name of the event, such as ``child_crashed``."""
        return self._kind

    @property
    def path_text(self) -> str:
        """The same as `path`."""
        return self.path

    @property
    def summary(self) -> str:
        """One line for people."""
        return f"{self.path} {self.kind}"

    def as_json(self) -> dict[str, Json]:
        """Return the event as plain data; exceptions become their one-line text."""
        data: dict[str, Json] = {"event": self.kind}
        for part in attrs.fields(type(self)):
            value = getattr(self, part.name)
            plain = value is None or isinstance(value, str | int | float | bool)
            data[part.name] = value if plain else str(value)
        return data


def _ends_program(event: Event, error: BaseException) -> str:
    """Tell of `sys.exit()` or Ctrl-C in a child, which is no crash to be mended."""
    return f"{event.path} ends the program (life {event.life}): {describe_error(error)}"


def kind_of(make: Callable[..., Event]) -> str:
    """Return the name of the events that a class makes."""
    kind: str = getattr(make, "_kind", "event")
    return kind


@frozen
class ChildStarting(Event):
    """A life begins; the child is not ready yet."""

    _kind: ClassVar[str] = "child_starting"

    @property
    def summary(self) -> str:
        return f"{self.path} starting (life {self.life})"


@frozen
class ChildStarted(Event):
    """A life is ready: `init` returned, or `started()` was called."""

    _kind: ClassVar[str] = "child_started"

    @property
    def summary(self) -> str:
        return f"{self.path} started (life {self.life})"


@frozen
class ChildStartFailed(Event):
    """A life ended before it was ready."""

    _kind: ClassVar[str] = "child_start_failed"
    exit: Exit

    @property
    def summary(self) -> str:
        error = self.exit.error
        if error is not None and end_of_process(error) is not None:
            return _ends_program(self, error)
        return f"{self.path} failed to start: {self.exit}"


@frozen
class ChildIgnored(Event):
    """A child raised `Ignore` instead of becoming ready."""

    _kind: ClassVar[str] = "child_ignored"

    @property
    def summary(self) -> str:
        return f"{self.path} chose not to start"


@frozen
class ChildStopping(Event):
    """The supervisor asked a life to end."""

    _kind: ClassVar[str] = "child_stopping"
    reason: str

    @property
    def summary(self) -> str:
        return f"{self.path} asked to stop: {self.reason}"


@frozen
class ChildStopped(Event):
    """A life ended in order, or because it was asked to."""

    _kind: ClassVar[str] = "child_stopped"
    exit: Exit
    requested: bool
    """Whether the supervisor had asked for it."""

    @property
    def summary(self) -> str:
        return f"{self.path} stopped: {self.exit}"


@frozen
class ChildCrashed(Event):
    """A life ended by an error of its own."""

    _kind: ClassVar[str] = "child_crashed"
    exit: Exit
    restart: str
    """The child's restart type: whether it comes back is the next event."""

    @property
    def summary(self) -> str:
        error = self.exit.error
        if error is not None and end_of_process(error) is not None:
            return _ends_program(self, error)
        inner = None if error is None else unwrapped(error)
        return f"{self.path} crashed (life {self.life}): {safe_repr(inner)}"


@frozen
class RestartDecided(Event):
    """The supervisor restarts a child, and with a group strategy others too."""

    _kind: ClassVar[str] = "restart_decided"
    delay: float
    """Seconds until the start."""
    strategy: str
    siblings: int = 0
    """How many other children are in the plan."""

    @property
    def summary(self) -> str:
        text = f"{self.path} is restarted"
        if self.delay:
            text += f" in {self.delay:.3g} s"
        if self.siblings:
            text += f", with {self.siblings} siblings ({self.strategy})"
        return text


@frozen
class ChildRemoved(Event):
    """The supervisor forgot a child: deleted, temporary, or dynamic and done."""

    _kind: ClassVar[str] = "child_removed"

    @property
    def summary(self) -> str:
        return f"{self.path} removed"


@frozen
class ChildQuarantined(Event):
    """A child stays down: it used up its own budget, or people said so."""

    _kind: ClassVar[str] = "child_quarantined"
    max_restarts: int
    max_seconds: float
    release_after: float | None = None
    """Seconds after which it is started again; None: only by hand."""
    by_hand: bool = False
    """Whether people did it; the limits are 0 then."""

    @property
    def summary(self) -> str:
        if self.by_hand:
            return f"{self.path} quarantined by hand"
        text = (
            f"{self.path} quarantined: more than {self.max_restarts} restarts "
            f"in {self.max_seconds:g} s"
        )
        if self.release_after is not None:
            text += f"; released in {self.release_after:g} s"
        return text


@frozen
class ChildReleased(Event):
    """The time of a quarantine is over: the child is started again."""

    _kind: ClassVar[str] = "child_released"

    @property
    def summary(self) -> str:
        return f"{self.path} released from quarantine"


@frozen
class ChildGivenUp(Event):
    """A child used up its own budget and is forgotten; its name is free."""

    _kind: ClassVar[str] = "child_given_up"
    max_restarts: int
    max_seconds: float

    @property
    def summary(self) -> str:
        return (
            f"{self.path} given up: more than {self.max_restarts} restarts "
            f"in {self.max_seconds:g} s"
        )


@frozen
class ChildStuck(Event):
    """A child still lives after its cancellation; it is waited for all the same."""

    _kind: ClassVar[str] = "child_stuck"
    seconds: float
    """How long ago it was cancelled."""
    frames: str = field(repr=False)
    """Where it hangs: its await stack, the innermost frame last."""

    @property
    def summary(self) -> str:
        where = self.frames.strip().splitlines()
        tail = where[-1].strip() if where else "unknown place"
        return f"{self.path} is stuck, {self.seconds:.3g} s after its cancel: {tail}"


@frozen
class SupervisorGaveUp(Event):
    """A supervisor exceeded its limit, or a child's escalating budget did."""

    _kind: ClassVar[str] = "supervisor_gave_up"
    max_restarts: int
    max_seconds: float
    child: str
    """The child whose end was one too many."""

    @property
    def summary(self) -> str:
        return (
            f"{self.path} gave up over {self.child!r}: more than "
            f"{self.max_restarts} restarts in {self.max_seconds:g} s"
        )


@frozen
class SupervisorStopping(Event):
    """A supervisor begins to stop its children, for whatever cause."""

    _kind: ClassVar[str] = "supervisor_stopping"
    reason: str

    @property
    def summary(self) -> str:
        return f"{self.path} stops its children: {self.reason}"


@frozen
class SupervisorAutoShutdown(Event):
    """A supervisor ends because significant children did."""

    _kind: ClassVar[str] = "supervisor_auto_shutdown"
    child: str

    @property
    def summary(self) -> str:
        return f"{self.path} shuts down after significant child {self.child!r}"


@frozen
class Requested(Event):
    """An accepted request of the administration API."""

    _kind: ClassVar[str] = "requested"
    action: Literal[
        "start_child",
        "terminate_child",
        "restart_child",
        "delete_child",
        "replace_child",
        "quarantine_child",
        "hold_child",
        "release_child",
        "reconfigure",
    ]

    @property
    def summary(self) -> str:
        return f"{self.path}: {self.action}"


@frozen
class SupervisorReconfigured(Event):
    """A supervisor was given another specification while it ran."""

    _kind: ClassVar[str] = "supervisor_reconfigured"
    outcome: Literal["done", "rolled_back"]
    """``rolled_back``: a child did not start, and the former one is in force again."""
    text: str
    """One line: how many children were kept, updated, restarted, ..."""
    why: str = ""
    """Why it was rolled back."""

    @property
    def summary(self) -> str:
        if self.outcome == "done":
            return f"{self.path}: reconfigured: {self.text}"
        return f"{self.path}: reconfigure rolled back: {self.why}"


@frozen
class OperatorAction(Event):
    """Somebody who looked at the node acted on it, or tried to."""

    _kind: ClassVar[str] = "operator_action"
    action: str
    """``restart``, ``terminate``, ``log_level``, ...; `path` is empty for the node."""
    outcome: Literal["accepted", "refused", "failed"]
    by: str
    """Who it was, as the system says: ``uid=1000 pid=4711``."""
    text: str
    """One line: why it was refused or failed, else what it was about to do."""

    @property
    def summary(self) -> str:
        where = self.path or "the node"
        return f"operator {self.by}: {self.action} {where}: {self.outcome}: {self.text}"


LifecycleEvent: TypeAlias = (
    ChildStarting
    | ChildStarted
    | ChildStartFailed
    | ChildIgnored
    | ChildStopping
    | ChildStopped
    | ChildCrashed
    | RestartDecided
    | ChildRemoved
    | ChildQuarantined
    | ChildReleased
    | ChildGivenUp
    | ChildStuck
    | SupervisorGaveUp
    | SupervisorStopping
    | SupervisorAutoShutdown
    | Requested
    | SupervisorReconfigured
    | OperatorAction
)
"""The closed set."""
