"""A scrolling page of lines: the detail pane and the help."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trio_sup_inspector.widgets.paint import Paint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual import events
    from textual.binding import BindingType

    from trio_sup_inspector.lines.cells import Cells


class Document(ScrollView, can_focus=True):
    """Lines that were laid out for the page's width."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", show=False),
        Binding("j", "scroll_down", show=False),
        Binding("g", "scroll_home", show=False),
        Binding("G", "scroll_end", show=False),
    ]
    DEFAULT_CSS = """
    Document { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """

    def __init__(self, source: Callable[[int], Sequence[Cells]], *, id: str) -> None:
        super().__init__(id=id)
        self._source = source
        self._lines: Sequence[Cells] = ()
        self._paint: Paint | None = None

    @property
    def text(self) -> str:
        """All lines as text."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def update_page(self) -> None:
        """Ask for the lines again, and paint if they changed."""
        if not self.display:
            self.clear()  # What comes to light again may be about something else.
        width = self.scrollable_content_region.width
        if not width or not self.display:
            return
        lines = self._source(width)
        if lines != self._lines:
            self._lines = lines
            self.virtual_size = Size(width, len(lines))
            self.refresh()

    def clear(self) -> None:
        """Show nothing until it is asked for again."""
        if self._lines:
            self._lines = ()
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        if self._paint is None:
            self._paint = Paint(self)
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if index >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        strip = self._paint.strip(self._lines[index])
        return strip.adjust_cell_length(width, self.rich_style)

    def notify_style_update(self) -> None:
        """The theme changed."""
        super().notify_style_update()
        self._paint = None

    def on_show(self) -> None:
        """It has come to light, perhaps as large as it was."""
        self.update_page()

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new width."""
        self.update_page()
