"""Look-ups in the node's own registry."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Final, TypeVar, cast, overload

from trio_sup._node.node import node_for
from trio_sup._registry.address import NamedRef, address_of
from trio_sup._servers.ref import ServerRef

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record
    from trio_sup._registry.registry import Registry
    from trio_sup._servers.genserver import GenServer


S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound="Child")


@overload
def whereis(key: Hashable, kind: type[S], /) -> ServerRef[S] | None: ...


@overload
def whereis(key: Hashable, kind: type[H], /) -> H | None: ...


@overload
def whereis(key: Hashable, /) -> Child | None: ...


def whereis(key: Hashable, kind: type[object] | None = None, /) -> object:
    """Return who runs under a name of the node's own registry, or None.

    The node's registry is where ``name="x"`` in a specification registers. As
    `Registry.get`: a holder that is starting or between lives is not found.

    Args:
        key: The name.
        kind: A server class, for a `ServerRef` of it; or a handle class.

    Raises:
        WrongKind: the holder is of another kind.
        RuntimeError: outside of a Trio run.
    """
    registry = node_for("whereis", 'whereis("name", MyServer)').registry
    if kind is None:
        return registry.get(key)
    return registry.get(key, cast("type[Child]", kind))


def _own() -> Registry:
    line = 'await address("name", MyServer).call(...)'
    return node_for("a use of address", line).registry


class _OwnRegistry:
    """The own registry of whatever node runs when it is asked."""

    name: str = "registry"

    def enter(self, call: str, *, waits: bool = False) -> None:
        """Refuse what comes from elsewhere."""
        _own().enter(call, waits=waits)

    def holder(self, key: Hashable) -> Record | None:
        """The child that a key belongs to, running or not."""
        return _own().holder(key)

    async def wait_for(self, key: Hashable, /) -> object:
        """Wait until somebody runs under a key."""
        return await _own().wait_for(key)

    def via(self, key: Hashable, /) -> Hashable:
        """What a specification says to register under the key."""
        return key


_OWN: Final = _OwnRegistry()


@overload
def address(key: Hashable, kind: type[S], *, wait: bool = False) -> NamedRef[S]: ...


@overload
def address(key: Hashable, kind: type[H], *, wait: bool = False) -> H: ...


@overload
def address(key: Hashable, *, wait: bool = False) -> Child: ...


def address(
    key: Hashable, kind: type[object] | None = None, *, wait: bool = False
) -> object:
    """Return an address in the own registry of whatever node runs when it is used.

    To be made once, at the top of a module, outside of a Trio run too::

        SYNCS = address("syncs", DynamicSupervisor)
        INDEX = address("index", Index, wait=True)

        tree = [dynamic_supervisor(name=SYNCS), child(Index, name=INDEX)]

        async def sync(viewer: str) -> None:
            await SYNCS.start_child(child(Sync, viewer))
            await INDEX.call(Index.add, viewer)

    It is what `Registry.ref` returns for the registry of ``name="syncs"``, with the
    same arguments and errors; used outside of a Trio run it raises `WrongRun`.

    Raises:
        TypeError: `kind` is neither a server class nor a handle class.
    """
    return address_of(_OWN, key, kind, waits=wait)
