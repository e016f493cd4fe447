"""Children's lines as they were last written: most are the same at the next look.

Knows no Textual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field, frozen

from trio_sup_inspector.lines.rows import after_a_while

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.protocol.wire import Row
    from trio_sup_inspector.lines.cells import Cells
    from trio_sup_inspector.lines.columns import Layout
    from trio_sup_inspector.lines.rows import Scene

MOST: Final = 512
"""Lines that are remembered: more than there are on a screen."""


@frozen(eq=False)
class _Written:
    row: Row
    of: tuple[object, ...]
    cells: Cells


@define
class Memo:
    """The lines of one list that were written lately."""

    _written: dict[int, _Written] = field(factory=dict[int, _Written])
    _loops: frozenset[int] = frozenset()
    _over: bool = False

    def __len__(self) -> int:
        """How many lines are remembered."""
        return len(self._written)

    def note_signs(self, loops: frozenset[int], *, over: bool) -> None:
        """Have the lines written anew that began to be crash loops, or ended to be.

        Args:
            loops: The rows that are crash loops.
            over: Whether the node has ended: that is a sign in every line.
        """
        if over is not self._over:
            self._written.clear()
            self._over = over
        if loops is not self._loops:
            for id in loops ^ self._loops:
                self._written.pop(id, None)
            self._loops = loops

    def line(
        self,
        row: Row,
        of: tuple[object, ...],
        layout: Layout,
        scene: Scene,
        write: Callable[[Row, Layout, Scene], Cells],
    ) -> Cells:
        """The line of a child: written anew only if something new was heard of it.

        Args:
            row: The child.
            of: What else the line depends on, but for the time.
            layout: The columns.
            scene: With the present time.
            write: Writes a line that `after_a_while` can bring up to date.
        """
        of = (row.rev, layout, *of)
        old = self._written.get(row.id)
        if old is None or old.row is not row or old.of != of:
            cells = write(row, layout, scene)
        else:
            cells = after_a_while(old.cells, row, layout, scene)
            if cells is old.cells:
                return cells
        if len(self._written) >= MOST and row.id not in self._written:
            self._written.clear()
        self._written[row.id] = _Written(row, of, cells)
        return cells
