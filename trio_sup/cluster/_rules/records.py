"""What an engine keeps for the supervisors of a cluster: texts, by shelf and name.

They do not hang on a lease: what is to run is to run, whoever is there. A change is made
by compare and set, so of several who decide upon the same state one has his way. Changes
are numbered, and each is told with the number of the one before: who misses one sees it.
"""

from __future__ import annotations

from attrs import Factory, define

from trio_sup.cluster._rules.words import Listing, Name, Recorded, Swapped


@define
class Records:
    """The records of one memory of an engine."""

    version: int = 0
    _shelves: dict[str, dict[Name, str]] = Factory(dict[str, dict[Name, str]])

    def swap(
        self, now: float, shelf: str, name: Name, old: str | None, new: str | None
    ) -> tuple[Swapped, Recorded | None]:
        """Change a record from `old` to `new`, each None for no record.

        Returns:
            What came of it, and what is to be told to all; None if nothing changed.
        """
        records = self._shelves.setdefault(shelf, {})
        present = records.get(name)
        if present != old:
            return Swapped(False, present), None
        if new is None:
            records.pop(name, None)
        else:
            records[name] = new
        before = self.version
        self.version = max(before + 1, int(now * 1e6))
        told = Recorded(before, self.version, shelf, name, new)
        return Swapped(True, new, self.version), told

    def listing(self, generation: str, shelf: str) -> Listing:
        """Return all records of a shelf."""
        return Listing(generation, self.version, dict(self._shelves.get(shelf, {})))
