"""Addresses: a key in a certain registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Protocol, TypeVar

from attrs import field, frozen

R = TypeVar("R")


class Namespace(Protocol[R]):
    """What a registry is to the children that it names: how names come and go.

    In this order for each name: reserved before a life, shown once it is ready, hidden
    when it has ended, released when the child is at rest.
    """

    def reserve(self, key: Hashable, record: R, value: object) -> None:
        """Take a name for a child's life that is about to start."""

    def show(self, record: R) -> None:
        """The child is ready: look-ups find it from now on."""

    def hide(self, record: R) -> None:
        """The child's life has ended; the name stays reserved for the next."""

    def release(self, record: R) -> None:
        """Free a reserved name."""

    def release_life(self, record: R) -> None:
        """Free the names that one life registered for itself, all of them."""

    def holder(self, key: Hashable) -> R | None:
        """The child that a unique key belongs to, running or not."""


@frozen
class Via:
    """An address in a certain registry; built by `Registry.via`.

    Two addresses are equal when they name the same key of the same registry.
    """

    registry: Namespace[Any]
    key: Hashable
    value: object = field(default=None, eq=False)


@frozen
class ClaimedVia(Via):
    """An address that belongs to nobody until it is claimed, somewhere else.

    Each life waits for that before it begins with anything of the user's.
    """

    claim: Callable[[Any], Awaitable[None]] = field(kw_only=True, eq=False, repr=False)
    """Called with the record; returns when the name is the child's, or raises."""


def as_name(name: Hashable) -> Hashable:
    """Return what to register by, of a name that may be given as an address."""
    convert: Any = getattr(type(name), "__as_name__", None)
    result: Hashable = name if convert is None else convert(name)
    return result


def key_of(name: Hashable) -> Hashable:
    """Return the key of an address, given as a key or as a `Via`."""
    return name.key if isinstance(name, Via) else name
