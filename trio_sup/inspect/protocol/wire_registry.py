"""What a node's registries hold, while somebody follows the topic ``registry``.

The rules of `wire` hold: fields are only ever added, with a default.
"""

from __future__ import annotations

from attrs import define, field, frozen


@define(slots=True)
class NameRow:
    """One thing that a registry holds, as an array."""

    registry: str
    kind: str
    """``name``; ``reserved`` for one whose holder does not run just now; ``waiter`` for
    who waits until somebody holds it; ``subscriber``; ``lock`` (open set)."""
    key: str
    child: int
    """The row of the child that holds it, waits or listens; 0 for none."""
    path: str
    """Its path, or the task's name."""
    same: int
    """How many hold the key, 1 for a name of its own; of a lock how many wait for it."""
    queued: int
    """Of a subscriber: messages that wait to be read, ..."""
    capacity: int
    """... of how many, and ..."""
    dropped: int
    """... how many found no room."""
    value: str
    """What was registered with the name: bounded and redacted."""


@define(slots=True)
class RegistryInfo:
    """One registry, as an array."""

    name: str
    unique: bool
    """Whether a key has one holder at most."""
    held: int
    """Things that it holds, all kinds together."""
    passing: int
    """Those of them that pass the search."""


@frozen
class Names:
    """A page of what passes the search."""

    at: float
    text: str = ""
    """The words that were searched for."""
    start: int = 0
    """Where the page begins among those that pass, counted from 0."""
    rows: list[NameRow] = field(factory=list[NameRow])
    """At most 500."""
    passing: int = 0
    """How many pass, ..."""
    total: int = 0
    """... of how many."""
    registries: list[RegistryInfo] = field(factory=list[RegistryInfo])
    """At most 100."""
