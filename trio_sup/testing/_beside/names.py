"""Who holds which name, as a model has it: what is registered, and who lives.

A name of a specification is its child's from before a life until the child is at rest,
and is seen while a life is ready. Names that a life registers are its own, seen at once,
and end with it. The model asks children whether they live, and never the registry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any

from attrs import Factory, define

from trio_sup._children.current import present_record
from trio_sup._children.names import Names
from trio_sup._children.record import Child
from trio_sup._children.refusals import AlreadyRegistered, StartFailed
from trio_sup._core.addresses import Via
from trio_sup._core.errors import NoProcess
from trio_sup._registry.registry import Registry
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn

if TYPE_CHECKING:
    from trio_sup._children.record import Record


@define(eq=False)
class Holding:
    """One name of one child."""

    key: Hashable
    record: Record
    value: object
    life: int
    """Whose it is; 0: it is the specification's, and outlives lives."""

    @property
    def held(self) -> bool:
        """Whether nobody else can have it."""
        record = self.record
        if self.life:
            return record.alive and record.life == self.life
        return record.alive or record.may_return or record.status == "quarantined"

    @property
    def seen(self) -> bool:
        """Whether look-ups find it."""
        if self.life:
            return self.held
        return self.record.alive and self.record.ready


@define(eq=False)
class Book:
    """What one registry should say."""

    registry: Registry
    entries: list[Holding] = Factory(list[Holding])
    """In the order in which they came."""
    reserved: dict[Record, Hashable] = Factory(dict[Any, Hashable])
    """Who ever had a name of its specification here."""
    changes: int = 0

    def at(self, key: Hashable) -> list[Holding]:
        """Return who may hold a key."""
        return [each for each in self.entries if each.key == key]

    def give_up_of(self, record: Record) -> None:
        """Forget what a child holds."""
        self.give_up(lambda each: each.record is record)

    def give_up(self, gone: Callable[[Holding], bool]) -> None:
        """Forget some."""
        self.entries = [each for each in self.entries if not gone(each)]
        self.changes += 1


