"""Names for children where a path is the path of two: ids ``22`` and ``"22"``, say.

A name is the path, as text. If another child of the tree has the same at that time, the
one that came later is called ``r/22 (2)``. Events hold a child's own string, so that
which of the two an event is about can be told by that string's identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from trio_sup.testing._monitor.facts import find_record

if TYPE_CHECKING:
    from trio_sup._children.record import Record


class Naming:
    """The names of the children of one node.

    Args:
        roots: Returns the roots of the node.
    """

    def __init__(self, roots: Callable[[], Iterable[Record]]) -> None:
        self._roots = roots
        # By the identity of a child's own string, which is kept, so that it stays so.
        self._names: dict[int, tuple[str, str]] = {}
        # Whose a name is: that child's own string.
        self._owners: dict[str, str] = {}

    def of(self, record: Record) -> str:
        """Return the name of a child."""
        return self.name(record.path_text)

    def name(self, path: str) -> str:
        """Return the name of the child whose own string this is."""
        known = self._names.get(id(path))
        if known is not None:
            return known[1]
        name, number = path, 1
        while not self._is_free(name):
            number += 1
            name = f"{path} ({number})"
        self._names[id(path)] = (path, name)
        self._owners[name] = path
        return name

    def _is_free(self, name: str) -> bool:
        owner = self._owners.get(name)
        return owner is None or find_record(self._roots(), owner, exact=True) is None

    def find(self, name: str) -> Record | None:
        """Return the child of a name, if it is still in the tree."""
        owner = self._owners.get(name)
        if owner is None:
            return find_record(self._roots(), name)
        found = find_record(self._roots(), owner, exact=True)
        return found or find_record(self._roots(), name)

    def forget(self, path: str) -> None:
        """A child is gone for good."""
        known = self._names.pop(id(path), None)
        if known is not None and self._owners.get(known[1]) is path:
            del self._owners[known[1]]
