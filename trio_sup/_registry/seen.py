"""What a registry holds, for whoever looks: names, waiters, subscribers, locks.

The seam to the inspector. Nothing here changes anything, or runs code of a key.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from trio.lowlevel import Task

from trio_sup._core.name_tables import Entry
from trio_sup._registry.pubsub import Subscription

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._registry.registry import Registry

Who: TypeAlias = "Record | Task | None"


class SeenName:
    """One thing that a registry holds: looked into only where somebody sees it."""

    __slots__ = ("_about", "_who", "key", "kind")

    def __init__(
        self,
        kind: str,
        key: Hashable,
        who: Who,
        about: Entry[Record] | Subscription[Any] | int,
    ) -> None:
        self.kind: str = kind
        self.key: Hashable = key
        self._who = who
        self._about = about

    @property
    def task(self) -> Task | None:
        """Whose it is, if it is a task's and not a child's."""
        return self._who if isinstance(self._who, Task) else None

    @property
    def holder(self) -> tuple[int, str]:
        """The number and path of the child that it belongs to; 0 for none."""
        who = self._who
        if who is None or isinstance(who, Task):
            return 0, ""
        return who.uid, who.path_text

    @property
    def value(self) -> object:
        """What was registered with the name; None for anything else."""
        return self._about.value if isinstance(self._about, Entry) else None

    @property
    def stream(self) -> tuple[int, float, int]:
        """Of a subscription: messages waiting, capacity, messages dropped."""
        about = self._about
        if not isinstance(about, Subscription):
            return 0, 0.0, 0
        return about.waiting, about.capacity, about.dropped

    @property
    def others(self) -> int:
        """How many hold the same key beside it, or wait for the same lock."""
        return self._about if isinstance(self._about, int) else 0


class SeenRegistry:
    """One registry."""

    __slots__ = ("_registry", "name", "unique")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.name: str = registry.name
        self.unique: bool = registry.unique

    def observed(self) -> Iterator[SeenName]:
        """All that it holds, reserved names, waiters and subscribers included."""
        return _seen_in(self._registry)

    def observed_at(self, key: Hashable) -> int:
        """How many hold a key, running or not."""
        return self._registry.observed_at(key)


def _seen_in(registry: Registry) -> Iterator[SeenName]:
    for entry in registry.observed_names():
        kind = "name" if entry.live else "reserved"
        yield SeenName(kind, entry.key, entry.owner, entry)
    for key, task in registry.observed_waiters():
        yield SeenName("waiter", key, task, 0)
    for topic, subscription in registry.observed_subscribers():
        yield SeenName("subscriber", topic, subscription.owner, subscription)
    for key, owner, waiting in registry.observed_locks():
        yield SeenName("lock", key, owner, waiting)
