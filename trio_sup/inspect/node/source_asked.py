"""What the inspector reads of a node on request only: messages, steps, registries.

As in `source`: the library's own objects fulfil these protocols, and nothing here runs
code of the program.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trio.lowlevel import Task


class ObservedMessage(Protocol):
    """One message in a mailbox."""

    @property
    def item(self) -> object:
        """The message: may be referred to weakly, compared by identity."""
        ...

    @property
    def kind(self) -> str:
        """``call``, ``cast``, ``info``, ``down`` or ``stop``."""
        ...

    @property
    def op(self) -> str:
        """The operation."""
        ...

    @property
    def args(self) -> tuple[object, ...]:
        """Its arguments: the program's own values."""
        ...

    @property
    def kwargs(self) -> Mapping[str, object]:
        """Its keyword arguments."""
        ...

    @property
    def sender_path(self) -> str:
        """The path of the child whose call it is, or an empty string."""
        ...


class ObservedCall(Protocol):
    """One call that waits for its answer."""

    @property
    def item(self) -> object:
        """The request: may be referred to weakly, compared by identity."""
        ...

    @property
    def source(self) -> int:
        """The child whose task waits, 0 if it belongs to none."""
        ...

    @property
    def target(self) -> int:
        """The server that is to answer."""
        ...

    @property
    def op(self) -> str:
        """The operation."""
        ...

    @property
    def holds(self) -> bool:
        """Whether the source's handler cannot go on before the answer."""
        ...

    @property
    def deferred(self) -> bool:
        """Whether its handler has begun, and somebody else may answer."""
        ...


class Meter(Protocol):
    """Who takes what was measured of a server."""

    def note(self, op: str, waited: float | None, took: float) -> None:
        """A message was handled: it waited, if that is known, and took, seconds."""
        ...


class ObservedMark(Protocol):
    """The number of a message, and what it follows from."""

    @property
    def number(self) -> int:
        """Its own."""
        ...

    @property
    def parent(self) -> int:
        """The message in hand where it was sent, 0 for none."""
        ...

    @property
    def root(self) -> int:
        """Where the chain began."""
        ...

    @property
    def depth(self) -> int:
        """How long the chain is, counted from 0."""
        ...


class ObservedStep(Protocol):
    """One step of a server: a message received, or what came of one."""

    @property
    def kind(self) -> str:
        """``received``, or how it went on: see `wire_trace`."""
        ...

    @property
    def message(self) -> ObservedMessage:
        """The message."""
        ...

    @property
    def mark(self) -> ObservedMark:
        """Its number."""
        ...

    @property
    def detail(self) -> object:
        """The answer, or the error."""
        ...

    @property
    def seconds(self) -> float:
        """How long the message waited, or its handler took."""
        ...


class StepWatcher(Protocol):
    """Who is told of each step of a server. Must not raise."""

    @property
    def open(self) -> bool:
        """Whether there is room for a step just now; if not, it is counted."""
        ...

    def step(self, step: ObservedStep, /) -> None:
        """Take one step."""
        ...


class ObservedName(Protocol):
    """One thing that a registry holds."""

    @property
    def kind(self) -> str:
        """``name``, ``reserved``, ``waiter``, ``subscriber`` or ``lock``."""
        ...

    @property
    def key(self) -> Hashable:
        """The name, the topic, the lock."""
        ...

    @property
    def task(self) -> Task | None:
        """Whose it is, if it is a task's and not a child's."""
        ...

    @property
    def holder(self) -> tuple[int, str]:
        """The child that it belongs to, and its path; 0 for none."""
        ...

    @property
    def value(self) -> object:
        """What was registered with a name: the program's own."""
        ...

    @property
    def stream(self) -> tuple[int, float, int]:
        """Of a subscription: messages waiting, capacity, messages dropped."""
        ...

    @property
    def others(self) -> int:
        """How many wait for the same lock."""
        ...


class ObservedRegistry(Protocol):
    """One registry of a node."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def unique(self) -> bool:
        """Whether a key has one holder at most."""
        ...

    def observed(self) -> Iterable[ObservedName]:
        """What it holds."""
        ...

    def observed_at(self, key: Hashable) -> int:
        """How many hold a key."""
        ...
