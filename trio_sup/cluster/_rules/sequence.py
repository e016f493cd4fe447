"""Numbers on messages: what comes twice is refused, what is missing is seen."""

from __future__ import annotations

from typing import Final

from attrs import Factory, define

from trio_sup.cluster._rules.words import NodeId

MOST_GONE: Final = 4096
"""How many nodes that are gone are remembered."""


@define
class Outgoing:
    """The next number for each receiver."""

    _next: dict[NodeId, int] = Factory(dict[NodeId, int])

    def number(self, to: NodeId) -> int:
        """Return the number of the next message to a node: from 1 on, without gaps."""
        number = self._next.get(to, 0) + 1
        self._next[to] = number
        return number

    def forget(self, node: NodeId) -> None:
        """The node is gone for good: an incarnation never returns."""
        self._next.pop(node, None)


@define
class Incoming:
    """The last number from each sender."""

    missing: int = 0
    """How many messages never came."""
    repeated: int = 0
    """How many came again, or late: they were dropped."""
    _last: dict[NodeId, int] = Factory(dict[NodeId, int])
    # Its keys, the oldest first: what those sent may still come, or come again.
    _gone: dict[NodeId, None] = Factory(dict[NodeId, None])

    def admit(self, sender: NodeId, number: int) -> bool:
        """Take note of a message; return whether it is to be served."""
        last = self._last.get(sender, 0)
        if number <= last or sender in self._gone:
            self.repeated += 1
            return False
        self.missing += number - last - 1
        self._last[sender] = number
        return True

    def senders(self) -> set[NodeId]:
        """Return who has sent anything."""
        return set(self._last)

    def forget(self, node: NodeId) -> None:
        """The node is gone for good: nothing of it is served any more."""
        self._last.pop(node, None)
        self._gone[node] = None
        if len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]

    def forget_all(self) -> None:
        """The receiver is another incarnation: all begin to count anew."""
        self._last.clear()
        self._gone.clear()
