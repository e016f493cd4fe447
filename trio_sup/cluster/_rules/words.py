"""What nodes and the engine tell each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NewType, TypeAlias

from attrs import field, frozen

NodeId = NewType("NodeId", str)
"""One incarnation of a node; never used again after it was lost."""

Token = NewType("Token", int)
"""A fencing token: of two for one name, the later holder's is the greater."""

Name = NewType("Name", str)
"""A key, encoded; see `trio_sup.cluster._rules.keys`."""


@frozen
class NodeInfo:
    """What a node tells of itself when it joins."""

    id: NodeId
    name: str
    """What people call it; its incarnations share it."""
    accepts_children: bool = True
    factories: tuple[str, ...] = ()
    """Which registered factories of children it knows."""
    supervisors: tuple[str, ...] = ()
    """Which dynamic supervisors of the cluster have a place in its tree."""


@frozen
class Claimed:
    """The name is the asker's."""

    token: Token


@frozen
class Taken:
    """The name is somebody else's."""

    owner: NodeId
    token: Token


@frozen
class Frozen:
    """Nobody may claim yet: the engine is new, and holders assert what they hold."""

    retry_after: float


@frozen
class Gone:
    """The asker is no member (any more): its lease has ended, or the engine forgot it."""

    generation: str
    """Which memory says so; see `Beat`."""


@frozen
class Kept:
    """The state that was written last under a name; nobody of before writes any more."""

    data: bytes | None
    """None if there is none."""


@frozen
class Stale:
    """A later holder has read or written the state of a name: the asker is not it."""

    token: Token
    """That of the later holder."""


@frozen
class Beat:
    """What a heartbeat tells."""

    generation: str
    """Which memory the engine has; another one after it was lost."""
    owned: int
    """How many names the engine thinks the node holds."""
    members: tuple[NodeInfo, ...]
    """Who has a lease."""
    next_end: float = math.inf
    """In how many seconds the next lease of another node ends, if it is not renewed."""
    version: int = 0
    """The number of the last change of a record."""


@frozen
class Swapped:
    """What came of the wish to change a record."""

    done: bool
    present: str | None
    """What it is now; None if there is none."""
    version: int = field(default=0, eq=False)
    """The number of this change, if it was done."""


@frozen
class Listing:
    """All records of one shelf."""

    generation: str
    version: int
    """The number of the last change, of any shelf."""
    records: Mapping[Name, str]


@frozen
class Frame:
    """A message from another node."""

    data: bytes


@frozen
class Undelivered:
    """A message that nobody took: its receiver listens no more."""

    to: NodeId
    data: bytes


@frozen
class Freed:
    """Somebody left, or released a name: whoever waits for one may try again."""


@frozen
class Reset:
    """The link was broken and is whole again: messages may be missing."""


@frozen
class Recorded:
    """A record was changed."""

    before: int
    """The number of the change before this one."""
    version: int
    shelf: str
    name: Name
    text: str | None
    """None if there is none any more."""


@frozen
class Posted:
    """A message on a topic."""

    topic: str
    data: bytes


Push: TypeAlias = Frame | Undelivered | Freed | Reset | Recorded | Posted
"""What an engine sends unasked."""


@frozen
class Guarantees:
    """What may be relied on with an engine."""

    names: Literal["process", "lease", "lease+raft"]
    """``process``: as safe as one process. ``lease``: one holder as the engine sees it,
    which may forget in a failover. ``lease+raft``: it does not forget."""
    messaging: Literal["memory", "at-most-once"]
    max_frame: int
    """The longest message, in bytes."""
