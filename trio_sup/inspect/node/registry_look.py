"""What the registries of a node hold: searched, and told a page at a time.

A hundred thousand names are no message: a client says which words it looks for and
where its page begins. Only what is on the page is put into words, or what is searched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup._core.clean import safe_text
from trio_sup.inspect.node.bounds import MAX_NAME, MAX_PATH, clip
from trio_sup.inspect.node.shares import Plain
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire_registry import NameRow, Names, RegistryInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_sup.inspect.node.detail_parts import Insides
    from trio_sup.inspect.node.shares import Share
    from trio_sup.inspect.node.source import ObservedNode
    from trio_sup.inspect.node.source_asked import ObservedName, ObservedRegistry
    from trio_sup.inspect.protocol.wire_details import Follow

PAGE: Final = 500
SLICE: Final = 1000
"""Names that are looked at without a pause: half a millisecond, 2 ms in a search."""
MAX_REGISTRIES: Final = 100
MAX_COUNT: Final = 2**53


class RegistryTopic:
    """A page for each who follows."""

    pace: float = 1.0

    def __init__(self, node: ObservedNode, insides: Insides) -> None:
        self._node = node
        self._insides = insides
        self._shares: set[RegistryShare] = set()

    def look(self, now: float) -> Iterator[None]:
        """Make the page of each client anew."""
        for share in list(self._shares):
            page = _Page(self._node, self._insides, share.text, share.start)
            yield from page.fill()
            share.names = page.names(now)

    def end(self) -> None:
        """Nothing is kept but in shares."""

    def share(self) -> Share:
        """The first page, until another is asked for."""
        share = RegistryShare(self._shares)
        self._shares.add(share)
        return share


class RegistryShare(Plain):
    """The page that one client looks at."""

    def __init__(self, shares: set[RegistryShare]) -> None:
        self.text: str = ""
        self.start: int = 0
        self.names: Names | None = None
        """The newest look."""
        self._shares = shares
        self._told: tuple[object, ...] = ()

    def wish(self, follow: Follow) -> bool:
        """Which words, and where the page begins."""
        before = self.text, self.start
        self.text, self.start = follow.text, min(max(follow.start, 0), MAX_COUNT)
        if before == (self.text, self.start):
            return False
        self.names = None
        return True

    def close(self) -> None:
        """The client follows no more."""
        self._shares.discard(self)

    def frames(self, now: float) -> Iterator[bytes]:
        """The page, when it says something else than the one before."""
        names = self.names
        if names is None:
            return
        said = (names.text, names.start, names.rows, names.total, names.registries)
        if said != self._told:
            self._told = said
            yield encode(names)


class _Page:
    """One look, for one client."""

    def __init__(
        self, node: ObservedNode, insides: Insides, text: str, start: int
    ) -> None:
        self._node = node
        self._insides = insides
        self._text = text
        self._start = start
        self._words = text.casefold().split()
        self._rows: list[NameRow] = []
        self._passing = self._total = 0
        self._infos: list[RegistryInfo] = []

    def fill(self) -> Iterator[None]:
        """Go through all that the registries hold; yields between slices."""
        left = SLICE
        for registry in self._node.registries()[:MAX_REGISTRIES]:
            passing, total = self._passing, self._total
            for seen in registry.observed():
                self._see(registry, seen)
                left -= 1
                if not left:
                    left = SLICE
                    yield
            info = RegistryInfo(
                clip(registry.name, MAX_NAME),
                registry.unique,
                self._total - total,
                self._passing - passing,
            )
            self._infos.append(info)
            yield

    def _see(self, registry: ObservedRegistry, seen: ObservedName) -> None:
        self._total += 1
        key = ""
        if self._words:
            key = safe_text(seen.key)
            text = f"{key} {self._holder(seen)[1]} {registry.name} {seen.kind}"
            text = text.casefold()
            if not all(word in text for word in self._words):
                return
        self._passing += 1
        if self._start < self._passing <= self._start + PAGE:
            self._rows.append(self._row(registry, seen, key or safe_text(seen.key)))

    def _holder(self, seen: ObservedName) -> tuple[int, str]:
        task = seen.task
        if task is None:
            return seen.holder
        child, path = self._node.child_of(task)
        return child, path or task.name

    def _row(self, registry: ObservedRegistry, seen: ObservedName, key: str) -> NameRow:
        child, path = self._holder(seen)
        queued, capacity, dropped = seen.stream
        same = seen.others
        if seen.kind in ("name", "reserved"):
            same = 1 if registry.unique else registry.observed_at(seen.key)
        return NameRow(
            clip(registry.name, MAX_NAME),
            seen.kind,
            clip(key, MAX_NAME),
            child,
            clip(path, MAX_PATH),
            same,
            queued,
            int(min(capacity, MAX_COUNT)),
            dropped,
            self._insides.registered(key, seen.value),
        )

    def names(self, now: float) -> Names:
        """What was found."""
        return Names(
            now,
            self._text,
            self._start,
            self._rows,
            self._passing,
            self._total,
            self._infos,
        )
