"""The registry: names for children, tied to their lives.

A plain object, synchronous, without a task: in one thread there is nothing to be
stale. A name is released in the very step that ends its holder's life, so nobody
ever finds a dead one (checklist REG-006, 012, 025).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, TypeVar, overload

from attrs import frozen

from trio_sup._core.errors import AlreadyRegistered, NoProcess, NoSuchChild
from trio_sup._core.names import Entry, NameTable
from trio_sup._current import current_kid
from trio_sup._wake import Waiters

if TYPE_CHECKING:
    from trio_sup._child import Child
    from trio_sup._kid import Kid
    from trio_sup._server import GenServer
    from trio_sup._server_ref import ServerRef

S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound="Child")


@frozen
class Via:
    """An address in a certain registry; built by `Registry.via`."""

    registry: Registry
    key: Hashable
    value: object = None


class Registry:
    """Unique names for children.

    Any hashable key serves. Python's rule for equal keys holds: ``1``, ``1.0`` and
    ``True`` are one key (Elixir tells them apart: checklist REG-008).
    """

    def __init__(self) -> None:
        self._table: NameTable[Kid] = NameTable()
        self._waiters: dict[Hashable, Waiters] = {}

    def via(self, key: Hashable, value: object = None) -> Via:
        """Return an address to give as ``name=`` of a specification."""
        return Via(self, key, value)

    @overload
    def get(self, key: Hashable, kind: type[S], /) -> ServerRef[S] | None: ...
    @overload
    def get(self, key: Hashable, kind: type[H], /) -> H | None: ...
    @overload
    def get(self, key: Hashable, /) -> Child | None: ...
    def get(self, key: Hashable, kind: type[object] | None = None, /) -> object:
        """Return the holder of `key`, or None if nobody runs under that name.

        A holder that is starting, restarting or backing off is not found: its name
        is reserved, but nobody could answer.

        Args:
            key: The name.
            kind: A server class, for a `ServerRef` of it; or a handle class, such
                as `DynamicSupervisor`.

        Raises:
            WrongKind: the holder is of another kind.
        """
        entry = self._table.entry(key)
        if entry is None or not entry.live:
            return None
        return entry.owner.handle_as(kind)

    @overload
    def lookup(self, key: Hashable, kind: type[S], /) -> ServerRef[S]: ...
    @overload
    def lookup(self, key: Hashable, kind: type[H], /) -> H: ...
    @overload
    def lookup(self, key: Hashable, /) -> Child: ...
    def lookup(self, key: Hashable, kind: type[object] | None = None, /) -> object:
        """Return the holder of `key`; as `get`, but raise where that returns None.

        Raises:
            NoSuchChild: nobody runs under that name.
            WrongKind: the holder is of another kind.
        """
        entry = self._table.entry(key)
        if entry is None or not entry.live:
            raise NoSuchChild("the registry", key)
        return entry.owner.handle_as(kind)

    @overload
    async def wait_for(self, key: Hashable, kind: type[S], /) -> ServerRef[S]: ...
    @overload
    async def wait_for(self, key: Hashable, kind: type[H], /) -> H: ...
    @overload
    async def wait_for(self, key: Hashable, /) -> Child: ...
    async def wait_for(
        self, key: Hashable, kind: type[object] | None = None, /
    ) -> object:
        """Wait until somebody runs under `key`, and return the handle.

        Waits for ever if nobody comes: put it under a `trio.fail_after`. A
        checkpoint only if it has to wait.

        Raises:
            WrongKind: the holder is of another kind.
        """
        while True:
            entry = self._table.entry(key)
            if entry is not None and entry.live:
                return entry.owner.handle_as(kind)
            waiters = self._waiters.setdefault(key, Waiters())
            try:
                await waiters.wait()
            finally:
                if not waiters and self._waiters.get(key) is waiters:
                    del self._waiters[key]

    def value(self, key: Hashable) -> object:
        """Return the value that was registered with a key.

        Raises:
            NoSuchChild: nobody runs under that name.
        """
        entry = self._table.entry(key)
        if entry is None or not entry.live:
            raise NoSuchChild("the registry", key)
        return entry.value

    def register(self, key: Hashable, value: object = None) -> None:
        """Give the present child a further name, until its life ends.

        Raises:
            AlreadyRegistered: somebody, perhaps this child, holds the key.
            NoProcess: the present task does not belong to a child.
        """
        kid = _current_kid()
        entry = self._table.add(key, kid, value)
        if entry is None:
            held = self._table.entry(key)
            assert held is not None
            raise AlreadyRegistered(key, held.owner.handle)
        kid.note_registry(self)
        self._show(entry)

    def unregister(self, key: Hashable) -> None:
        """Give up a name of the present child; harmless if it is not its own."""
        self._table.remove(key, _current_kid())

    def keys(self, handle: Child) -> list[Hashable]:
        """Return the names of a child, in the order of registration."""
        return [entry.key for entry in self._table.of(handle.kid) if entry.live]

    def __len__(self) -> int:
        return sum(1 for entry in self._table if entry.live)

    # What the drivers call.

    def holder(self, key: Hashable) -> Kid | None:
        """The child that a key belongs to, running or not."""
        entry = self._table.entry(key)
        return None if entry is None else entry.owner

    def reserve(self, key: Hashable, kid: Kid, value: object) -> None:
        """Take a name for a child's life that is about to start.

        Raises:
            AlreadyRegistered: another child holds it, or it is reserved for one.
        """
        entry = self._table.entry(key)
        if entry is None:
            entry = self._table.add(key, kid, value)
            assert entry is not None
        elif entry.owner is not kid:
            raise AlreadyRegistered(key, entry.owner.handle)
        entry.reserved = True

    def show(self, key: Hashable, kid: Kid) -> None:
        """The child is ready: look-ups find it from now on."""
        entry = self._table.entry(key)
        if entry is not None and entry.owner is kid:
            self._show(entry)

    def hide(self, key: Hashable, kid: Kid) -> None:
        """The child's life has ended; the name stays reserved for the next."""
        entry = self._table.entry(key)
        if entry is not None and entry.owner is kid:
            entry.live = False

    def release(self, key: Hashable, kid: Kid) -> None:
        """Free a reserved name."""
        self._table.remove(key, kid)

    def release_life(self, kid: Kid) -> None:
        """Free the names that one life registered for itself."""
        for entry in self._table.of(kid):
            if not entry.reserved:
                self._table.remove(entry.key, kid)

    def _show(self, entry: Entry[Kid]) -> None:
        entry.live = True
        waiters = self._waiters.get(entry.key)
        if waiters is not None:
            waiters.wake()


def _current_kid() -> Kid:
    kid = current_kid.get()
    if kid is None:
        raise NoProcess("the present task", "does not belong to a child")
    return kid
