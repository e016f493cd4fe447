"""What a client wants to be told besides rows and events, and when to ask again.

Pure; the session sends what comes out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define

from trio_sup.inspect.protocol.wire import Watch
from trio_sup.inspect.protocol.wire_details import Follow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.protocol.wire import ClientMessage

LEASE_RENEWAL: Final = 4.0
"""Seconds between two requests for the same thing; the node's lease is 10."""


@define
class _Wish:
    parts: tuple[str, ...]
    due: float


class Leases:
    """The watches and topics of one client, over reconnects."""

    def __init__(self) -> None:
        self._watches: dict[int, _Wish] = {}
        self._topics: dict[str, float] = {}

    def clear(self) -> None:
        """Another node: row numbers mean something else, topics do not."""
        self._watches.clear()

    def watch(self, row_id: int, parts: Iterable[str], now: float) -> Watch:
        """Begin or change a watch; returns what to send if attached."""
        wish = self._watches[row_id] = _Wish(tuple(parts), now + LEASE_RENEWAL)
        return Watch(row_id, list(wish.parts))

    def watches(self, row_id: int) -> bool:
        """Whether a child is watched."""
        return row_id in self._watches

    def again(self, row_id: int) -> Watch | None:
        """What asks for a fresh state; None for what is not watched."""
        wish = self._watches.get(row_id)
        return None if wish is None else Watch(row_id, list(wish.parts), True)

    def unwatch(self, row_id: int) -> bool:
        """End a watch; whether there was one."""
        return self._watches.pop(row_id, None) is not None

    def follow(self, topic: str, now: float) -> Follow:
        """Begin to follow a topic; returns what to send if attached."""
        self._topics[topic] = now + LEASE_RENEWAL
        return Follow(topic)

    def unfollow(self, topic: str) -> bool:
        """End it; whether it was followed."""
        return self._topics.pop(topic, None) is not None

    def renew_all(self, now: float) -> list[ClientMessage]:
        """Ask for everything now: a connection is new."""
        for wish in self._watches.values():
            wish.due = now
        for topic in self._topics:
            self._topics[topic] = now
        return self.due(now)

    def due(self, now: float) -> list[ClientMessage]:
        """What has to be asked for again by now."""
        requests: list[ClientMessage] = []
        for row_id, wish in self._watches.items():
            if now >= wish.due:
                wish.due = now + LEASE_RENEWAL
                requests.append(Watch(row_id, list(wish.parts)))
        for topic, due in self._topics.items():
            if now >= due:
                self._topics[topic] = now + LEASE_RENEWAL
                requests.append(Follow(topic))
        return requests
