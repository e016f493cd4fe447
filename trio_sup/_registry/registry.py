"""The registry: names for children, tied to their lives.

A plain object, synchronous, without a task: in one thread there is nothing to be
stale. A name is released in the very step that ends its holder's life, so nobody
ever finds a dead one (checklist REG-006, 012, 025).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

import trio
from attrs import frozen
from trio.lowlevel import enable_ki_protection

from trio_sup._children.current import present_record
from trio_sup._children.naming import note_registry
from trio_sup._children.refusals import AlreadyRegistered
from trio_sup._children.typed import handle_as
from trio_sup._core.addresses import Via
from trio_sup._core.errors import NoProcess, NoSuchChild
from trio_sup._core.name_tables import Entry
from trio_sup._registry.address import NamedRef, address_of
from trio_sup._registry.locks import Locks
from trio_sup._registry.made import remember
from trio_sup._registry.topics import Topics
from trio_sup._trio.protect import call_user
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record
    from trio_sup._servers.genserver import GenServer
    from trio_sup._servers.ref import ServerRef

S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound="Child")

Keys: TypeAlias = Literal["unique", "duplicate"]
"""Whether a key has one holder or any number of them."""


@frozen
class Registration:
    """One entry of a registry, as it was when asked for."""

    key: Hashable
    handle: Child
    value: object
    """What was registered with the key."""

    def server(self, kind: type[S]) -> ServerRef[S]:
        """Return the handle as that of a server; raises `WrongKind`."""
        ref: ServerRef[S] = handle_as(self.handle.record, kind)  # type: ignore[assignment]
        return ref


class Registry(Topics, Locks):
    """Names for children, unique or shared.

    Any hashable key serves. Python's rule for equal keys holds: ``1``, ``1.0`` and
    ``True`` are one key (Elixir tells them apart: checklist REG-008). Keys are never
    patterns.

    A child gets a name in two ways: by its specification (``name=registry.via(key)``,
    unique keys only), registered before each life and hidden until it is ready; or
    by `register`, for the rest of the present life, seen at once. All of them are
    gone in the step in which the life ends.

    Nothing here is a checkpoint but `wait_for` and `lock`.

    Args:
        keys: ``unique``: a key has one holder. ``duplicate``: any number, and one
            child may hold the same key several times.
        name: What to call the registry in messages.

    Raises:
        ValueError: another word for `keys`.
    """

    def __init__(self, keys: Keys = "unique", *, name: str = "registry") -> None:
        known: object = keys
        if known not in ("unique", "duplicate"):
            raise ValueError(f"keys must be 'unique' or 'duplicate', not {keys!r}")
        Topics.__init__(self, unique=keys == "unique", name=name)
        Locks.__init__(self, partial(self.enter, "lock", waits=True))
        remember(self)
        self.meta: dict[Hashable, object] = {}
        """Anything worth keeping with the registry; it never looks into it."""

    def __repr__(self) -> str:
        keys = "duplicate" if self._unique is None else "unique"
        return f"<Registry {self.name!r}, {keys} keys, {self.count()} entries>"

    def via(self, key: Hashable, value: object = None) -> Via:
        """Return an address to give as ``name=`` of a specification.

        Args:
            key: The name.
            value: What to register with it; each life starts with it anew. Not part
                of the address.

        Raises:
            ValueError: the registry has duplicate keys (REG-033).
        """
        self._only_unique("via")
        return Via(self, key, value)

    # Looking up.

    @overload
    def get(self, key: Hashable, kind: type[S], /) -> ServerRef[S] | None: ...
    @overload
    def get(self, key: Hashable, kind: type[H], /) -> H | None: ...
    @overload
    def get(self, key: Hashable, /) -> Child | None: ...
    def get(self, key: Hashable, kind: type[object] | None = None, /) -> object:
        """Return the holder of a unique key, or None if nobody runs under it.

        A holder that is starting, restarting or backing off is not found: its name
        is reserved, but nobody could answer.

        Args:
            key: The name.
            kind: A server class, for a `ServerRef` of it; or a handle class, such
                as `DynamicSupervisor`.

        Raises:
            WrongKind: the holder is of another kind.
            ValueError: keys are duplicate; see `entries`.
        """
        entry = self._only_unique("get").get(key)
        if entry is None or not entry.live:
            return None
        return handle_as(entry.owner, kind)

    @overload
    def lookup(self, key: Hashable, kind: type[S], /) -> ServerRef[S]: ...
    @overload
    def lookup(self, key: Hashable, kind: type[H], /) -> H: ...
    @overload
    def lookup(self, key: Hashable, /) -> Child: ...
    def lookup(self, key: Hashable, kind: type[object] | None = None, /) -> object:
        """Return the holder of a unique key; as `get`, but raise instead of None.

        Raises:
            NoSuchChild: nobody runs under that name.
            WrongKind, ValueError: as from `get`.
        """
        # In place what three functions would do: 0.8 k instructions instead of 2.1 k.
        if (entries := self._by_key) is None:  # not `or`: a dict's truth is a call more
            entries = self._only_unique("lookup").by_key
        entry = entries.get(key)
        if entry is None or not entry.live:
            raise NoSuchChild(self.name, key)
        owner = entry.owner
        return owner.handle if kind is owner.spec.target else handle_as(owner, kind)

    @overload
    async def wait_for(self, key: Hashable, kind: type[S], /) -> ServerRef[S]: ...
    @overload
    async def wait_for(self, key: Hashable, kind: type[H], /) -> H: ...
    @overload
    async def wait_for(self, key: Hashable, /) -> Child: ...
    @enable_ki_protection
    async def wait_for(
        self, key: Hashable, kind: type[object] | None = None, /
    ) -> object:
        """Wait until somebody runs under a unique key; return the handle.

        For ever if nobody comes: put it under `trio.fail_after`. A checkpoint.

        Raises:
            WrongKind: the holder is of another kind.
            ValueError: keys are duplicate.
        """
        self.enter("wait_for", waits=True)
        table = self._only_unique("wait_for")
        await trio.lowlevel.checkpoint()
        while True:
            entry = table.get(key)
            if entry is not None and entry.live:
                return handle_as(entry.owner, kind)
            waiters = self._waiters.setdefault(key, Waiters())
            try:
                await waiters.wait()
            finally:
                if not waiters and self._waiters.get(key) is waiters:
                    del self._waiters[key]

    @overload
    def ref(
        self, key: Hashable, kind: type[S], *, wait: bool = False
    ) -> NamedRef[S]: ...
    @overload
    def ref(self, key: Hashable, kind: type[H], *, wait: bool = False) -> H: ...
    @overload
    def ref(self, key: Hashable, *, wait: bool = False) -> Child: ...
    def ref(
        self, key: Hashable, kind: type[object] | None = None, *, wait: bool = False
    ) -> object:
        """Return an address: a handle that looks the key up at each use.

        It is good before anybody holds the key, and follows the name from holder to
        holder, over restarts and re-creation, as Elixir's via tuples do. While nobody
        holds the key its uses raise `NoProcess`, and `WrongKind` if its holder is not
        of the kind asked for. It can be given as ``name=`` of a specification, too.

        Args:
            key: The name.
            kind: A server class, for an address that is a `ServerRef` of it; or a
                handle class, such as `DynamicSupervisor`, for one that is used as such
                a handle.
            wait: Whether all that is awaited waits, if need be, until somebody runs
                under the key, the first holder or the next. For ever if nobody comes:
                put it under `trio.fail_after`, or use `ServerRef.with_timeout`. What is
                not awaited, as `ServerRef.cast`, raises `NoProcess` all the same.

        Raises:
            ValueError: keys are duplicate.
            TypeError: `kind` is no such class.
        """
        self._only_unique("ref")
        return address_of(self, key, kind, waits=wait)

    def value(self, key: Hashable) -> object:
        """Return the value that was registered with a unique key.

        Raises:
            NoSuchChild: nobody runs under that name.
            ValueError: keys are duplicate; see `values`.
        """
        entry = self._only_unique("value").get(key)
        if entry is None or not entry.live:
            raise NoSuchChild(self.name, key)
        return entry.value

    def entries(self, key: Hashable) -> list[Registration]:
        """Return all entries of a key, in registration order (REG-011)."""
        return [_shown(entry) for entry in self._table.at(key) if entry.live]

    def keys(self, handle: Child) -> list[Hashable]:
        """Return the names of a child, in registration order.

        With repeats where it holds a duplicate key several times (REG-014).
        """
        return [entry.key for entry in self._table.of(handle.record) if entry.live]

    def values(self, key: Hashable, handle: Child) -> list[object]:
        """Return what a child registered with a key (REG-015)."""
        own = self._table.of_key(key, handle.record)
        return [entry.value for entry in own if entry.live]

    def of(self, handle: Child) -> list[Registration]:
        """Return all entries of a child, in registration order."""
        return [_shown(entry) for entry in self._table.of(handle.record) if entry.live]

    def select(
        self, predicate: Callable[[Registration], bool] | None = None
    ) -> list[Registration]:
        """Return the entries that a predicate accepts, or all; a snapshot."""
        found = [_shown(entry) for entry in self._table if entry.live]
        return found if predicate is None else [r for r in found if predicate(r)]

    def count(self, predicate: Callable[[Registration], bool] | None = None) -> int:
        """Count the entries that a predicate accepts, or all in constant time."""
        return self._table.live if predicate is None else len(self.select(predicate))

    # A child's own names.

    @enable_ki_protection
    def register(
        self, key: Hashable, value: object = None, *, owner: Child | None = None
    ) -> None:
        """Give a child a further name, until its present life ends.

        Look-ups find it at once, even while the child is still starting: what is
        sent to a server then waits in its mailbox.

        Args:
            key: The name.
            value: Anything to keep with it.
            owner: Who gets it; by default the child that the present task is part
                of.

        Raises:
            AlreadyRegistered: keys are unique and somebody, perhaps this very child,
                holds it (REG-005); nothing has changed.
            NoProcess: the present task does not belong to a child, or `owner` does
                not live.
            WrongRun: called from a thread or from another Trio run.
        """
        record = self._owner("register") if owner is None else owner.record
        if not record.alive:
            raise NoProcess(record.path_text, f"is {record.status}")
        record.node.home.check("registry.register", self.name)
        self.enter("register")
        entry = self._table.add(key, record, value)
        if entry is None:
            raise AlreadyRegistered(key, self._table.at(key)[0].owner.handle)
        note_registry(record, self)
        self._show(entry)

    def unregister(self, key: Hashable) -> None:
        """Give up all entries of the present child under a key (REG-017).

        Harmless if there are none, or if the key is somebody else's.

        Raises:
            NoProcess: the present task does not belong to a child.
            WrongRun: called from a thread or from another Trio run.
        """
        self._give_up(self._owner("unregister"), key, lambda _: True)

    @enable_ki_protection
    def unregister_match(self, key: Hashable, accept: Callable[[Any], bool]) -> None:
        """Give up those entries of the present child whose value is accepted.

        Args:
            key: The exact key.
            accept: Called with the value of each entry of the present child there.

        Raises:
            NoProcess, WrongRun: as `unregister`.
        """
        self._give_up(self._owner("unregister_match"), key, accept)

    @enable_ki_protection
    def _give_up(
        self, record: Record, key: Hashable, accept: Callable[[Any], bool]
    ) -> None:
        own = self._table.of_key(key, record)
        for entry in [entry for entry in own if call_user(accept, entry.value)]:
            self._remove(entry)

    def _owner(self, call: str) -> Record:
        """Return the child that the present code is part of, if it may change this."""
        record = present_record()
        if record is not None and record.node.home.abroad():
            record = None  # a run in a thread of that child: there it is nobody's
        if record is not None:
            record.node.home.check(f"registry.{call}", self.name)
        self.enter(call)
        if record is None:
            raise NoProcess("the present task", "does not belong to a child")
        return record

    @enable_ki_protection
    def update_value(
        self, key: Hashable, fn: Callable[[Any], object]
    ) -> tuple[object, object]:
        """Replace the value of a unique key that the present child holds.

        Args:
            key: The name.
            fn: Called with the old value, returns the new one. If it raises, the old
                value stays.

        Returns:
            The new value and the old one.

        Raises:
            NoSuchChild: the present child does not hold the key; `fn` is not called.
            NoProcess, WrongRun: as `unregister`.
            ValueError: keys are duplicate.
        """
        record = self._owner("update_value")
        entry = self._only_unique("update_value").get(key)
        if entry is None or entry.owner is not record:
            raise NoSuchChild(f"{self.name} (for {record.path_text!r})", key)
        old = entry.value
        entry.value = new = call_user(fn, old)
        return new, old

    # To many at once.

    def dispatch(
        self, key: Hashable, fn: Callable[[list[Registration]], object]
    ) -> None:
        """Call a function with all entries of a key; not at all if there are none.

        It runs here and now; what it raises is the caller's (REG-023, 024).

        Raises:
            TypeError: `fn` is async; loop over `entries` instead.
            WrongRun: called from elsewhere while a Trio run uses this registry.
        """
        self.enter("dispatch")
        if inspect.iscoroutinefunction(fn):
            write = "`for entry in registry.entries(key): await ...`"
            said = f"dispatch() calls a plain function; for an async one write {write}"
            raise TypeError(said)
        if entries := self.entries(key):
            fn(entries)


def _shown(entry: Entry[Record]) -> Registration:
    return Registration(entry.key, entry.owner.handle, entry.value)
