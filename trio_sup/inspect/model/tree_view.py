"""The lines of a tree view: expansion, filtering, order. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from attrs import define, field

from trio_sup.inspect.model.tree_model import ROOT, TreeModel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

MAX_GUIDES: Final = 16_000_000
"""The characters of all guides together: below that many nothing is indented more."""
CROWD: Final = 200
"""A supervisor with more children than this starts folded."""


class Line(NamedTuple):
    """One line of a tree view."""

    id: int
    guides: str
    """One character for each level above: ``|`` if a sibling of that ancestor
    follows further down, else a space. Empty for a root."""
    last: bool
    """Whether no sibling follows."""
    dim: bool
    """Shown only because something below it matches the filter."""


@define
class Expansion:
    """Which supervisors are unfolded. Keyed by path: it survives a new node."""

    crowd: int = CROWD
    """More children than this start folded."""
    chosen: dict[str, bool] = field(factory=dict[str, bool])
    """What the user decided."""

    def is_open(self, model: TreeModel, id: int) -> bool:
        """Whether the children of a row are shown."""
        chosen = self.chosen.get(model.rows[id].path)
        return model.child_count(id) <= self.crowd if chosen is None else chosen

    def set_open(self, model: TreeModel, id: int, opened: bool) -> None:
        """Fold or unfold one supervisor."""
        self.chosen[model.rows[id].path] = opened

    def set_below(self, model: TreeModel, id: int, opened: bool) -> None:
        """Fold or unfold a supervisor and all supervisors below it."""
        for each in walk(model, id):
            if model.child_count(each):
                self.set_open(model, each, opened)


def walk(model: TreeModel, id: int = ROOT) -> Iterator[int]:
    """A row and all below it, parents first; with `ROOT`, every row."""
    todo = [id] if id != ROOT else model.children(ROOT)[::-1]
    while todo:
        id = todo.pop()
        yield id
        todo += reversed(model.children(id))


def shown_with_ancestors(model: TreeModel, matches: Collection[int]) -> set[int]:
    """The matches and every supervisor above one."""
    shown, above = set(matches), set[int]()
    for id in matches:
        for each in model.ancestors(id):
            if each in above:
                break
            above.add(each)
    return shown | above


def flatten(
    model: TreeModel,
    expansion: Expansion,
    *,
    matches: Collection[int] | None = None,
    key: Callable[[int], object] | None = None,
    reverse: bool = False,
) -> list[Line]:
    """The lines of the tree, top to bottom. Deep chains are fine: no recursion.

    Args:
        model: The rows.
        expansion: Which supervisors are unfolded.
        matches: Ids that pass the filter; their ancestors are shown dimmed. None
            shows everything.
        key: Orders the siblings; start order if None.
        reverse: Largest first.
    """
    shown = None if matches is None else shown_with_ancestors(model, matches)
    passed = matches if matches is not None else ()
    lines: list[Line] = []
    room = MAX_GUIDES
    todo = [(id, "", last) for id, last in _below(model, ROOT, shown, key, reverse)]
    while todo:
        id, guides, last = todo.pop()
        dim = shown is not None and id not in passed
        lines.append(Line(id, guides, last, dim))
        if model.child_count(id) and expansion.is_open(model, id):
            if room > 0:
                guides += " " if last else "|"
                room -= len(guides)
            below = _below(model, id, shown, key, reverse)
            todo.extend((each, guides, end) for each, end in below)
    return lines


def _below(
    model: TreeModel,
    parent: int,
    shown: set[int] | None,
    key: Callable[[int], object] | None,
    reverse: bool,
) -> list[tuple[int, bool]]:
    """The shown children, the last one first, each with whether it is the last."""
    records = model.children(parent)
    if shown is not None:
        records = [id for id in records if id in shown]
    if key is not None:
        records.sort(key=key, reverse=reverse)  # type: ignore[arg-type]
    end = len(records) - 1
    return [(records[at], at == end) for at in range(end, -1, -1)]
