"""Roles become styles: the one place where a meaning gets a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, get_args

from rich.segment import Segment
from rich.style import Style
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip
from textual.widgets import Static

from trio_sup.inspect.text.clean import clean
from trio_sup_inspector.lines.cells import Cell, Role

if TYPE_CHECKING:
    from textual.color import Color
    from textual.scroll_view import ScrollView
    from textual.widget import Widget

    from trio_sup.inspect.text.clean import Clean
    from trio_sup_inspector.lines.cells import Cells

ROLES: Final[tuple[Role, ...]] = get_args(Role)
BADGES: Final = frozenset(role for role in ROLES if role.startswith("badge"))
"""Those with a background of their own."""
ROLE_CLASSES: Final = {f"role--{role}" for role in ROLES}
"""Those of the application: with one set of them for each widget, a change of the
screen's classes meant hundreds of styles, a tenth of a second."""
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
    run = ""
    last: Role = cells[0][1] if cells else "text"
    for text, role in cells:
        if role == last or (
            run and text.isspace() and role not in BADGES and last not in BADGES
        ):
            run += text
        elif text:
            if run:
                merged.append((run, last))
            run, last = text, role
    if run:
        merged.append((run, last))
    return tuple(merged)


def plain_text(*lines: str, id: str | None = None) -> Static:
    """Lines in a widget of Textual's own: clean, and no markup."""
    return Static("\n".join(map(clean, lines)), id=id, markup=False)


class Paint:
    """The styles of one widget, read from its stylesheet once."""

    def __init__(self, widget: Widget, *, cursor: bool = False) -> None:
        own, (_, ground) = widget.rich_style, widget.background_colors
        self.styles: dict[Role, Style] = {
            role: own + _role_style(widget, role, ground) for role in ROLES
        }
        self._cursor: Style | None = None
        if cursor:
            whole = widget.get_component_rich_style(CURSOR)
            part = widget.get_component_rich_style(CURSOR, partial=True)
            self._cursor = part + Style(bgcolor=whole.bgcolor)

    def strip(self, cells: Cells, *, cursor: bool = False, dim: bool = False) -> Strip:
        """The line as something that Textual can print."""
        styles = self.styles
        segments: list[Segment] = []
        for text, role in merge(cells):
            style = styles["dim" if dim and role != "strong" else role]
            if cursor and self._cursor is not None:
                style += self._cursor
            segments.append(_segment(clean(text), style))
        return Strip(segments)


def _role_style(widget: Widget, role: Role, ground: Color) -> Style:
    """What the stylesheet says of a role, on the background of the widget."""
    styles = widget.app.get_component_styles(  # pyright: ignore[reportUnknownMemberType]
        f"role--{role}"
    )
    if styles.has_rule("background"):
        ground += styles.background
    colors = Style.from_color(
        (ground + styles.color).rich_color, ground.rich_color if ground.a else None
    )
    return styles.text_style + colors


def _segment(text: Clean, style: Style) -> Segment:
    """What Textual writes to the terminal as it is: the only place that makes one."""
    return Segment(text, style)
