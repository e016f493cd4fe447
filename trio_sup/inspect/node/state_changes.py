"""Which attributes of a server a message changed, in few words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.node.bounds import clip

if TYPE_CHECKING:
    from trio_sup.inspect.node.detail_parts import Insides
    from trio_sup.inspect.node.source import ObservedChild

MAX_CHANGES: Final = 300
"""Characters of all changes of one message."""
MAX_VALUE: Final = 60
"""Characters of a value before, and after."""
SLOW: Final = 0.002
PATIENCE: Final = 3
"""A state that takes longer to be put into words, so often one after the other, is
looked at no more."""


class StateChanges:
    """The attributes of one server as they were last seen."""

    def __init__(self, child: ObservedChild, insides: Insides) -> None:
        self._child = child
        self._insides = insides
        self._known: dict[str, str] = {}
        self._server: object = None
        self._slow = 0

    def before(self) -> str:
        """A handler begins: see what there is, where that is not known."""
        server = self._child.inside().server
        if self._server is not server:
            self._server, self._known = server, self._look()
        return ""

    def after(self) -> str:
        """A handler has ended: what is other than before, ``name: old -> new``."""
        if self._slow >= PATIENCE:
            return ""
        if self._server is not self._child.inside().server:
            self.before()
            return ""
        old, self._known = self._known, self._look()
        if self._slow >= PATIENCE:
            return "the state is too large to be followed"
        names = [name for name in {**old, **self._known} if not self._same(name, old)]
        said = (_change(n, old.get(n, "-"), self._known.get(n, "-")) for n in names)
        return clip("; ".join(said), MAX_CHANGES)

    def _same(self, name: str, old: dict[str, str]) -> bool:
        return old.get(name) == self._known.get(name)

    def _look(self) -> dict[str, str]:
        began = time.perf_counter()
        found = self._insides.attributes(self._child)
        slow = time.perf_counter() - began > SLOW
        self._slow = self._slow + 1 if slow else 0
        return found


def _change(name: str, before: str, after: str) -> str:
    old, new = clip(before, MAX_VALUE), clip(after, MAX_VALUE)
    return f"{name}: changed" if old == new else f"{name}: {old} -> {new}"
