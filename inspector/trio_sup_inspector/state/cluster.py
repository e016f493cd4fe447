"""What is shown of a cluster: the last that was seen of it, and how old that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup.inspect.model.cluster_look import generation_of, names_seen
from trio_sup.inspect.protocol.wire_cluster import ClusterLook, Engine
from trio_sup_inspector.state.filter import Filter

if TYPE_CHECKING:
    from trio_sup.inspect.model.cluster_look import NameSeen
    from trio_sup.inspect.protocol.wire_cluster import ClusterNode

SILENT: Final = 4.0
"""Seconds without a word of the observer after which it is said to be silent: a look
takes a second, and one more if a node is frozen."""
MOST_PLACES: Final = 2_000
"""Nodes of which it is remembered in which process they were."""


@define
class ClusterState:
    """A cluster as shown. The application's clock is passed in as `clock`."""

    title: str
    """Its engine, for people."""
    filter: Filter = field(factory=Filter)
    look: ClusterLook | None = None
    """The last one that the engine answered to; None before."""
    engine: Engine = field(factory=Engine)
    """How it fared at the last look."""
    trouble: str = ""
    """Why there is no observer."""
    final: bool = False
    """Whether there will be none."""
    seen_at: float = 0.0
    """When `look` was heard."""
    heard_at: float = 0.0
    """When the observer said anything."""
    looks: int = 0
    """Grows with `look`."""
    paused: bool = False
    names: list[NameSeen] = field(factory=list["NameSeen"])
    """Those of `look`."""
    generation: str = ""
    """Which memory of the engine most nodes have met."""
    places: dict[str, tuple[str, int]] = field(factory=dict[str, tuple[str, int]])
    """Machine and process of nodes, also of those that do not answer any more."""

    def begin(self, clock: float) -> None:
        """An observer is started."""
        self.heard_at = clock

    def take(self, look: ClusterLook, clock: float) -> None:
        """The observer has looked."""
        self.heard_at, self.trouble, self.final = clock, "", False
        self.engine = look.engine
        if look.engine.answers and not self.paused:
            self.look, self.seen_at = look, clock
            self.looks += 1
            self.names = names_seen(look.nodes)
            self.generation = generation_of(look.nodes)
            self._note_places(look.nodes)

    def _note_places(self, nodes: list[ClusterNode]) -> None:
        for node in nodes:
            if node.answers and node.pid:
                self.places[node.id] = node.host, node.pid
        while len(self.places) > MOST_PLACES:
            del self.places[next(iter(self.places))]

    def lost(self, why: str, final: bool) -> None:
        """There is no observer, or no more."""
        self.trouble, self.final = why, final

    def type_filter(self, text: str) -> None:
        """Take the filter as typed."""
        self.filter.type(text)

    # --- how present it is ---------------------------------------------------

    def age(self, clock: float) -> float:
        """How old what is shown is, in seconds."""
        return max(0.0, clock - self.seen_at)

    def away(self, clock: float) -> str:
        """Why what is shown is not the present, in a line; empty if it is."""
        if self.trouble:
            return self.trouble
        if not self.engine.answers:
            return f"the engine is away: {self.engine.why}"
        silence = clock - self.heard_at
        if self.heard_at and silence > SILENT:
            return f"the observer has said nothing for {silence:.0f} s"
        return ""

    @property
    def nodes(self) -> list[ClusterNode]:
        """All nodes, as of the last look."""
        return [] if self.look is None else self.look.nodes
