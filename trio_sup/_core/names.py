"""The tables of a unique registry: pure, synchronous, O(1).

Invariant: a key is in the table as long as its owner may hold it; `live` tells
whether look-ups see it. A key is *reserved* (present, not live) while its owner is
starting, restarting or backing off, so that nobody takes it in between.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

O = TypeVar("O", bound=Hashable)  # noqa: E741


class Entry(Generic[O]):
    """One key's holder."""

    __slots__ = ("key", "live", "owner", "reserved", "value")

    def __init__(self, key: Hashable, owner: O, value: object) -> None:
        self.key = key
        self.owner = owner
        self.value = value
        # Whether look-ups see it.
        self.live = False
        # Whether it belongs to the specification (kept between lives) rather than
        # to one life.
        self.reserved = False


class NameTable(Generic[O]):
    """Unique keys and their owners."""

    __slots__ = ("_by_key", "_by_owner")

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Entry[O]] = {}
        self._by_owner: dict[O, dict[Hashable, Entry[O]]] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def entry(self, key: Hashable) -> Entry[O] | None:
        """The entry of a key, live or reserved."""
        return self._by_key.get(key)

    def add(self, key: Hashable, owner: O, value: object) -> Entry[O] | None:
        """Take a free key; return the new entry, or None if it is taken."""
        if key in self._by_key:
            return None
        entry = Entry(key, owner, value)
        self._by_key[key] = entry
        self._by_owner.setdefault(owner, {})[key] = entry
        return entry

    def remove(self, key: Hashable, owner: O) -> Entry[O] | None:
        """Free a key that `owner` holds; return its entry, or None (REG-017)."""
        entry = self._by_key.get(key)
        if entry is None or entry.owner is not owner:
            return None
        del self._by_key[key]
        own = self._by_owner[owner]
        del own[key]
        if not own:
            del self._by_owner[owner]
        return entry

    def of(self, owner: O) -> list[Entry[O]]:
        """The entries of one owner, in registration order."""
        return list(self._by_owner.get(owner, {}).values())

    def __iter__(self) -> Iterator[Entry[O]]:
        return iter(list(self._by_key.values()))
