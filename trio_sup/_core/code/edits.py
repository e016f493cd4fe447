"""Which modules an edit concerns: those that changed, and those that import them.

They are imported again in the order in which they were begun at first: what one needs
comes in with it, and those that import each other meet as they did. Everything else is left as it is, for nothing in it comes from them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from attrs import frozen


@frozen
class Loaded:
    """One module of the program's own, as far as an edit is concerned."""

    name: str
    imports: frozenset[str] = frozenset()
    """Which other modules of the program it imports."""
    compiled: bool = False
    """Whether it is a C extension."""


@frozen
class Edit:
    """What an edit comes to."""

    changed: tuple[str, ...] = ()
    """The modules whose own text is another."""
    again: tuple[str, ...] = ()
    """The modules to import again, in this order."""
    whole: str = ""
    """Why that would not do, so that the whole program has to begin anew; or empty."""


def concerned(changed: Collection[str], loaded: Mapping[str, Loaded]) -> Edit:
    """Return what an edit comes to.

    Args:
        changed: The modules whose files are others now.
        loaded: All modules of the program's own, by name, as they were begun.
    """
    known = sorted(name for name in changed if name in loaded)
    again = _with_importers(known, loaded)
    order = tuple(name for name in loaded if name in again)
    return Edit(tuple(known), order, _hindrance(again, loaded))


def _with_importers(
    changed: Iterable[str], loaded: Mapping[str, Loaded]
) -> frozenset[str]:
    importers: dict[str, list[str]] = {}
    for module in loaded.values():
        for needed in module.imports:
            importers.setdefault(needed, []).append(module.name)
    found: set[str] = set()
    todo = list(changed)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += importers.get(name, ())
    return frozenset(found)


def _hindrance(again: Collection[str], loaded: Mapping[str, Loaded]) -> str:
    if "__main__" in again:
        return "__main__ is the program itself, and is not imported"
    compiled = sorted(name for name in again if loaded[name].compiled)
    if compiled:
        return f"{compiled[0]} is a C extension: a process loads it once only"
    return ""
