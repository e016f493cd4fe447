"""The topics that one client follows: leases, each with the client's share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from trio_sup.inspect.node.watching import LEASE
from trio_sup.inspect.protocol.wire_details import TOPICS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_sup.inspect.node.shares import Share
    from trio_sup.inspect.node.topics import Topics
    from trio_sup.inspect.protocol.wire_details import Follow


@define
class _Lease:
    share: Share
    ends: float = 0.0


class Following:
    """Leases on topics."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._leases: dict[str, _Lease] = {}

    def follow(self, wish: Follow, now: float) -> bool:
        """Begin or prolong a lease; whether there is something new to look at."""
        if wish.topic not in TOPICS:
            return False
        lease = self._leases.get(wish.topic)
        new = lease is None
        if lease is None:
            share = self._topics.share(wish.topic)
            lease = self._leases[wish.topic] = _Lease(share)
        lease.ends = now + LEASE
        return lease.share.wish(wish) or new

    def unfollow(self, topic: str) -> None:
        """End a lease."""
        lease = self._leases.pop(topic, None)
        if lease is not None:
            lease.share.close()

    def live(self, now: float) -> set[str]:
        """The topics whose lease runs; those that ended are forgotten."""
        for topic in [t for t, lease in self._leases.items() if lease.ends <= now]:
            self.unfollow(topic)
        return set(self._leases)

    def close(self) -> None:
        """The client has left."""
        for topic in list(self._leases):
            self.unfollow(topic)

    def __bool__(self) -> bool:
        """Whether a lease may be running."""
        return bool(self._leases)

    def note(self) -> None:
        """There was a look at the node."""
        for lease in self._leases.values():
            lease.share.note()

    def frames(self, now: float) -> Iterator[bytes]:
        """What the client has not been told yet, a frame at a time."""
        self.live(now)
        for lease in list(self._leases.values()):
            yield from lease.share.frames(now)
