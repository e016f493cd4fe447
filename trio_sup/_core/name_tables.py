"""The tables of a registry: pure, synchronous, each step O(1).

An entry ties a key to its owner. It is *live* while look-ups see it, and *reserved*
when it belongs to the owner's specification rather than to one life: a reserved
entry stays, not live, while its owner is starting, restarting or backing off, so
that nobody takes the name in between (rule 7 of how it is built).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Generic, TypeVar

from trio_sup._core.tables import displace

O = TypeVar("O", bound=Hashable)  # noqa: E741
P = TypeVar("P", bound=Hashable)


class Entry(Generic[O]):
    """One key's holder, or one of them."""

    __slots__ = ("key", "live", "owner", "reserved", "value")

    def __init__(self, key: Hashable, owner: O, value: object) -> None:
        self.key = key
        self.owner = owner
        self.value = value
        # Whether look-ups see it; only the table changes it.
        self.live = False
        # Whether it belongs to the specification (kept between lives) rather than
        # to one life.
        self.reserved = False


class Table(Generic[O]):
    """What unique and duplicate keys have in common: the way from the owner."""

    __slots__ = ("_by_owner", "live")

    def __init__(self) -> None:
        # Most owners have one name, and there may be many owners: a dict of its own
        # for each would be most of the table.
        self._by_owner: dict[O, Entry[O] | dict[Entry[O], None]] = {}
        # Invariant: the number of live entries.
        self.live = 0

    def at(self, key: Hashable) -> Sequence[Entry[O]]:
        """The entries of a key, live or reserved, in registration order."""
        raise NotImplementedError

    def of_key(self, key: Hashable, owner: O) -> Sequence[Entry[O]]:
        """The entries of one owner under a key, in registration order."""
        raise NotImplementedError

    def add(self, key: Hashable, owner: O, value: object) -> Entry[O] | None:
        """Add an entry, not live yet; None if the key is taken."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Entry[O]]:
        """All entries at this moment."""
        raise NotImplementedError

    def _forget(self, entry: Entry[O]) -> None:
        raise NotImplementedError

    def show(self, entry: Entry[O]) -> bool:
        """Let look-ups see an entry; return whether that is new."""
        if entry.live:
            return False
        entry.live = True
        self.live += 1
        return True

    def hide(self, entry: Entry[O]) -> bool:
        """Hide an entry from look-ups; return whether that is new."""
        if not entry.live:
            return False
        entry.live = False
        self.live -= 1
        return True

    def remove(self, entry: Entry[O]) -> None:
        """Remove an entry of this table. It is not live afterwards.

        Whatever its key does by now: what that raises beside an `Exception` is raised
        here when the entry is removed.
        """
        self.hide(entry)
        self._forget_owner(entry)
        self._forget(entry)

    def of(self, owner: O) -> list[Entry[O]]:
        """The entries of one owner, live or reserved, in registration order."""
        own = self._by_owner.get(owner)
        if own is None:
            return []
        return [own] if isinstance(own, Entry) else list(own)

    def reserved_by(self, owner: O) -> Entry[O] | None:
        """The entry that belongs to an owner's specification; asks no key."""
        own = self._by_owner.get(owner)
        if own is None:
            return None
        entries = (own,) if isinstance(own, Entry) else own
        return next((entry for entry in entries if entry.reserved), None)

    def _forget_owner(self, entry: Entry[O]) -> None:
        own = self._by_owner[entry.owner]
        if isinstance(own, Entry):
            del self._by_owner[entry.owner]
            return
        del own[entry]
        if not own:
            del self._by_owner[entry.owner]


