"""What servers do, step by step, while somebody follows the topic ``trace``.

The rules of `wire` hold: fields are only ever added, with a default.
"""

from __future__ import annotations

from attrs import define, field, frozen


@define(slots=True)
class TraceStep:
    """One step of a server, as an array."""

    at: float
    """The node's clock."""
    kind: str
    """``received``; then ``replied``, ``failed`` (a declared error), ``deferred``,
    ``handled`` (nobody waited) or ``crashed``; of a deferred call later ``answered``,
    or ``withdrawn`` if its caller gave up (open set)."""
    child: int
    """The server's row."""
    path: str
    message: str
    """``call``, ``cast``, ``info``, ``down`` or ``stop`` (open set)."""
    op: str
    text: str
    """The arguments, the answer or the error: bounded and redacted."""
    sender: str
    """The path of the child that waits for the answer; empty if unknown."""
    id: int
    """The message's number."""
    parent: int
    """The message in hand where this one was sent; 0 for none."""
    root: int
    """The message that all of it began with."""
    depth: int
    """How many messages lie between, that one included."""
    seconds: float
    """How long the message waited (``received``), or its handler took."""
    state: str
    """The server's attributes that this message changed, as ``name: old -> new``."""


@frozen
class Trace:
    """Steps since the last of these, oldest first."""

    at: float
    steps: list[TraceStep] = field(factory=list[TraceStep])
    missed: int = 0
    """Further steps that were counted only: too many in a second, or too costly."""
    servers: int = 0
    """How many servers are looked at."""
    cost: float = 0.0
    """Seconds that looking took in the last whole second."""