class NamesModel:
    """All names of one run.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self._broken = broken
        self._books: dict[int, Book] = {}
        # How much had happened when all was looked at last.
        self._looked_at: object = None

    def book(self, registry: Any) -> Book:
        """Return what a registry should say."""
        found = self._books.get(id(registry))
        if found is None:
            found = self._books[id(registry)] = Book(registry)
        return found

    def seen(self, registry: Any, key: Hashable) -> list[Record]:
        """Return whom look-ups of a key are to find, in order."""
        return [each.record for each in self.book(registry).at(key) if each.seen]

    def taken(self, registry: Any, key: Hashable, record: Record, life: int) -> None:
        """A child got a name: see that nobody else has it."""
        book = self.book(registry)
        if registry.unique:
            for other in book.at(key):
                if other.held and (life or other.record is not record):
                    words = (
                        f"{key!r} is given to it, and held by {other.record.path_text}"
                    )
                    self._broken(laws.ONE_HOLDER, record.path_text, words)

    def refused(self, registry: Any, key: Hashable, record: Record) -> None:
        """A child did not get a name: see that somebody has it."""
        if registry.unique and not self.book(registry).at(key):
            words = f"{key!r} is refused to it, and held by nobody"
            self._broken(laws.FREE, record.path_text, words)

    # Looked at.

    def settled(self, happened: int) -> None:
        """Nothing more happens by itself."""
        changes = happened, sum(book.changes for book in self._books.values())
        if changes == self._looked_at:
            return
        self._looked_at = changes
        for book in self._books.values():
            book.entries = [each for each in book.entries if each.held]
            for record, what in self._differences(book):
                self._broken(laws.SHOWN, record.path_text, what)
            self._see_reserved(book)
            self._see_waiters(book)

    def _differences(self, book: Book) -> Iterator[tuple[Record, str]]:
        wanted: dict[Hashable, list[Holding]] = {}
        for each in book.entries:
            if each.seen:
                wanted.setdefault(each.key, []).append(each)
        found = book.registry.select()
        for entry in found:
            line = wanted.get(entry.key, [])
            own = next((h for h in line if h.record is entry.handle.record), None)
            if own is None:
                yield entry.handle.record, f"it is found under {entry.key!r}"
            else:
                line.remove(own)
                if own.value is not entry.value and own.value != entry.value:
                    yield own.record, f"{own.key!r} has the value {entry.value!r}"
        for line in wanted.values():
            for each in line:
                yield each.record, f"it is not found under {each.key!r}"
        for record in {each.record: None for each in book.entries}:
            own_keys = [h.key for h in book.entries if h.record is record and h.seen]
            if Counter(book.registry.keys(record.handle)) != Counter(own_keys):
                yield record, f"its names are {own_keys}, and it is told others"

    def _see_reserved(self, book: Book) -> None:
        if not book.registry.unique:
            return
        for record, key in list(book.reserved.items()):
            mine = any(each.record is record for each in book.at(key))
            holds = book.registry.holder(key) is record
            if holds and not mine and not _is_busy(record):
                words = f"{key!r} is kept for it, and it does not come back"
                self._broken(laws.FREE, record.path_text, words)
                del book.reserved[record]
            elif mine and not holds:
                words = f"{key!r} is not kept for it, which is {record.status}"
                self._broken(laws.RESERVED, record.path_text, words)
                book.give_up_of(record)

    def _see_waiters(self, book: Book) -> None:
        for key, _ in book.registry.observed_waiters():
            for record in self.seen(book.registry, key):
                words = f"it lives under {key!r}, and somebody waits for that"
                self._broken(laws.NAMED, record.path_text, words)


def _is_busy(record: Record) -> bool:
    """Whether its supervisor has something to do yet that it may be part of.

    Of a group whose start has failed the rest stays down, with its names (SUP-086).
    """
    plan: Any = getattr(record.parent, "plan", None)
    groups = getattr(plan, "groups", None)
    if plan is None or plan.mode != "running" or not plan.line.idle:
        return plan is not None
    return groups is not None and (groups.present is not None or groups.unfinished)


def register(
    judge: Any,
    original: Any,
    registry: Registry,
    key: Hashable,
    value: object = None,
    *,
    owner: Child | None = None,
) -> None:
    """A life is given a further name."""
    names: NamesModel = judge.names
    try:
        record = present_record() if owner is None else owner.record
    except NoProcess:
        record = None
    try:
        original(registry, key, value, owner=owner)
    except AlreadyRegistered:
        if record is not None:
            names.refused(registry, key, record)
        raise
    assert record is not None
    names.taken(registry, key, record, record.life)
    book = names.book(registry)
    book.entries.append(Holding(key, record, value, record.life))
    book.changes += 1


def reserve(
    judge: Any, original: Any, registry: Any, key: Hashable, record: Record, value: Any
) -> None:
    """A life is about to begin under the name of its specification."""
    names: NamesModel = judge.names
    if not isinstance(registry, Registry):
        original(registry, key, record, value)
        return
    try:
        original(registry, key, record, value)
    except AlreadyRegistered:
        names.refused(registry, key, record)
        raise
    names.taken(registry, key, record, 0)
    book = names.book(registry)
    own = next((each for each in book.at(key) if each.record is record), None)
    if own is None:
        book.entries.append(Holding(key, record, value, 0))
    else:
        own.value, own.life = value, 0
    book.reserved[record] = key
    book.changes += 1


def release(judge: Any, original: Any, registry: Any, record: Record) -> None:
    """A child is at rest, or has another name."""
    original(registry, record)
    if isinstance(registry, Registry):
        names: NamesModel = judge.names
        names.book(registry).give_up(
            lambda each: each.record is record and not each.life
        )


def unregister(judge: Any, original: Any, registry: Registry, key: Hashable) -> None:
    """A child gives up all that it has under a key."""
    record = present_record()
    original(registry, key)
    names: NamesModel = judge.names
    names.book(registry).give_up(lambda each: each.record is record and each.key == key)


def unregister_match(
    judge: Any,
    original: Any,
    registry: Registry,
    key: Hashable,
    accept: Callable[[Any], bool],
) -> None:
    """A child gives up some of what it has under a key: which ones, `accept` says."""
    names: NamesModel = judge.names
    record, accepted = present_record(), list[object]()

    def asked(value: object) -> bool:
        answer = accept(value)
        if answer:
            accepted.append(value)
        return answer

    original(registry, key, asked)
    names.book(registry).give_up(
        lambda each: (
            each.record is record
            and each.key == key
            and any(each.value is value for value in accepted)
        )
    )


def update_value(
    judge: Any, original: Any, registry: Registry, key: Hashable, fn: Any
) -> tuple[object, object]:
    """A child puts another value beside its name."""
    new, old = original(registry, key, fn)
    names: NamesModel = judge.names
    record, book = present_record(), names.book(registry)
    for each in book.at(key):
        if record is not None and each.record is record:
            if each.value is not old:
                words = f"the old value of {key!r} is said to be {old!r}"
                judge.broken(laws.SHOWN, record.path_text, words)
            each.value = new
    book.changes += 1
    return new, old


async def wait_for(
    judge: Any, original: Any, registry: Registry, key: Hashable, *kind: Any
) -> object:
    """Somebody waits for a name."""
    handle = await original(registry, key, *kind)
    record = handle.record
    if not any(each is record for each in judge.names.seen(registry, key)):
        words = f"who waited for {key!r} got it, and it is not there"
        judge.broken(laws.NAMED, record.path_text, words)
    return handle


async def get_or_start(
    judge: Any, original: Any, supervisor: DynamicSupervisor, spec: Any
) -> Child:
    """Somebody wants who holds a name, or a child that does."""
    former = _holder(supervisor.record, spec.name)
    came_before = former is not None and bool(former.started_life)
    try:
        handle: Child = await original(supervisor, spec)
    except (AlreadyRegistered, StartFailed) as error:
        holder = _holder(supervisor.record, spec.name)
        comes_back = came_before and holder is former and holder.may_return
        if holder is not None and (isinstance(error, AlreadyRegistered) or comes_back):
            words = f"it is {holder.status}, and get_or_start raises {error!r}"
            judge.broken(laws.AWAITED, holder.path_text, words)
        raise
    if not handle.record.started_life:
        words = "it is the answer of get_or_start, and was never ready"
        judge.broken(laws.AWAITED, handle.path_text, words)
    return handle


def _holder(of: Record, name: Any) -> Any:
    """Return who has a name of a specification: in a registry of the library's."""
    registry: object = name.registry if isinstance(name, Via) else of.node.registry
    if name is None or not isinstance(registry, Registry):
        return None
    return registry.holder(name.key if isinstance(name, Via) else name)


async def wait_stopped(judge: Any, original: Any, handle: Child) -> None:
    """Somebody waits for an end without return."""
    await original(handle)
    see_free(judge, handle.record)


def see_free(judge: Any, record: Record) -> None:
    """Somebody was told that a child is down for good: its name is free."""
    name = record.spec.name
    if name is None or record.may_return or record.status == "quarantined":
        return
    if _holder(record, name) is record:
        key = name.key if isinstance(name, Via) else name
        words = f"its end is told, and {key!r} is still its own"
        judge.broken(laws.GONE, record.path_text, words)


STAND_INS = (
    StandIn(Registry, "register", register),
    StandIn(Registry, "unregister", unregister),
    StandIn(Registry, "unregister_match", unregister_match),
    StandIn(Registry, "update_value", update_value),
    StandIn(Registry, "wait_for", wait_for),
    StandIn(Names, "reserve", reserve),
    StandIn(Names, "release", release),
    StandIn(DynamicSupervisor, "get_or_start", get_or_start),
    StandIn(Child, "wait_stopped", wait_stopped),
)
