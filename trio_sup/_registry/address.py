"""Addresses: names that are looked up at each use."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Self, TypeVar, cast

import trio

from trio_sup._children.typed import handle_as
from trio_sup._core.errors import NoProcess
from trio_sup._core.words import Status
from trio_sup._servers.ref import ServerRef
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.names import Names
    from trio_sup._children.record import Child, Record
    from trio_sup._servers.genserver import GenServer

S = TypeVar("S", bound="GenServer")
S_co = TypeVar("S_co", bound="GenServer", covariant=True)
H = TypeVar("H", bound="Child")


@protected
class NamedRef(ServerRef[S_co]):
    """Whoever holds a key: a `ServerRef` that looks it up at each use.

    Made by `Registry.ref`. Two are equal when they name the same key of the same
    registry. Every use raises `NoProcess` while nobody holds the key, and
    `WrongKind` if its holder is not of the class asked for; `status` is then
    ``"gone"``, and `wait_running` does not wait for a first holder: see
    `Registry.wait_for`.
    """

    __slots__ = ("_key", "_kind", "_registry")
    _key: Hashable
    _kind: type[GenServer]
    _registry: Names

    @classmethod
    def to(cls, registry: Names, key: Hashable, kind: type[S]) -> NamedRef[S]:
        """Make the address; see `Registry.ref`."""
        self = cast("NamedRef[S]", object.__new__(cls))
        self._registry = registry
        self._key = key
        self._kind = kind
        self.view = None
        return self

    @property  # type: ignore[override]  # nobody sets it
    def record(self) -> Record:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The library's own record of the present holder; not for users."""
        holder = self._registry.holder(self._key)
        if holder is None:
            raise NoProcess(str(self._key), "is not registered")
        handle_as(holder, self._kind)
        return holder

    @property
    def key(self) -> Hashable:
        """The key that is looked up."""
        return self._key

    @property
    def status(self) -> Status:
        """Where the present holder is in its story; ``gone`` without one."""
        holder = self._registry.holder(self._key)
        return "gone" if holder is None else holder.status

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, NamedRef)
            and other._registry is self._registry
            and other._key == self._key
        )

    def __hash__(self) -> int:
        return hash((id(self._registry), self._key))

    def __repr__(self) -> str:
        return f"<NamedRef {self._key!r} of {self._registry.name!r}, {self.status}>"

    def _same(self) -> Self:
        return cast("Self", type(self).to(self._registry, self._key, self._kind))

    async def wait_running(self) -> None:
        """Wait while the holder is between lives. A checkpoint.

        Raises:
            NoProcess: nobody holds the key, or its holder will not run again.
            WrongKind: the holder is of another kind.
        """
        await trio.lowlevel.checkpoint()
        while not (record := self.record).running:
            if not record.may_return:
                raise NoProcess(record.path_text, f"is {record.status}")
            await record.wait_change()

    async def wait_stopped(self) -> None:
        """Wait until the present holder, if there is one, is down for good."""
        holder = self._registry.holder(self._key)
        if holder is None:
            await trio.lowlevel.checkpoint()
        else:
            await holder.handle.wait_stopped()
