"""A list of lines of which only those on screen exist: the Line API at work.

Lines are never widgets. A line is asked for when it is painted, and painted
again only if what it says has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trio_sup_inspector.keys import LIST_KEYS
from trio_sup_inspector.lines.cells import Cell, Cells, changed_span, width_of
from trio_sup_inspector.widgets.paint import CURSOR, Paint

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events
    from textual.binding import BindingType

CACHED_STRIPS: Final = 512
MARGIN: Final = 1
"""Empty cells at both ends of a line."""
SPACE: Final[Cell] = (" " * MARGIN, "text")

Painter: TypeAlias = Callable[[int, int], Cells]
"""Says what line `index` shows in `width` cells."""


class LineView(ScrollView, can_focus=True):
    """Lines with a cursor. The cursor and the scroll follow the line's key.

    It has more than fifteen public methods, for Textual finds what a key does, and who
    handles a message, by the names of the focused widget's methods. Eight of them are
    one line each: a key, and where it moves the cursor.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {CURSOR}
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS]
    DEFAULT_CSS = """
    LineView { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    """

    class Moved(Message):
        """The cursor stands on another line."""

        def __init__(self, view: LineView) -> None:
            super().__init__()
            self.view = view

    class Opened(Message):
        """The line under the cursor was asked for."""

        def __init__(self, view: LineView) -> None:
            super().__init__()
            self.view = view

    class Clicked(Message):
        """The line under the mouse was clicked, and is under the cursor now."""

        def __init__(self, view: LineView, x: int) -> None:
            super().__init__()
            self.view = view
            self.x = x
            """Which of the line's cells, counted as a painter counts them."""

        @property
        def piece(self) -> str:
            """The piece of the line that was clicked."""
            return self.view.piece_at(self.x)

    def __init__(self, painter: Painter, *, id: str, still: bool = False) -> None:
        """Make a list.

        Args:
            painter: Says what the lines show.
            id: The widget's id.
            still: A page to read: no cursor, keys scroll.
        """
        super().__init__(id=id)
        self._still = still
        self._painter = painter
        self._keys: Sequence[Hashable] = ()
        self._at = 0
        self._paint: Paint | None = None
        # The width of a line and the index of the uppermost one, while lines are painted.
        self._geometry = (0, 0)
        self.strips: LRUCache[tuple[Cells, bool, bool, int], Strip] = LRUCache(
            CACHED_STRIPS
        )
        """Rendered lines, by what they say."""
        self.painted: dict[int, tuple[Cells, bool]] = {}
        """What each line on screen shows: compared before painting it again."""
        # What `update_lines` found to be new: not worked out again to paint it.
        self._fresh: dict[int, Cells] = {}
        # The style of empty space; read with the others.
        self._base: Style | None = None
        self.faded: bool = False
        """Whether everything is dimmed: what is shown is not the present."""
        self.note = ""
        """What stands there when there are no lines."""

    def set_note(self, note: str) -> None:
        """Say something where there are no lines."""
        if note != self.note:
            self.note = note
            self.refresh()

    # --- what is shown -----------------------------------------------------

    def line_width(self) -> int:
        """How many cells a painter gets: all but the margins and the scrollbar."""
        return max(0, self.scrollable_content_region.width - 2 * MARGIN)

    def _cells(self, index: int, width: int) -> Cells:
        room = max(0, width - 2 * MARGIN)
        return (SPACE, *self._painter(index, room), SPACE)

    @property
    def keys(self) -> Sequence[Hashable]:
        """The keys of all lines, top to bottom."""
        return self._keys

    @property
    def cursor(self) -> int:
        """The index of the line under the cursor."""
        return self._at

    @property
    def selected(self) -> Hashable | None:
        """The key under the cursor, or None if there are no lines."""
        return self._keys[self._at] if self._at < len(self._keys) else None

    def set_keys(
        self, keys: Sequence[Hashable], *, follow: bool = False, start: int = 0
    ) -> None:
        """Show other lines; the cursor's line stays where it is on the screen.

        Args:
            keys: One for each line.
            follow: Put the cursor on the last line instead.
            start: Where the cursor is put if there were no lines before.
        """
        selected, top = self.selected, self.scroll_offset.y
        above, before = self._at - top, len(self._keys)
        self._keys = keys
        self._fresh.clear()
        self.virtual_size = Size(self.size.width, len(keys))
        if follow:
            self._at = max(0, len(keys) - 1)
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
        else:
            if not before:
                self._at = above = start
            try:
                self._at = keys.index(selected)
            except ValueError:
                self._at = min(self._at, max(0, len(keys) - 1))
            if self._at - self.scroll_offset.y != above:
                self.scroll_to(y=max(0, self._at - above), animate=False, force=True)
        if len(keys) < before or not before or self.scroll_offset.y != top:
            self.painted.clear()
            self.refresh()

    def select(self, key: Hashable) -> bool:
        """Put the cursor on a line; whether it is there."""
        try:
            self._move(self._keys.index(key))
        except ValueError:
            return False
        return True

    def fade(self, faded: bool) -> None:
        """Draw everything dimmed: it is not the present."""
        if faded != self.faded:
            self.faded = faded
            self.painted.clear()
            self.refresh()

    def update_lines(self) -> int:
        """Paint the lines on screen that say something else than before.

        Returns:
            How many those were.
        """
        width, height = self.scrollable_content_region.size
        if not width or not self.display:
            return 0
        top = self.scroll_offset.y
        changed: list[Region] = []
        self._fresh.clear()
        for y in range(top, min(top + height, len(self._keys))):
            fresh = (self._cells(y, width), self._here(y))
            old = self.painted.get(y)
            if old != fresh:
                self._fresh[y] = fresh[0]
                start, end = 0, width
                if old is not None and old[1] == fresh[1]:
                    start, end = changed_span(old[0], fresh[0])
                changed.append(Region(start, y - top, end - start, 1))
        if changed:
            self.refresh(*changed)
        return len(changed)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of the screen: what they have in common is looked up once."""
        self._geometry = self.scrollable_content_region.width, self.scroll_offset.y
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        if self._paint is None:
            self._paint = Paint(self, cursor=True)
            self._base = self.rich_style
        width, top = self._geometry
        index = y + top
        if y == 1 and not self._keys and self.note:
            note: Cells = ((f"  {self.note}", "dim"),)
            return self._paint.strip(note).adjust_cell_length(width, self._base)
        if index >= len(self._keys) or not width:
            return Strip.blank(width, self._base)
        cells = self._fresh.pop(index, None) or self._cells(index, width)
        here = self._here(index)
        if len(self.painted) > CACHED_STRIPS:
            self.painted.clear()
        self.painted[index] = (cells, here)
        key = (cells, here, self.faded, width)
        strip = self.strips.get(key)
        if strip is None:
            strip = self._paint.strip(cells, cursor=here, dim=self.faded)
            strip = strip.adjust_cell_length(width, self._base)
            self.strips[key] = strip
        return strip

    def notify_style_update(self) -> None:
        """The theme or the classes changed: read the styles again."""
        super().notify_style_update()
        self._paint = self._base = None
        self._fresh.clear()
        self.strips.clear()
        self.painted.clear()

    def on_resize(self, event: events.Resize) -> None:
        """Lines have another width; the cursor stays on screen."""
        self.virtual_size = Size(self.size.width, len(self._keys))
        self.painted.clear()
        self._fresh.clear()
        self._show_cursor()
        self.refresh()

    # --- the cursor --------------------------------------------------------

    def _here(self, index: int) -> bool:
        return index == self._at and not self._still

    def _move(self, to: int) -> None:
        if self._still:
            by = to - self._at
            self.scroll_to(y=self.scroll_offset.y + by, animate=False, force=True)
            return
        to = min(max(to, 0), max(0, len(self._keys) - 1))
        if to != self._at:
            for index in (self._at, to):
                self.painted.pop(index, None)
                self.refresh_line(index)
            self._at = to
        self._show_cursor()
        self.post_message(self.Moved(self))

    def _show_cursor(self) -> None:
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if self._at < top:
            self.scroll_to(y=self._at, animate=False, force=True)
        elif height and self._at >= top + height:
            self.scroll_to(y=self._at - height + 1, animate=False, force=True)

    def action_up(self) -> None:
        """One line up."""
        self._move(self._at - 1)

    def action_down(self) -> None:
        """One line down."""
        self._move(self._at + 1)

    def action_page_up(self) -> None:
        """A screenful up."""
        self._move(self._at - max(1, self.size.height - 1))

    def action_page_down(self) -> None:
        """A screenful down."""
        self._move(self._at + max(1, self.size.height - 1))

    def action_first(self) -> None:
        """To the first line."""
        self._move(-len(self._keys))

    def action_last(self) -> None:
        """To the last line."""
        self._move(len(self._keys) - 1)

    def action_open(self) -> None:
        """Ask for the line under the cursor."""
        if self._keys:
            self.post_message(self.Opened(self))

    def piece_at(self, x: int) -> str:
        """The text of the piece of the line under the cursor that a cell is in."""
        end = 0
        for text, _ in self._painter(self._at, self.line_width()):
            end += width_of(text)
            if x < end:
                return text
        return ""

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click opens."""
        index = event.y + self.scroll_offset.y
        if index < len(self._keys):
            self._move(index)
            self.post_message(self.Clicked(self, event.x - MARGIN))
            if event.chain == 2:
                self.action_open()
