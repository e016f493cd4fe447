"""Which modules an edit concerns: those that changed, and those that import them.

They are imported again in the order of what needs what, so that none of them sees a
former one; and those that import each other as they met at first. Everything else is
left as it is, for nothing in it comes from them.
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
        loaded: All modules of the program's own, by name, in the order in which their
            imports were done at first.
    """
    known = sorted(name for name in changed if name in loaded)
    importers: dict[str, list[str]] = {}
    for module in loaded.values():
        for needed in module.imports:
            importers.setdefault(needed, []).append(module.name)
    again = frozenset(_with_importers(known, importers, set()))
    return Edit(
        tuple(known), _in_order(again, loaded, importers), _hindrance(again, loaded)
    )


def _with_importers(
    names: Iterable[str], importers: Mapping[str, Collection[str]], seen: set[str]
) -> list[str]:
    """Return modules and those that import them, but for who was seen already."""
    found: list[str] = []
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            found.append(name)
            todo += importers.get(name, ())
    return found


def _hindrance(again: Collection[str], loaded: Mapping[str, Loaded]) -> str:
    if "__main__" in again:
        return "__main__ is the program itself, and is not imported"
    compiled = sorted(name for name in again if loaded[name].compiled)
    if compiled:
        return f"{compiled[0]} is a C extension: a process loads it once only"
    return ""


def _in_order(
    again: Collection[str],
    loaded: Mapping[str, Loaded],
    importers: Mapping[str, Collection[str]],
) -> tuple[str, ...]:
    """Put modules behind what they import.

    Those that import each other begin with the one that was done last: by that one the
    others came in, and they may not bear another.
    """
    seen: set[str] = set()
    circles = [
        _with_importers([last], importers, seen)
        for last in reversed([name for name in loaded if name in again])
        if last not in seen
    ]
    return tuple(name for circle in reversed(circles) for name in circle)
