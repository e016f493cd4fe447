"""Which rows the lints call crash loops, so that lists can mark them. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from trio_sup.inspect.model.lints import Finding


@define
class Loops:
    """The crash loops among the findings that were looked at last."""

    ids: frozenset[int] = frozenset()
    """Their rows: the same object while they are the same."""
    _of: list[Finding] = field(factory=list["Finding"])

    def among(self, found: list[Finding]) -> frozenset[int]:
        """Those among these findings; looked for once in each list of them."""
        if found is not self._of:
            self._of = found
            ids = frozenset(each.id for each in found if each.rule == "crash-loop")
            self.ids = self.ids if ids == self.ids else ids
        return self.ids
