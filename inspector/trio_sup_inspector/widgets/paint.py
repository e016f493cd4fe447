"""Roles become styles: the one place where a meaning gets a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, get_args

from rich.segment import Segment
from rich.style import Style
from textual.dom import DOMNode
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip
from textual.widgets import Static

from trio_sup.inspect.text.clean import clean
from trio_sup_inspector.lines.cells import Cell, Role

if TYPE_CHECKING:
    from textual.scroll_view import ScrollView
    from textual.widget import Widget

    from trio_sup.inspect.text.clean import Clean
    from trio_sup_inspector.lines.cells import Cells

ROLES: Final[tuple[Role, ...]] = get_args(Role)
STYLED: Final = "role--text"
"""The component class of every widget with roles: if it changes, so do the others."""
CURSOR: Final = "lines--cursor"


class WholeCells(ScrollBarRender):
    """A scrollbar without partial blocks, for terminals that know only ASCII."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]


def use_whole_cells(view: ScrollView) -> None:
    """Have a view draw its scrollbar with spaces only."""
    # The class declares one renderer for all scrollbars; this one is different.
    setattr(view.vertical_scrollbar, "renderer", WholeCells)  # noqa: B010


def merge(cells: Cells) -> Cells:
    """The same line in fewer pieces: space takes the style of what it follows.

    It looks the same, and a terminal gets half of the bytes. Badges have a
    background of their own and are left alone.
    """
    merged: list[Cell] = []
    for text, role in cells:
        if not text:
            continue
        if merged:
            before, last = merged[-1]
            blank = text.isspace() and not role.startswith("badge")
            if last == role or (blank and not last.startswith("badge")):
                merged[-1] = before + text, last
                continue
        merged.append((text, role))
    return tuple(merged)


def plain_text(*lines: str, id: str | None = None) -> Static:
    """Lines in a widget of Textual's own: clean, and no markup."""
    return Static("\n".join(map(clean, lines)), id=id, markup=False)


class Paint:
    """The styles of one widget, each read from its stylesheet when it is first needed.

    Roles are no component classes: of those Textual works out every one for every
    widget, hidden ones too, whenever a class of the screen changes. That was more than
    half of what a start of the application took.
    """

    def __init__(self, widget: Widget, *, cursor: bool = False) -> None:
        self._widget = widget
        self._styles: dict[Role, Style] = {}
        self._cursor: Style | None = None
        if cursor:
            whole = widget.get_component_rich_style(CURSOR)
            part = widget.get_component_rich_style(CURSOR, partial=True)
            self._cursor = part + Style(bgcolor=whole.bgcolor)

    def style(self, role: Role) -> Style:
        """What a role looks like in this widget."""
        if role not in self._styles:
            # As Textual does it for component classes.
            node = DOMNode(classes=f"role--{role}")
            node._attach(self._widget)  # pyright: ignore[reportPrivateUsage]
            self._widget.app.stylesheet.apply(node, animate=False)
            # The whole style, not a partial one: only in that is transparency blended.
            self._styles[role] = node.rich_style
        return self._styles[role]

    def strip(self, cells: Cells, *, cursor: bool = False, dim: bool = False) -> Strip:
        """The line as something that Textual can print."""
        segments: list[Segment] = []
        for text, role in merge(cells):
            style = self.style("dim" if dim and role != "strong" else role)
            if cursor and self._cursor is not None:
                style += self._cursor
            segments.append(_segment(clean(text), style))
        return Strip(segments)


def _segment(text: Clean, style: Style) -> Segment:
    """What Textual writes to the terminal as it is: the only place that makes one."""
    return Segment(text, style)
