"""Addresses: a key in a certain registry."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from trio_sup._registry.registry import Registry


@frozen
class Via:
    """An address in a certain registry; built by `Registry.via`.

    Two addresses are equal when they name the same key of the same registry.
    """

    registry: Registry
    key: Hashable
    value: object = field(default=None, eq=False)


def key_of(name: Hashable) -> Hashable:
    """Return the key of an address, given as a key or as a `Via`."""
    return name.key if isinstance(name, Via) else name
