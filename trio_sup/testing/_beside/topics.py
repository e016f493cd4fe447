"""What is published, who gets it, and what becomes of it in a subscription."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import trio
from attrs import Factory, define

from trio_sup._core.errors import WrongRun
from trio_sup._registry.pubsub import Published, Subscription
from trio_sup._registry.topics import Topics
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn

if TYPE_CHECKING:
    from trio_sup._children.record import Record


@define(eq=False)
class Reader:
    """One subscription."""

    name: str
    topic: Hashable
    registry: Any
    kind: type[Any] | None
    when_full: str
    open: bool = False
    cut: bool = False
    waiting: list[object] = Factory(list[object])
    """What was taken and not read yet, in order."""
    dropped: int = 0
    reading: int = 0

    def offered(self, message: object, used: int, *, room: bool) -> bool | None:
        """Return what must become of a message, by the policy.

        Args:
            message: It.
            used: How many wait in the buffer.
            room: Whether one more fits, or is waited for.
        """
        if self.kind is not None and not isinstance(message, self.kind):
            return None
        if self.cut:
            return False
        if room:
            self.waiting.append(message)
            return True
        self.dropped += 1
        if self.when_full == "drop_oldest":
            del self.waiting[len(self.waiting) - used]
            self.waiting.append(message)
            return True
        if self.when_full == "disconnect":
            self.cut = True
        return False


class TopicsModel:
    """All that is published in one run.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self.broken = broken
        self.readers: dict[Subscription[Any], Reader] = {}
        # Who was sent what is being published, and whether that was taken.
        self.sent: list[tuple[Record, bool]] | None = None
        self.message: object = None

    def came(self, record: Record, message: object, *, taken: bool) -> None:
        """A server was sent something."""
        if self.sent is not None and message is self.message:
            self.sent.append((record, taken))

    def settled(self) -> None:
        """Nothing more happens by itself."""
        for subscription, reader in self.readers.items():
            if not reader.open or reader.reading:
                continue
            lost = len(reader.waiting) - subscription.waiting
            if lost or subscription.dropped != reader.dropped:
                words = (
                    f"{len(reader.waiting)} are to be read, {reader.dropped} dropped"
                )
                self.broken(laws.READ, reader.name, words)
                reader.open = False


def publish(
    judge: Any, original: Any, registry: Any, topic: Hashable, message: object
) -> Published:
    """Something is published."""
    model: TopicsModel = judge.topics
    servers = [
        record
        for record in judge.names.seen(registry, topic)
        if record.mailbox is not None
    ]
    readers = [
        reader
        for reader in model.readers.values()
        if reader.open and reader.registry is registry and reader.topic == topic
    ]
    before, name = (model.sent, model.message), f"{registry.name}[{topic!r}]"
    sent: list[tuple[Record, bool]] = []
    model.sent, model.message = sent, message
    taken: list[bool | None] = []
    judge.offers = taken
    try:
        result: Published = original(registry, topic, message)
    except WrongRun:
        raise
    except Exception as error:
        judge.broken(laws.PUBLISHED, name, f"it raises {type(error).__name__}")
        raise
    finally:
        model.sent, model.message = before
        judge.offers = None
    if [record for record, _ in sent] != servers:
        words = f"{len(servers)} servers hold the topic, {len(sent)} were sent to"
        judge.broken(laws.PUBLISHED, name, words)
    if len(taken) != len(readers):
        words = f"{len(readers)} subscribe, {len(taken)} were offered it"
        judge.broken(laws.PUBLISHED, name, words)
    good = sum(each for _, each in sent) + taken.count(True)
    bad = sum(not each for _, each in sent) + taken.count(False)
    if (result.delivered, result.dropped) != (good, bad):
        words = f"{good} took it and {bad} did not; told was {result}"
        judge.broken(laws.PUBLISHED, name, words)
    return result


def subscribe(
    judge: Any,
    original: Any,
    registry: Any,
    topic: Hashable,
    *kind: Any,
    **options: Any,
) -> Subscription[Any]:
    """Somebody is about to subscribe."""
    made: Subscription[Any] = original(registry, topic, *kind, **options)
    judge.topics.readers[made] = Reader(
        f"{registry.name}[{topic!r}]",
        topic,
        registry,
        kind[0] if kind else None,
        options.get("when_full", "drop_oldest"),
    )
    return made


def enter(judge: Any, original: Any, subscription: Subscription[Any]) -> Any:
    """He does."""
    entered = original(subscription)
    reader = judge.topics.readers.get(subscription)
    if reader is not None:
        reader.open = True
    return entered


def leave(
    judge: Any, original: Any, subscription: Subscription[Any], *error: Any
) -> Any:
    """He does no longer."""
    reader = judge.topics.readers.pop(subscription, None)
    if reader is not None:
        reader.open = False
    return original(subscription, *error)


def offer(
    judge: Any, original: Any, subscription: Subscription[Any], message: object
) -> bool | None:
    """A message is for a subscription."""
    reader: Reader | None = judge.topics.readers.get(subscription)
    if reader is None:
        taken: bool | None = original(subscription, message)
        return taken
    facts = subscription._receive.statistics()  # pyright: ignore[reportPrivateUsage]
    used = facts.current_buffer_used
    room = used < facts.max_buffer_size or bool(facts.tasks_waiting_receive)
    expected = reader.offered(message, used, room=room)
    if reader.cut:
        reader.open = False
    came: bool | None = original(subscription, message)
    if judge.offers is not None:
        judge.offers.append(came)
    if came is not expected:
        words = f"a message was to be {_words(expected)}, and was {_words(came)}"
        judge.broken(laws.READ, reader.name, words)
    return came


def _words(came: bool | None) -> str:
    return {True: "taken", False: "dropped", None: "left out"}[came]


async def read(judge: Any, original: Any, subscription: Subscription[Any]) -> Any:
    """Somebody reads."""
    reader: Reader | None = judge.topics.readers.get(subscription)
    if reader is None:
        return await original(subscription)
    reader.reading += 1
    try:
        message = await original(subscription)
    except trio.BrokenResourceError:
        if reader.waiting or not reader.cut:
            judge.broken(laws.READ, reader.name, "it is said to be cut off")
        raise
    else:
        _read(judge, reader, message)
        return message
    finally:
        reader.reading -= 1


def read_nowait(judge: Any, original: Any, subscription: Subscription[Any]) -> Any:
    """Somebody reads what is there."""
    reader: Reader | None = judge.topics.readers.get(subscription)
    waits = subscription.waiting
    message = original(subscription)
    if reader is not None and waits:
        _read(judge, reader, message)
    return message


def _read(judge: Any, reader: Reader, message: object) -> None:
    alone = reader.reading <= 1
    place = next((n for n, each in enumerate(reader.waiting) if each is message), None)
    if place is None or (place and alone):
        judge.broken(laws.READ, reader.name, f"{message!r} is read out of turn")
    if place is not None:
        del reader.waiting[place]


STAND_INS = (
    StandIn(Topics, "publish", publish),
    StandIn(Topics, "subscribe", subscribe),
    StandIn(Subscription, "__enter__", enter),
    StandIn(Subscription, "__exit__", leave),
    StandIn(Subscription, "offer", offer),
    StandIn(Subscription, "__anext__", read),
    StandIn(Subscription, "receive_nowait", read_nowait),
)
