"""One-line bars: the header, tabs, column titles, the notice, the keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from trio_sup_inspector.lines.cells import Cells, cell, cells_width, clip_cells
from trio_sup_inspector.widgets.paint import Paint

if TYPE_CHECKING:
    from textual import events
    from textual.app import App

    from trio_sup_inspector.lines.cells import Cell


class Bar(Widget):
    """A line of cells, asked for whenever `update_bar` is called."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, painter: Callable[[int], Cells], *, id: str) -> None:
        super().__init__(id=id)
        self._painter = painter
        self._paint: Paint | None = None
        self._cells: Cells = ()
        # For how wide a bar they were written.
        self._width = -1

    @property
    def text(self) -> str:
        """What the bar says."""
        return "".join(text for text, _ in self._cells)

    @property
    def pieces(self) -> int:
        """Of how many pieces it is made."""
        return len(self._cells)

    def update_bar(self) -> None:
        """Paint again if the line says something else."""
        # Kept here, not when it is painted: a bar that is hidden never is, and what is
        # refreshed while it is hidden has Textual lay out the whole screen.
        if self._write(self.size.width):
            self.refresh()

    def _write(self, width: int) -> bool:
        """Ask what the line says; whether that is something else than before."""
        before, self._width = (self._cells, self._width), width
        self._cells = self._painter(width)
        return before != (self._cells, width)

    def render_line(self, y: int) -> Strip:
        """The line, in exactly the bar's width."""
        if self._paint is None:
            self._paint = Paint(self)
        width = self.size.width
        if width != self._width:
            self._write(width)
        if y or not width:
            return Strip.blank(width, self.rich_style)
        return self._paint.strip(clip_cells(self._cells, width))

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._paint = None
        self.refresh()


class TabBar(Bar):
    """A bar whose pieces can be clicked."""

    class Clicked(Message):
        """A piece was clicked."""

        def __init__(self, bar: TabBar, index: int, x: int) -> None:
            super().__init__()
            self.bar = bar
            self.index = index
            """Which of the bar's cells."""
            self.x = x
            """Which cell of the terminal, counted from the bar's beginning."""

    def on_click(self, event: events.Click) -> None:
        """Tell which piece is under the mouse."""
        end = 0
        for index, piece in enumerate(self._cells):
            end += cells_width((piece,))
            if event.x < end:
                self.post_message(self.Clicked(self, index, event.x))
                return


def press(widget: Widget, key: str) -> None:
    """Have a key do what it does, as if it had been pressed."""
    # Textual leaves the type of its applications open.
    app: App[Any] = widget.app  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    # By the application: what a screen sends does not come back to it.
    app.call_later(app.simulate_key, key)


def key_cells(hints: list[tuple[str, str]], width: int) -> Cells:
    """The keys that fit, most useful first; help and quit whatever the width.

    Each is two pieces: the key, and what it does.
    """
    kept = sum(_size(hint) for hint in hints if hint[0] in KEPT)
    cells: list[Cell] = []
    for hint in hints:
        if hint[0] in KEPT:
            kept -= _size(hint)
        elif _size(hint) + kept > width:
            continue
        width -= _size(hint)
        key, text = hint
        cells += [cell(f" {key} ", "accent"), cell(f"{text}  ", "dim")]
    return tuple(cells)


KEPT: Final = ("?", "q")


def _size(hint: tuple[str, str]) -> int:
    return len(hint[0]) + len(hint[1]) + 4
