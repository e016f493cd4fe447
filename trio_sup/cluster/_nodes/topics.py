"""Topics: messages for whoever listens, on all nodes, numbered so that gaps are seen."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

import trio
from attrs import Factory, define, frozen

from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Waiters
from trio_sup.cluster._backends.link import LinkDown
from trio_sup.cluster._nodes.values import NotPortable, Signature
from trio_sup.cluster._rules.frames import BadFrame, Post, decode, encode
from trio_sup.cluster._rules.words import Name, NodeId, Posted
from trio_sup.cluster.errors import EngineUnavailable

if TYPE_CHECKING:
    from trio_sup.cluster._nodes.session import Session

T = TypeVar("T")


@frozen
class Published(Generic[T]):
    """A message on a topic."""

    value: T
    node: str
    """Who published it."""
    sequence: int
    """Its number among those of that node on this topic; a node that joins anew begins
    again with 1."""


@frozen
class Gap:
    """Messages that did not come."""

    node: str | None
    """Whose they were; None if the link was broken, and nobody knows."""
    missed: int | None
    """How many; None if nobody knows: perhaps none."""


class Subscription(Generic[T]):
    """What comes on a topic, as an async iterator; made by `Topic.subscribe`."""

    def __init__(
        self,
        unpack: Callable[[Any], T],
        capacity: int,
        name_of: Callable[[NodeId], str],
    ) -> None:
        self._unpack = unpack
        self._capacity = capacity
        self._name_of = name_of
        self._items: deque[Published[T] | Gap] = deque()
        self._last: dict[NodeId, int] = {}
        self._wake = Waiters()
        self.missed: int = 0
        """How many messages did not come, as far as is known."""
        self.breaks: int = 0
        """How often the link was broken, and nobody knows."""

    @property
    def waiting(self) -> int:
        """How many wait to be taken."""
        return len(self._items)

    def take(self, post: Post) -> None:
        """Take what came; not for users.

        What finds no room, or is of no use, is seen as missing with the next that does.
        """
        last = self._last.setdefault(post.sender, post.sequence - 1)
        if post.sequence <= last or len(self._items) >= self._capacity:
            return
        try:
            value = self._unpack(post.what)
        except NotPortable:
            return
        node, missed = self._name_of(post.sender), post.sequence - last - 1
        if missed:
            self._items.append(Gap(node, missed))
            self.missed += missed
        self._last[post.sender] = post.sequence
        self._put(Published(value, node, post.sequence))

    def link_changed(self) -> None:
        """The link was broken: messages may be missing; not for users."""
        self.breaks += 1
        unknown = Gap(None, None)
        if not self._items or self._items[-1] != unknown:
            self._put(unknown)

    def _put(self, item: Published[T] | Gap) -> None:
        self._items.append(item)
        self._wake.wake()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Published[T] | Gap:
        await trio.lowlevel.checkpoint()
        while not self._items:
            await self._wake.wait()
        return self._items.popleft()


@define(eq=False)
class Subscriptions:
    """Who listens on one node, and the numbers of what it publishes."""

    session: Callable[[], Session]
    """The present session; raises `EngineUnavailable` without one."""
    name_of: Callable[[NodeId], str]
    malformed: int = 0
    """How many messages nobody could read."""
    _numbers: dict[str, int] = Factory(dict[str, int])
    _listening: dict[str, list[Subscription[Any]]] = Factory(
        dict[str, "list[Subscription[Any]]"]
    )

    def heard(self) -> list[tuple[str, list[Subscription[Any]]]]:
        """Return the topics to which somebody listens here, with who does."""
        return [(topic, list(own)) for topic, own in self._listening.items()]

    def publish(self, topic: str, what: Any) -> None:
        """Send a message to all who listen; raises `EngineUnavailable`."""
        session = self.session()
        number = self._numbers.get(topic, 0) + 1
        post = Post(number, session.info.id, NodeId(topic), what)
        try:
            session.link.topics.publish(topic, encode(post))
        except LinkDown as down:
            raise EngineUnavailable(str(down)) from down
        self._numbers[topic] = number

    async def add(self, topic: str, subscription: Subscription[Any]) -> None:
        """Listen from now on, for sure; raises `EngineUnavailable`."""
        session = self.session()
        own = self._listening.setdefault(topic, [])
        own.append(subscription)
        if len(own) == 1:
            session.link.topics.subscribe(topic)
        try:
            # What is asked reaches the engine in order: behind this it listens.
            await session.ask(session.link.lookup(Name(topic)))
        except BaseException as error:
            self.drop(topic, subscription)
            if isinstance(error, LinkDown):
                raise EngineUnavailable(str(error)) from error
            raise

    def drop(self, topic: str, subscription: Subscription[Any]) -> None:
        """Listen no more."""
        own = self._listening[topic]
        own.remove(subscription)
        if not own:
            del self._listening[topic]
            try:
                self.session().link.topics.unsubscribe(topic)
            except EngineUnavailable:
                pass  # what comes is for nobody

    def take(self, posted: Posted) -> None:
        """Take a message that came."""
        try:
            post = decode(posted.data)
        except BadFrame:
            self.malformed += 1
            return
        if not isinstance(post, Post) or post.to != posted.topic:
            self.malformed += 1
            return
        for subscription in self._listening.get(posted.topic, ()):
            subscription.take(post)

    def link_changed(self) -> None:
        """The link was broken and is whole again."""
        for own in self._listening.values():
            for subscription in own:
                subscription.link_changed()

    def forget_numbers(self) -> None:
        """This node is another incarnation from now on."""
        self._numbers.clear()


class Topic(Generic[T]):
    """A topic of the cluster; made by `Cluster.topic`."""

    def __init__(
        self, subscriptions: Subscriptions, key: object, name: Name, kind: Any
    ) -> None:
        self._subscriptions = subscriptions
        self.key = key
        self._name = name
        self._signature = Signature(f"topic {key!r}", (), Parameter.empty, {}, kind)

    def __repr__(self) -> str:
        return f"<Topic {self.key!r}>"

    def publish(self, value: T) -> None:
        """Send a value to all who have subscribed, on all nodes. No checkpoint.

        At most once: who is not connected at this moment does not get it, and sees a
        `Gap` with the next.

        Raises:
            EngineUnavailable: it was not sent.
            NotPortable: the value does not fit the topic's type.
        """
        self._subscriptions.publish(self._name, self._signature.pack_answer(value))

    @asynccontextmanager
    async def subscribe(
        self, capacity: int = 1000
    ) -> AsyncGenerator[Subscription[T], None]:
        """Listen for the length of an ``async with`` block.

        What is published from then on comes, by each node in its order. Iterate over
        what it yields, for `Published` and `Gap`.

        Args:
            capacity: How many may wait to be taken; those beyond are missed.

        Raises:
            ValueError: `capacity` is less than 1.
            EngineUnavailable: from entering.
        """
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity!r}")
        own = self._subscriptions
        unpack = cast("Callable[[Any], T]", self._signature.unpack_answer)
        subscription = Subscription[T](unpack, capacity, own.name_of)
        await own.add(self._name, subscription)
        try:
            yield subscription
        finally:
            own.drop(self._name, subscription)


for _class in (Subscription, Subscriptions):
    protected(_class)
