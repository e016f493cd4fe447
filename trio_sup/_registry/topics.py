"""Publishing to those who hold a key, and to plain tasks that subscribe to it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from trio_sup._core.errors import MailboxFull, NoProcess
from trio_sup._registry.listeners import HeardNames
from trio_sup._registry.pubsub import SLOW_POLICIES, Published, SlowPolicy, Subscription
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.genserver import GenServer
    from trio_sup._servers.ref import ServerRef

T = TypeVar("T")


@protected
class Topics(HeardNames):
    """Names as topics: the part of `Registry` that sends messages."""

    def __init__(self, *, unique: bool, name: str) -> None:
        super().__init__(unique=unique, name=name)
        self._subscribers: dict[Hashable, dict[Subscription[Any], None]] = {}

    def publish(self, topic: Hashable, message: object) -> Published:
        """Send a message to every holder and every subscription of a topic.

        Servers get it in `handle_info`, subscriptions in their stream. Never waits
        and never raises for a slow receiver: a full mailbox applies its own policy
        (``reject`` counts as dropped; one that drops keeps its own count), a
        subscription its own. Holders that are no servers get nothing.

        Returns:
            How many took it and how many did not.

        Raises:
            WrongRun: called from elsewhere while a Trio run uses this registry.
        """
        self.enter("publish")
        delivered = dropped = 0
        for entry in self._table.at(topic):
            if not entry.live or entry.owner.mailbox is None:
                continue
            try:
                _as_server(entry.owner).send(message)
            except (NoProcess, MailboxFull):
                dropped += 1
            else:
                delivered += 1
        for subscription in tuple(self._subscribers.get(topic, ())):
            taken = subscription.offer(message)
            if taken is not None:
                delivered, dropped = delivered + taken, dropped + (not taken)
        return Published(delivered, dropped)

    @overload
    def subscribe(
        self,
        topic: Hashable,
        kind: type[T],
        /,
        *,
        capacity: int = ...,
        when_full: SlowPolicy = ...,
    ) -> Subscription[T]: ...
    @overload
    def subscribe(
        self,
        topic: Hashable,
        /,
        *,
        capacity: int = ...,
        when_full: SlowPolicy = ...,
    ) -> Subscription[object]: ...
    def subscribe(
        self,
        topic: Hashable,
        kind: type[Any] | None = None,
        /,
        *,
        capacity: int = 1024,
        when_full: SlowPolicy = "drop_oldest",
    ) -> Subscription[Any]:
        """Return a stream of what is published under a topic.

        For plain tasks; it need not be a child::

            with registry.subscribe("prices", Price) as prices:
                async for price in prices:
                    ...

        Args:
            topic: The key, as given to `publish`.
            kind: Take messages of that class only; others pass by, uncounted.
            capacity: How many messages may wait to be read, at least 1.
            when_full: What then: forget the oldest waiting message
                (``drop_oldest``), or the new one (``drop_newest``), both counted in
                `Subscription.dropped`; or end the subscription (``disconnect``).

        Raises:
            ValueError: a bad capacity or policy.
        """
        _check_capacity(capacity)
        if when_full not in SLOW_POLICIES:
            accepted = ", ".join(map(repr, SLOW_POLICIES))
            raise ValueError(f"when_full must be one of {accepted}, not {when_full!r}")

        def enter(subscription: Subscription[Any]) -> None:
            self.enter("subscribe")
            self._subscribers.setdefault(topic, {})[subscription] = None

        def leave(subscription: Subscription[Any]) -> None:
            group = self._subscribers.get(topic, {})
            group.pop(subscription, None)
            if not group:
                self._subscribers.pop(topic, None)

        return Subscription(kind, capacity, when_full, enter, leave)

    def observed_subscribers(self) -> Iterator[tuple[Hashable, Subscription[Any]]]:
        """Who is subscribed to what; for the inspector."""
        for topic, group in list(self._subscribers.items()):
            for subscription in list(group):
                yield topic, subscription


def _check_capacity(size: object) -> None:
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"capacity must be a whole number >= 1, not {size!r}")


def _as_server(record: Record) -> ServerRef[GenServer]:
    ref: ServerRef[GenServer] = record.handle  # type: ignore[assignment]  # has a mailbox
    return ref
