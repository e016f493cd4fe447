"""Partitions: which one a key belongs to, and which take part in group restarts."""

from __future__ import annotations

import zlib
from collections.abc import Hashable
from enum import Enum
from numbers import Number
from typing import TypeVar, cast
from uuid import UUID

from trio_sup._core.state import ChildState
from trio_sup._core.strategy import SupervisorCore

K = TypeVar("K", bound=ChildState)


def partition_of(key: Hashable, count: int) -> int:
    """Return the partition of a key: the same for equal keys, as long as `count` is.

    Whole numbers go to ``abs(key) % count`` (checklist PART-006). Text, bytes, UUIDs,
    enum members, None and tuples and frozensets of such go by a checksum, so that
    they keep their place in other processes, too; Python's own `hash` of text
    changes with every start. Any other key goes by its own `hash`.

    Args:
        key: What is to be placed.
        count: How many partitions there are, at least 1.
    """
    if isinstance(key, Number):
        return abs(_whole(key)) % count
    return _checksum(key) % count


def _whole(key: Number) -> int:
    """A whole number for a number: itself, if it is one (``2.0`` and ``2`` are equal)."""
    if isinstance(key, int):
        return int(key)
    try:
        whole = int(key)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return hash(key)
    return int(whole) if whole == key else hash(key)


def _checksum(key: Hashable) -> int:
    """A number for a key: equal for equal keys, stable over processes if it can be."""
    match key:
        case str():
            return zlib.crc32(key.encode(errors="surrogatepass"))
        case bytes():
            return zlib.crc32(key, 1)
        case Number():
            return zlib.crc32(str(_whole(key)).encode(), 2)
        case tuple():
            parts = [_checksum(part) for part in cast("tuple[Hashable, ...]", key)]
            return zlib.crc32(str(parts).encode(), 3)
        case frozenset():
            parts = [_checksum(part) for part in cast("frozenset[Hashable]", key)]
            return zlib.crc32(str(sorted(parts)).encode(), 4)
        case UUID():
            return zlib.crc32(key.bytes, 5)
        case Enum():
            return zlib.crc32(f"{type(key).__qualname__}.{key.name}".encode(), 6)
        case None:
            return 0
        case _:
            return hash(key)


class PartitionCore(SupervisorCore[K]):
    """The decisions of a partition supervisor: disabled partitions stay down.

    In Elixir a group restart brings them back (checklist PART-014).
    """

    __slots__ = ("size",)

    # Invariant: partitions 0 to size - 1 are enabled, the others are disabled.
    size: int

    def is_enabled(self, record: K) -> bool:
        """Whether a partition is in use."""
        return isinstance(record.id, int) and record.id < self.size

    def group_of(self, pivot: K) -> list[K]:
        """The enabled partitions that a restart of `pivot` concerns."""
        return [record for record in super().group_of(pivot) if self.is_enabled(record)]
