"""The node's clock as a client knows it, and how long nothing was heard. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire import Hello


class NodeClock:
    """Goes on by itself between two words of the node."""

    def __init__(self) -> None:
        self.node: Hello | None = None
        """Whose clock it is: the rows and events that are held are of that process.
        Another one that answers is believed from the moment its rows are here."""
        self._heard = 0.0
        self._said: tuple[float, float] | None = None

    def hear(self, now: float) -> None:
        """The node was heard, whatever it said; or there is a new connection."""
        self._heard = now

    def silence(self, now: float) -> float:
        """Seconds since the node was last heard."""
        return max(0.0, now - self._heard)

    def turn(self, node: Hello | None) -> None:
        """What is held is of this process from now on."""
        if node is not None and self.is_another(node):
            self._said = None
        self.node = node

    def tell(self, at: float, now: float, node: Hello | None) -> bool:
        """The node said what time it has; whether that is taken for the time."""
        if node is not None and self.is_another(node):
            return False
        self._said = (at, now)
        return True

    def is_another(self, node: Hello) -> bool:
        """Whether what is held is of another process than this one."""
        return self.node is not None and self.node.epoch != node.epoch

    def reset(self) -> None:
        """Forget what it said: another story begins."""
        self._said = self.node = None

    def time(self, now: float | None, *, live: bool) -> float | None:
        """The node's time, None before it said any.

        Args:
            now: The client's own clock; None for when the node said it last. (Whatever
                else is heard may be another process, which answers in its place.)
            live: Else it stands still at what was heard last, so that durations
                shown of a dead node do not grow.
        """
        if self._said is None:
            return None
        at, heard = self._said
        if now is None:
            return at
        if not live:
            now = min(now, self._heard)
        return at + max(0.0, now - heard)
