"""Look-ups in the node's own registry."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, TypeVar, cast, overload

from trio_sup._node.node import current_node
from trio_sup._servers.ref import ServerRef

if TYPE_CHECKING:
    from trio_sup._children.record import Child
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
    registry = current_node().registry
    if kind is None:
        return registry.get(key)
    return registry.get(key, cast("type[Child]", kind))
