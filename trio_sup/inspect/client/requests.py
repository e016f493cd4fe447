"""What a client asks its node for besides rows and events, and when to ask again.

Part of a `Session`; pure, as that is. What is wanted stays wanted over reconnects: a
node forgets every wish after its lease, and the connection that it came over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define

from trio_sup.inspect.protocol.wire import Bye, Rate, Resync, Unwatch, Watch
from trio_sup.inspect.protocol.wire_details import AskMetrics, Follow, Unfollow
from trio_sup.inspect.protocol.wire_profile import AskProfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trio_sup.inspect.protocol.wire import ClientMessage

LEASE_RENEWAL: Final = 4.0
"""Seconds between two requests for the same thing; the node's lease is 10."""


@define
class _Wish:
    parts: tuple[str, ...]
    due: float


@define
class _Topic:
    wish: Follow
    due: float


class Requests:
    """The wishes of one client.

    Args:
        ask: Sends a request, if the client is attached.
        forget: Called with a topic whose last answer is of no use any more.
        rate_hz: Deltas a second.
    """

    def __init__(
        self,
        ask: Callable[[ClientMessage], None],
        forget: Callable[[str], None],
        rate_hz: float,
    ) -> None:
        self.rate_hz: float = rate_hz
        """The rate that was asked for, later the one that was granted."""
        self._ask = ask
        self._forget = forget
        self._watches: dict[int, _Wish] = {}
        self._topics: dict[str, _Topic] = {}

    # --- for front ends ----------------------------------------------------

    def watch(self, row_id: int, now: float, parts: Iterable[str] = ()) -> None:
        """Keep `Session.details` of a row fresh until `unwatch`, over reconnects too.

        Args:
            row_id: The row.
            now: The front end's clock.
            parts: Of `wire_details.PARTS`; the overview alone if empty. Asked
                again with other parts, those take the place of the first.
        """
        wish = self._watches[row_id] = _Wish(tuple(parts), now + LEASE_RENEWAL)
        self._ask(Watch(row_id, list(wish.parts)))

    def refresh(self, row_id: int) -> None:
        """Read the state of a watched row anew: it is read once otherwise."""
        wish = self._watches.get(row_id)
        if wish is not None:
            self._ask(Watch(row_id, list(wish.parts), True))

    def unwatch(self, row_id: int) -> None:
        """End a watch; unknown ids are ignored."""
        if self._watches.pop(row_id, None) is not None:
            self._ask(Unwatch(row_id))

    def follow(self, wish: Follow | str, now: float) -> None:
        """Keep `Session.topics` fresh in one of `wire_details.TOPICS`.

        Args:
            wish: The topic, with what is asked of it if there is anything to ask; a
                later wish takes the place of the one before.
            now: The front end's clock.
        """
        follow = Follow(wish) if isinstance(wish, str) else wish
        self._topics[follow.topic] = _Topic(follow, now + LEASE_RENEWAL)
        self._ask(follow)

    def unfollow(self, topic: str) -> None:
        """End a topic: what it costs the node ends with it."""
        if self._topics.pop(topic, None) is not None:
            self._forget(topic)
            self._ask(Unfollow(topic))

    def metrics(self) -> None:
        """Ask for all metrics once; they appear in `Session.topics`."""
        self._forget("metrics")
        self._ask(AskMetrics())

    def profile(self, seconds: float, hz: float) -> None:
        """Ask where the time goes from now on; it appears in `Session.topics`."""
        self._forget("profile")
        self._ask(AskProfile(seconds, hz))

    def rate(self, hz: float) -> None:
        """Ask for `hz` deltas a second (1 to 10), now and after reconnects."""
        self.rate_hz = min(max(hz, 1.0), 10.0)
        self._ask(Rate(self.rate_hz))

    def resync(self) -> None:
        """Ask for a whole new snapshot."""
        self._ask(Resync())

    def goodbye(self) -> None:
        """Say that nothing more is wanted; send `Session.outgoing` and close."""
        self._ask(Bye())

    # --- for the session ---------------------------------------------------

    def watches(self, row_id: int) -> bool:
        """Whether a child is watched."""
        return row_id in self._watches

    def new_node(self) -> None:
        """Another node: row numbers mean something else, most topics do not."""
        self._watches.clear()
        for topic in [t for t, wish in self._topics.items() if wish.wish.child]:
            del self._topics[topic]

    def renew_all(self, now: float) -> None:
        """Ask for everything now: a connection is new."""
        for wish in self._watches.values():
            wish.due = now
        for topic in self._topics.values():
            topic.due = now
        self.renew(now)

    def renew(self, now: float) -> None:
        """Ask again for what is due by now."""
        for row_id, wish in self._watches.items():
            if now >= wish.due:
                wish.due = now + LEASE_RENEWAL
                self._ask(Watch(row_id, list(wish.parts)))
        for topic in self._topics.values():
            if now >= topic.due:
                topic.due = now + LEASE_RENEWAL
                self._ask(topic.wish)
