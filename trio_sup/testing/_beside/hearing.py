"""Who listens to a registry, and who holds its locks."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import Any

from attrs import Factory, define

from trio_sup._children.current import present_record
from trio_sup._registry.listeners import HeardNames, Notifier, Registered
from trio_sup._registry.locks import Locks
from trio_sup._registry.registry import Registry
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn


@define(eq=False)
class Ear:
    """One listener of one registry."""

    registry: Registry
    there: Counter[tuple[Any, Hashable]]
    """What is to be looked up, by what it heard."""
    line: deque[object] = Factory(deque[object])
    """What it is still to hear, in order."""


@define(eq=False)
class Lock:
    """Who holds the lock of one key, or waits for it, in order of arrival."""

    name: str
    line: list[object] = Factory(list[object])
    passed: list[object] = Factory(list[object])
    """Those after whom others came in: fine only if they gave up just then."""
    held_by: object = None


class HearingModel:
    """Listeners and locks of one run.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self.broken = broken
        self.ears: dict[tuple[int, int], Ear] = {}
        self.locks: dict[tuple[int, Hashable], Lock] = {}

    def lock(self, registry: Any, key: Hashable) -> Lock:
        """Return the lock of a key."""
        name = f"{registry.name}[{key!r}]"
        return self.locks.setdefault((id(registry), key), Lock(name))

    def settled(self) -> None:
        """Nothing more happens by itself."""
        for ear in self.ears.values():
            there = _there(ear.registry)
            if there != ear.there:
                wrong = next(iter({**(there - ear.there), **(ear.there - there)}))
                words = f"who listens has heard something else of {wrong[1]!r}"
                self.broken(laws.HEARD, ear.registry.name, words)
                ear.there = there
        for lock in self.locks.values():
            if lock.passed or (lock.line and lock.held_by is None):
                self.broken(laws.LOCKED, lock.name, "who waits does not get it")
                lock.passed.clear()
                lock.line.clear()


def _there(registry: Registry) -> Counter[tuple[Any, Hashable]]:
    return Counter((each.handle, each.key) for each in registry.select())


def _heard(registry: Registry, notifier: Any) -> Ear:
    """Return the ear of who listens from now on.

    He hears of what is in line already, too: so that is not there for him yet.
    """
    there, line = _there(registry), deque[object](notifier._queue)
    for notice in line:
        place = notice.handle, notice.key  # type: ignore[attr-defined]
        there[place] += -1 if isinstance(notice, Registered) else 1
    return Ear(registry, +there, line)


def _attend(judge: Any, registry: Any) -> None:
    """Let there be an ear for each who listens to a registry.

    The registry knows listeners by what they are equal to, as methods are, which are
    made anew each time somebody says their name.
    """
    if not isinstance(registry, Registry):
        return
    notifier: Any = registry._notifier  # pyright: ignore[reportPrivateUsage]
    ears: dict[tuple[int, int], Ear] = judge.hearing.ears
    present = {(id(notifier), id(each)) for each in notifier.listeners}
    for place in [each for each in ears if each[0] == id(notifier)]:
        if place not in present:
            del ears[place]
    for place in present:
        if place not in ears:
            ears[place] = _heard(registry, notifier)


def add_listener(judge: Any, original: Any, registry: Any, listener: Any) -> None:
    """Somebody wants to hear of names."""
    original(registry, listener)
    _attend(judge, registry)


def remove_listener(judge: Any, original: Any, registry: Any, listener: Any) -> None:
    """He does no longer."""
    original(registry, listener)
    _attend(judge, registry)


def post(judge: Any, original: Any, notifier: Any, notice: Any) -> None:
    """Something is to be told to all listeners of a registry."""
    for (of, _), ear in judge.hearing.ears.items():
        if of == id(notifier):
            ear.line.append(notice)
    original(notifier, notice)


def tell(
    judge: Any, original: Any, notifier: Any, listener: Any, failures: Any, notice: Any
) -> None:
    """A listener is told."""
    ear = judge.hearing.ears.get((id(notifier), id(listener)))
    if ear is not None:
        if ear.line and ear.line.popleft() is not notice:
            words = f"who listens hears of {notice.key!r} out of turn"
            judge.broken(laws.HEARD, ear.registry.name, words)
        place = notice.handle, notice.key
        ear.there[place] += 1 if isinstance(notice, Registered) else -1
        if ear.there[place] < 0 or (ear.registry.unique and ear.there[place] > 1):
            words = f"who listens hears twice of {notice.key!r}"
            judge.broken(laws.HEARD, ear.registry.name, words)
        ear.there = +ear.there
    original(notifier, listener, failures, notice)


class WatchedLock:
    """A lock for the length of a block, watched."""

    def __init__(self, block: Any, lock: Lock, judge: Any) -> None:
        self._block, self._lock, self._judge = block, lock, judge
        self.owner = present_record()

    async def __aenter__(self) -> Any:
        lock = self._lock
        lock.line.append(self)
        try:
            with self._judge.waits.waiting(f"the lock {lock.name}", self._holder):
                given = await self._block.__aenter__()
        except BaseException:
            self._leave_line()
            raise
        if lock.held_by is not None:
            self._judge.broken(laws.LOCKED, lock.name, "two tasks hold it")
        if self in lock.passed:
            self._judge.broken(laws.LOCKED, lock.name, "who came later had it first")
        before = lock.line[: lock.line.index(self)] if self in lock.line else []
        self._leave_line()
        lock.passed += [each for each in before if each not in lock.passed]
        lock.held_by = self
        return given

    def _holder(self) -> Any:
        holder = self._lock.held_by
        return holder.owner if isinstance(holder, WatchedLock) else None

    def _leave_line(self) -> None:
        for waiting in self._lock.line, self._lock.passed:
            if self in waiting:
                waiting.remove(self)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Any:
        if self._lock.held_by is self:
            self._lock.held_by = None
        return await self._block.__aexit__(kind, error, trace)


def lock(judge: Any, original: Any, registry: Any, key: Hashable) -> Any:
    """Somebody wants the lock of a key."""
    return WatchedLock(
        original(registry, key), judge.hearing.lock(registry, key), judge
    )


STAND_INS = (
    StandIn(HeardNames, "add_listener", add_listener),
    StandIn(HeardNames, "remove_listener", remove_listener),
    StandIn(Notifier, "post", post),
    StandIn(Notifier, "_call", tell),
    StandIn(Locks, "lock", lock),
)