class UniqueTable(Table[O]):
    """At most one entry a key."""

    __slots__ = ("by_key",)

    def __init__(self) -> None:
        super().__init__()
        # Never another dict: look-ups keep it.
        self.by_key: dict[Hashable, Entry[O]] = {}

    def at(self, key: Hashable) -> Sequence[Entry[O]]:
        entry = self.by_key.get(key)
        return () if entry is None else (entry,)

    def of_key(self, key: Hashable, owner: O) -> Sequence[Entry[O]]:
        entry = self.by_key.get(key)
        return () if entry is None or entry.owner is not owner else (entry,)

    def get(self, key: Hashable) -> Entry[O] | None:
        """The entry of a key, live or reserved."""
        return self.by_key.get(key)

    def add(self, key: Hashable, owner: O, value: object) -> Entry[O] | None:
        entry = Entry(key, owner, value)
        if self.by_key.setdefault(key, entry) is not entry:
            return None
        _note(self._by_owner, owner, entry)
        return entry

    def __iter__(self) -> Iterator[Entry[O]]:
        return iter(list(self.by_key.values()))

    def _forget(self, entry: Entry[O]) -> None:
        displace(self.by_key, entry.key, entry)


class DuplicateTable(Table[O]):
    """Any number of entries a key, several of one owner among them (REG-010)."""

    __slots__ = ("_by_both", "_by_key")

    def __init__(self) -> None:
        super().__init__()
        self._by_key: dict[Hashable, dict[Entry[O], None]] = {}
        # A key may have many holders and an owner many keys: neither way alone finds
        # what one owner has under one key without a search.
        self._by_both: dict[Hashable, Entry[O] | dict[Entry[O], None]] = {}

    def at(self, key: Hashable) -> Sequence[Entry[O]]:
        return tuple(self._by_key.get(key, ()))

    def of_key(self, key: Hashable, owner: O) -> Sequence[Entry[O]]:
        own = self._by_both.get((owner, key))
        if own is None:
            return ()
        return (own,) if isinstance(own, Entry) else tuple(own)

    def add(self, key: Hashable, owner: O, value: object) -> Entry[O] | None:
        entry = Entry(key, owner, value)
        entries = self._by_key.setdefault(key, {})
        _note(self._by_both, (owner, key), entry)  # asks the key again: it may raise
        entries[entry] = None
        _note(self._by_owner, owner, entry)
        return entry

    def __iter__(self) -> Iterator[Entry[O]]:
        return iter([entry for entries in self._by_key.values() for entry in entries])

    def _forget(self, entry: Entry[O]) -> None:
        entries = self._pile_of(entry)
        del entries[entry]
        if not entries:
            displace(self._by_key, entry.key, entries)
        place = (entry.owner, entry.key)
        own = self._found_by_both(entry)
        if isinstance(own, Entry):
            displace(self._by_both, place, own)
        elif own is not None:
            del own[entry]
            if not own:
                displace(self._by_both, place, own)

    def _pile_of(self, entry: Entry[O]) -> dict[Entry[O], None]:
        """Return the entries among which one is, whatever its key does by now."""
        try:
            entries = self._by_key.get(entry.key)
        except Exception:  # noqa: BLE001 - the user's __hash__ or __eq__
            entries = None
        if entries is not None and entry in entries:
            return entries
        return next(pile for pile in self._by_key.values() if entry in pile)

    def _found_by_both(self, entry: Entry[O]) -> Entry[O] | dict[Entry[O], None] | None:
        """As `_pile_of`, in the way from owner and key."""
        try:
            own = self._by_both.get((entry.owner, entry.key))
        except Exception:  # noqa: BLE001 - the user's __hash__ or __eq__
            own = None
        if own is not None and _holds(own, entry):
            return own
        return next((own for own in self._by_both.values() if _holds(own, entry)), None)


def _holds(own: Entry[O] | dict[Entry[O], None], entry: Entry[O]) -> bool:
    return own is entry or (isinstance(own, dict) and entry in own)


def _note(
    found: dict[P, Entry[O] | dict[Entry[O], None]], place: P, entry: Entry[O]
) -> None:
    """Add an entry to those of a place: mostly it is the only one."""
    own = found.setdefault(place, entry)
    if own is entry:
        return
    if isinstance(own, Entry):
        found[place] = {own: None, entry: None}
    else:
        own[entry] = None
