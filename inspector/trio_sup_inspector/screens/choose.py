"""A small list above the main screen, to choose one of."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from trio_sup_inspector.lines.cells import Cells, Role, clip_cells
from trio_sup_inspector.widgets.lines import LineView
from trio_sup_inspector.widgets.paint import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType


class Choose(ModalScreen[int | None]):
    """Ends with the index of what was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", show=False),
        Binding("tab", "step(1)", show=False),
        Binding("shift+tab", "step(-1)", show=False),
    ]

    def __init__(self, title: str, options: Sequence[str], at: int) -> None:
        super().__init__()
        self._title = title
        self._options = options
        self._first = at

    def compose(self) -> ComposeResult:
        """The title and the options."""
        with Vertical(id="choose"):
            yield plain_text(self._title, id="choose-title")
            yield LineView(self._line, id="options")

    def on_mount(self) -> None:
        """Put the cursor on what holds at present."""
        view = self.query_one(LineView)
        view.styles.height = len(self._options)
        view.set_keys(range(len(self._options)))
        view.select(self._first)
        view.focus()

    def action_step(self, step: int) -> None:
        """To the next line; behind the last comes the first."""
        view = self.query_one(LineView)
        view.select((view.cursor + step) % max(len(self._options), 1))

    def _line(self, index: int, width: int) -> Cells:
        role: Role = "accent" if index == self._first else "text"
        return clip_cells(((f" {self._options[index]}", role),), width)

    def on_line_view_opened(self, message: LineView.Opened) -> None:
        """Enter chooses."""
        message.stop()
        self.dismiss(message.view.cursor)

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """Moves are nobody else's business."""
        message.stop()
