"""What of the tree is unfolded: as the user left it, and apart from that under a filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from trio_sup.inspect.model.tree_model import ROOT
from trio_sup.inspect.model.tree_view import Expansion, Line, flatten

if TYPE_CHECKING:
    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup_inspector.state.filter import Filter


@define
class Folding:
    """Two expansions of one tree, of which the filter decides which is in force."""

    model: TreeModel
    filter: Filter
    _expansion: Expansion = field(factory=Expansion)
    _filtered: Expansion = field(factory=lambda: Expansion(crowd=10**9))
    """Under a filter everything is unfolded, unless folded then."""
    revision: int = 0
    """Grows with every change: lines are made anew."""

    @property
    def _here(self) -> Expansion:
        return self._filtered if self.filter.on else self._expansion

    def lines(self, matches: frozenset[int] | None) -> list[Line]:
        """The lines of the tree."""
        return flatten(self.model, self._here, matches=matches)

    def is_open(self, id: int) -> bool:
        """Whether what is below a row is shown."""
        return self._here.is_open(self.model, id)

    def set_open(self, id: int, opened: bool) -> None:
        """Fold or unfold a supervisor."""
        self._here.set_open(self.model, id, opened)
        self.revision += 1

    def unfold_below(self, id: int) -> None:
        """Unfold everything below a row."""
        self._here.set_below(self.model, id, True)
        self.revision += 1

    def fold_all(self) -> None:
        """Fold every supervisor but the roots."""
        for root in self.model.children(ROOT):
            self._here.set_below(self.model, root, False)
            self._here.set_open(self.model, root, True)
        self.revision += 1

    def reveal(self, id: int) -> None:
        """Unfold every supervisor above a row."""
        for above in self.model.ancestors(id):
            if not self.is_open(above):
                self._here.set_open(self.model, above, True)
        self.revision += 1

    def forget_filtered(self) -> None:
        """Another filter: what was folded under the last one does not count."""
        self._filtered.chosen.clear()
