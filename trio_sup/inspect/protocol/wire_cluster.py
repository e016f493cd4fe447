"""What an observer of a cluster has seen: a document that ``nodes --cluster`` prints.

No node sends it to an inspector: whoever joined the cluster makes it of what all nodes
told. The rules of `wire` hold: fields are only ever added, with a default.
"""

from __future__ import annotations

from attrs import field, frozen


@frozen
class ClusterOf:
    """A cluster that a program is in, as it tells who attaches to it."""

    node: str
    """What the program is called there."""
    url: str = ""
    """Of the engine, without a password; empty for one inside of the program."""
    prefix: str = ""
    """Which cluster of that engine."""
    secret: bool = False
    """Whether the URL alone does not let anybody in."""


@frozen
class Count:
    """How many of something there are."""

    name: str
    number: int


@frozen
class ClusterName:
    """A name of the cluster that a node has."""

    key: str
    token: int
    path: str
    status: str
    life: int
    kind: str = "name"
    """``name``, ``singleton`` or ``child`` (open set)."""
    supervisor: str = ""


@frozen
class ClusterWaiter:
    """A name that a child of a node waits for."""

    key: str
    singleton: bool = True


@frozen
class ClusterUnplaced:
    """A child that no node runs."""

    key: str
    supervisor: str
    state: str
    why: str = ""


@frozen
class ClusterCall:
    """A call that waits for an answer of another node."""

    key: str
    op: str
    node: str | None = None


@frozen
class ClusterTopic:
    """A topic to which a node listens."""

    key: str
    listeners: int
    waiting: int
    missed: int
    breaks: int = 0


@frozen
class ClusterNode:
    """One node, as it told of itself; or why it did not."""

    id: str
    node: str
    answers: bool
    why: str = ""
    """Of one that does not answer."""
    host: str = ""
    pid: int = 0
    accepts_children: bool = True
    ttl: float = 0.0
    lease_left: float = 0.0
    up: float = 0.0
    lag: float = 0.0
    incarnations: int = 0
    held: int = 0
    names: list[ClusterName] = field(factory=list[ClusterName])
    children: list[Count] = field(factory=list[Count])
    waiting: int = 0
    calls: list[ClusterCall] = field(factory=list[ClusterCall])
    counted: list[Count] = field(factory=list[Count])
    version: str = ""
    generation: str = ""
    standing_by: list[ClusterWaiter] = field(factory=list[ClusterWaiter])
    unplaced: list[ClusterUnplaced] = field(factory=list[ClusterUnplaced])
    topics: list[ClusterTopic] = field(factory=list[ClusterTopic])


@frozen
class Engine:
    """How the engine fares."""

    url: str = ""
    """Without a password."""
    answers: bool = True
    seconds: float | None = None
    """How long it took to answer."""
    why: str = ""
    """Why it does not answer."""


@frozen
class ClusterLook:
    """All nodes, as of one look."""

    engine: Engine = field(factory=Engine)
    nodes: list[ClusterNode] = field(factory=list[ClusterNode])
