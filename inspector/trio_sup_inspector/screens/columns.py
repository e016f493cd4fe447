"""Which columns a list shows, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from trio_sup_inspector.lines.cells import Cells, Role, cell, clip_cells, fit
from trio_sup_inspector.lines.columns import ABOUT, all_columns, usual_ids
from trio_sup_inspector.widgets.lines import LineView
from trio_sup_inspector.widgets.paint import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

BOX: Final = 4
"""Cells of the box before a column, which a click fills and empties."""
TITLES: Final = {"tree": "the tree", "list": "processes"}


class ColumnChoice:
    """The columns of a list, in order, each of them shown or not. No Textual.

    Args:
        name: The list.
        chosen: What is shown at present; None for the usual ones.
    """

    def __init__(self, name: str, chosen: tuple[str, ...] | None) -> None:
        self.name = name
        self.ids: list[str] = []
        """All that there are, in their order."""
        self.on: set[str] = set()
        """Those that are shown."""
        self._begin(usual_ids(name) if chosen is None else chosen)

    def _begin(self, shown: tuple[str, ...]) -> None:
        rest = [id for id in all_columns(self.name) if id not in shown]
        self.ids, self.on = [*shown, *rest], set(shown)

    def toggle(self, at: int) -> None:
        """Show a column, or hide it."""
        self.on ^= {self.ids[at]}

    def move(self, at: int, step: int) -> int:
        """Put a column before or behind its neighbour; where it is then."""
        to = min(max(at + step, 0), len(self.ids) - 1)
        self.ids.insert(to, self.ids.pop(at))
        return to

    def usual(self) -> None:
        """As if nobody had chosen."""
        self._begin(usual_ids(self.name))

    def chosen(self) -> tuple[str, ...] | None:
        """What is to be shown; None if that is the usual."""
        ids = tuple(id for id in self.ids if id in self.on)
        return None if ids == usual_ids(self.name) else ids


class Columns(ModalScreen[bool]):
    """Shows at once what is chosen. Ends with False if it is not to stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,w", "dismiss(False)", show=False),
        Binding("space", "fill", show=False),
        Binding("J,shift+down,right_square_bracket", "move(1)", show=False),
        Binding("K,shift+up,left_square_bracket", "move(-1)", show=False),
        Binding("d", "usual", show=False),
    ]

    def __init__(
        self, choice: ColumnChoice, show: Callable[[], None], *, plain: bool
    ) -> None:
        super().__init__()
        self._choice = choice
        self._show = show
        self.set_class(plain, "-plain")

    def compose(self) -> ComposeResult:
        """The title, the columns, the keys."""
        title = f"Columns of {TITLES[self._choice.name]}: the first ones stay longest"
        with Vertical(id="choose"):
            yield plain_text(title, id="choose-title")
            yield LineView(self._line, id="options")
            keys = "space show  K J move  d usual  enter keep  esc back"
            yield plain_text(keys, id="choose-keys")

    def on_mount(self) -> None:
        """Begin at the first."""
        view = self.query_one(LineView)
        view.styles.height = len(self._choice.ids)
        self._repaint()
        view.focus()

    def action_fill(self) -> None:
        """Show the column under the cursor, or hide it."""
        self._choice.toggle(self.query_one(LineView).cursor)
        self._repaint()

    def action_move(self, step: int) -> None:
        """Move the column under the cursor."""
        self._choice.move(self.query_one(LineView).cursor, step)
        self._repaint()

    def action_usual(self) -> None:
        """Show the usual columns."""
        self._choice.usual()
        self._repaint()

    def _repaint(self) -> None:
        view = self.query_one(LineView)
        # The cursor goes with its column.
        view.set_keys(list(self._choice.ids))
        view.update_lines()
        self._show()

    def _line(self, index: int, width: int) -> Cells:
        id = self._choice.ids[index]
        on = id in self._choice.on
        title = all_columns(self._choice.name)[id].title or "(bar)"
        role: Role = "strong" if on else "dim"
        cells = (
            cell("[x] " if on else "[ ] ", "accent" if on else "dim"),
            cell(fit(title, 12), role),
            cell(f" {ABOUT[id]}", "dim"),
        )
        return clip_cells(cells, width)

    def on_line_view_opened(self, message: LineView.Opened) -> None:
        """Enter keeps what is chosen; a double click only chose it."""
        message.stop()
        self.dismiss(True)

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """Moves are nobody else's business."""
        message.stop()

    def on_line_view_clicked(self, message: LineView.Clicked) -> None:
        """A click on the box is as good as a key."""
        message.stop()
        if message.x < BOX:
            self.action_fill()
