"""Before anything is done: what would happen, with Cancel under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import Cells, clip_cells, printable
from trio_sup_inspector.screens.choose import Choose
from trio_sup_inspector.widgets.lines import LineView
from trio_sup_inspector.widgets.paint import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from trio_sup_inspector.acting import Option


class Menu(Choose):
    """The actions; those that cannot be chosen are dim and say why."""

    def __init__(self, title: str, options: Sequence[Option]) -> None:
        super().__init__(title, [option.words for option in options], 0)
        self.choices: Sequence[Option] = options
        """What can be chosen."""

    def change(self, options: Sequence[Option]) -> None:
        """Show others in their places: more is known of them."""
        self.choices = options
        for view in self.query(LineView):
            view.update_lines()

    def _line(self, index: int, width: int) -> Cells:
        option = self.choices[index]
        if not option.problem:
            return clip_cells(((f" {option.words}", "text"),), width)
        why = f"  {show.clean(option.problem)}"
        return clip_cells(((f" {option.words}", "off"), (why, "dim")), width)


class Confirm(ModalScreen[bool]):
    """Ends with True only if the user chose it, and typed what is asked for.

    Args:
        title: The question.
        lines: What would happen.
        word: What the other choice than Cancel is called.
        confirm: What has to be typed; empty if a choice is enough.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", show=False),
        Binding("q", "dismiss(False)", show=False),
        Binding("tab", "other", show=False),
        Binding("shift+tab", "other", show=False),
    ]

    def __init__(
        self, title: str, lines: Sequence[str], *, word: str, confirm: str, plain: bool
    ) -> None:
        super().__init__()
        self._title = title
        self._lines = [printable(line, plain=plain) for line in lines]
        self._word = word
        self._confirm = confirm

    def compose(self) -> ComposeResult:
        """The question, the consequence, and the choice."""
        with Vertical(id="confirm"):
            yield plain_text(self._title, id="confirm-title")
            yield plain_text(*self._lines, id="confirm-lines")
            if self._confirm:
                yield plain_text(f"Type {self._confirm} to go on, esc to cancel:")
                yield Input(id="confirm-input")
            else:
                yield LineView(self._line, id="confirm-choice")

    def on_mount(self) -> None:
        """Cancel is what enter does, unless something else is chosen."""
        if self._confirm:
            self.query_one(Input).focus()
            return
        view = self.query_one(LineView)
        view.styles.height = 2
        view.set_keys(range(2))
        view.focus()

    def action_other(self) -> None:
        """From Cancel to the other choice, and back."""
        for view in self.query(LineView):
            view.select(1 - view.cursor)

    def _line(self, index: int, width: int) -> Cells:
        word = "Cancel" if index == 0 else self._word
        return clip_cells(((f" {word}", "text" if index == 0 else "warn"),), width)

    def on_line_view_opened(self, message: LineView.Opened) -> None:
        """Enter takes the choice under the cursor."""
        message.stop()
        self.dismiss(message.view.cursor == 1)

    def on_line_view_moved(self, message: LineView.Moved) -> None:
        """Moves are nobody else's business."""
        message.stop()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter counts only behind the right text; another one cancels."""
        message.stop()
        self.dismiss(message.value == self._confirm)
