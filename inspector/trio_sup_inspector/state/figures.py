"""What is counted while the node is watched: for the header and the Node screen."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from attrs import define, field

if TYPE_CHECKING:
    from trio_sup.inspect.client.session import Session
    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup.inspect.protocol.wire import Heartbeat

BEATS: Final = 120
"""How many heartbeats the trends of the Node screen cover."""


@define
class Figures:
    """The node's trends, and figures of its tree that are dear to work out."""

    session: Session
    model: TreeModel
    beats: deque[Heartbeat] = field(factory=lambda: deque["Heartbeat"](maxlen=BEATS))
    """The last heartbeats, oldest first."""
    processor: float | None = None
    """How much of a core the node's process used lately; None if unknown."""
    _last_cpu: tuple[float, float] | None = None
    _beat: Heartbeat | None = None
    _kinds: tuple[int, Counter[str]] = field(factory=lambda: (-1, Counter()))

    def note(self) -> None:
        """Count what the session heard since the last call."""
        beat = self.session.heartbeat
        if beat is not None and beat is not self._beat:
            self._beat = beat
            self.beats.append(beat)

    def node_restarted(self) -> None:
        """Another process: its trends begin anew."""
        self.beats.clear()
        self.processor = self._last_cpu = None

    def measure_processor(self) -> None:
        """Work out `processor` from what the node just told about its process."""
        info, before = self.session.topics.info, self._last_cpu
        if info is None:
            return
        if before is not None and info.at > before[0] and info.cpu >= before[1]:
            self.processor = (info.cpu - before[1]) / (info.at - before[0])
        self._last_cpu = info.at, info.cpu

    def restarts_per_minute(self, clock: float) -> int:
        """Restarts of the last minute, those from before the first look included."""
        return self.session.paces.total.per_minute(self.session.node_time(clock))

    @property
    def fullest(self) -> int:
        """The messages in the fullest mailbox."""
        return max(self.model.waiting.values(), default=0)

    @property
    def kinds(self) -> Counter[str]:
        """How many children there are of each kind; counted when the tree changes."""
        at, kinds = self._kinds
        model = self.model
        if at != model.structure:
            rows = model.rows.items()
            kinds = Counter(row.kind for id, row in rows if id not in model.dead)
            self._kinds = model.structure, kinds
        return kinds
