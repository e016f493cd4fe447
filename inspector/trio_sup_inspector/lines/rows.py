"""A child as one line of the tree or of the process list. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from trio_sup.inspect.text import show
from trio_sup.inspect.text.tree_text import guides
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    cut,
    cut_front,
    dimmed,
    fit,
    fold_mark,
    printable,
    width_of,
)
from trio_sup_inspector.lines.columns import GAP

if TYPE_CHECKING:
    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup.inspect.model.tree_view import Line
    from trio_sup.inspect.protocol.wire import Row
    from trio_sup_inspector.lines.columns import Column, Layout


LAST: Final = "LAST STATE"
"""The title of the states of a node that has ended."""


def indent(line: Line, step: int, *, plain: bool) -> str:
    """What stands before a name to draw the tree, `step` cells for each level."""
    drawn = guides(line, plain=plain)
    return (
        drawn
        if step == 3
        else "".join(drawn[at : at + 3][:step] for at in range(0, len(drawn), 3))
    )


@frozen
class Scene:
    """What the text of a line depends on besides its row."""

    model: TreeModel
    now: float
    """The node's clock."""
    clock: float
    """The application's clock."""
    plain: bool
    """ASCII only."""
    fold_open: bool | None = None
    """Whether the row's children are shown; None if it has none."""
    loops: frozenset[int] = frozenset()
    """The rows that crash again and again."""
    over: bool = False
    """Whether the node has ended: what is shown is the last that was heard."""


def heading(
    layout: Layout, sorted_by: str = "", mark: str = "", *, over: bool = False
) -> Cells:
    """The titles.

    Args:
        layout: The columns.
        sorted_by: The column that is sorted by.
        mark: What it carries.
        over: Whether the node has ended.
    """
    cells: list[Cell] = []
    for column, width in zip(layout.columns, layout.widths, strict=True):
        chosen = bool(sorted_by) and column.id == sorted_by
        # The mark says more than the last letter.
        title = LAST if over and column.id == "state" else column.title
        title = f"{title[: width - 1]}{mark}" if chosen else title
        cells.append((fit(title, width, right=column.right), _title_role(chosen)))
        cells.append((" " * GAP, "dim"))
    return tuple(cells[:-1])


def _title_role(chosen: bool) -> Role:
    return "accent" if chosen else "dim"


def tree_cells(row: Row, line: Line, layout: Layout, scene: Scene) -> Cells:
    """One line of the tree, `layout.width` cells wide."""
    fold = fold_mark(scene.fold_open, plain=scene.plain)
    label = printable(show.clean(row.label), plain=scene.plain)
    drawn = indent(line, layout.step, plain=scene.plain)
    if not layout.aside:
        # What leads to a name gives way to the name.
        drawn = cut_front(
            drawn, max(1, layout.widths[0] - 4 - width_of(label)), plain=scene.plain
        )
    name: list[Cell] = [
        (drawn, "dim"),
        (fold, "dim"),
        *_glyph(row, scene),
        (label, _name_role(row, scene)),
    ]
    name = _aside(name, layout.aside, plain=scene.plain)
    if scene.fold_open is False:
        cells = _folded(row, name, layout, scene)
    else:
        cells = _columns(row, name, layout, scene)
    dim = line.dim or scene.over or row.status == "gone"
    return dimmed(cells) if dim else cells


def _aside(name: list[Cell], cells: int, *, plain: bool) -> list[Cell]:
    """The name without so many cells of its beginning, which is marked."""
    if not cells:
        return name
    left: list[Cell] = []
    for text, role in name:
        size = width_of(text)
        if cells < size:
            left.append((cut_front(text, size - cells, plain=plain), role))
        cells = max(0, cells - size)
    return left


def list_cells(row: Row, layout: Layout, scene: Scene) -> Cells:
    """One line of the process list, `layout.width` cells wide."""
    above, slash, label = show.clean(row.path).rpartition("/")
    room = layout.widths[0] - 2 - len(label)
    if len(above) + 1 > room:
        above = ("~" if scene.plain else "…") + above[max(0, len(above) - room + 2) :]
    name: list[Cell] = [
        *_glyph(row, scene),
        (printable(above + slash, plain=scene.plain), "dim"),
        (printable(label, plain=scene.plain), _name_role(row, scene)),
    ]
    cells = _columns(row, name, layout, scene)
    return dimmed(cells) if scene.over or row.status == "gone" else cells


def _glyph(row: Row, scene: Scene) -> list[Cell]:
    look = _look(row, scene)
    return [((look.ascii if scene.plain else look.glyph) + " ", look.severity)]


def _look(row: Row, scene: Scene) -> show.Look:
    """How the row's status appears: between two crashes not as if all were well.

    Of a node that has ended each row has the sign of what is gone, and keeps its word:
    how it fared in the end.
    """
    look = show.look(row.status)
    well = look.severity in ("ok", "busy")
    look = show.look("looping") if well and row.id in scene.loops else look
    if not scene.over:
        return look
    gone = show.look("gone")
    return evolve(look, glyph=gone.glyph, ascii=gone.ascii, severity=gone.severity)


def _name_role(row: Row, scene: Scene) -> Role:
    severity = _look(row, scene).severity
    if severity in ("bad", "off"):
        return severity
    return "strong" if row.kind in ("supervisor", "dynamic") else "text"


def _columns(row: Row, name: list[Cell], layout: Layout, scene: Scene) -> Cells:
    cells = _into(name, layout.widths[0], scene)
    sizes = zip(layout.columns[1:], layout.widths[1:], strict=True)
    for column, width in sizes:
        cells.append((" " * GAP, "text"))
        cells.append(_value(row, column, width, scene))
    return tuple(cells)


def _value(row: Row, column: Column, width: int, scene: Scene) -> Cell:
    text, role = _VALUES[column.id](row, width, scene)
    text = printable(text, plain=scene.plain)
    return fit(text, width, right=column.right, plain=scene.plain), role


def after_a_while(cells: Cells, row: Row, layout: Layout, scene: Scene) -> Cells:
    """A line of `tree_cells` or `list_cells`, where only time has passed since.

    Args:
        cells: The line as it was; not that of a folded supervisor, nor a dimmed one.
        row: The child: nothing new of it was heard.
        layout: As it was.
        scene: With the present time.

    Returns:
        The same object if the line says the same.
    """
    pieces: list[Cell] | None = None
    for at, column, width in layout.timed:
        piece = _value(row, column, width, scene)
        if piece != cells[at]:
            pieces = pieces or list(cells)
            pieces[at] = piece
    return cells if pieces is None else tuple(pieces)


def _folded(row: Row, name: list[Cell], layout: Layout, scene: Scene) -> Cells:
    """A folded supervisor: what it hides stands where its columns were."""
    cells = _into(name, layout.widths[0], scene)
    room = layout.width - layout.widths[0] - GAP
    state = next((c for c in layout.columns if c.id == "state"), None)
    cells.append((" " * GAP, "text"))
    if state is not None:
        word, loud = _state(row, state.width, scene)
        cells.append((fit(word, state.width), loud))
        cells.append((" " * GAP, "text"))
        room -= state.width + GAP
    totals = scene.model.totals(row.id)
    role: Role = "dim"
    if totals.down or totals.stuck:
        role = "bad"
    elif totals.waiting:
        role = "warn"
    text = show.aggregate(totals, plain=scene.plain)
    cells.append(cell(fit(text, room, plain=scene.plain), role))
    return tuple(cells)


def _into(cells: list[Cell], width: int, scene: Scene) -> list[Cell]:
    """The pieces in exactly `width` cells; the last one yields."""
    done: list[Cell] = []
    for text, role in cells:
        if width <= 0:
            break
        text = cut(text, width, plain=scene.plain)
        done.append((text, role))
        width -= width_of(text)
    if width > 0:
        done.append((" " * width, "text"))
    return done


def _state(row: Row, width: int, scene: Scene) -> Cell:
    look = _look(row, scene)
    return look.word, look.severity


def _kind(row: Row, width: int, scene: Scene) -> Cell:
    return show.kind(row), "dim"


def _load(row: Row) -> Role:
    share = show.fullness(row)
    if share is None or not row.mailbox_len:
        return "dim"
    if share >= 0.9:
        return "bad"
    return "warn" if share >= 0.5 else "text"


def _bar(row: Row, width: int, scene: Scene) -> Cell:
    share = show.fullness(row)
    if share is None:
        return "", "dim"
    role = _load(row)
    return show.bar(
        share, width, plain=scene.plain
    ), "accent" if role == "text" else role


def _mailbox(row: Row, width: int, scene: Scene) -> Cell:
    return show.mailbox(row), _load(row)


def _peak(row: Row, width: int, scene: Scene) -> Cell:
    return ("" if row.mailbox_peak is None else show.count(row.mailbox_peak)), "dim"


def _rate(row: Row, width: int, scene: Scene) -> Cell:
    rate = scene.model.handled_rate(row.id, scene.clock)
    return (show.count(rate), "text") if rate >= 0.5 else ("", "dim")


def _growth(row: Row, width: int, scene: Scene) -> Cell:
    growth = scene.model.growth(row.id, scene.clock)
    if abs(growth) < 0.5:
        return "", "dim"
    sign = "+" if growth > 0 else "-"
    return f"{sign}{show.count(abs(growth))}", "warn" if growth > 0 else "dim"


def _handled(row: Row, width: int, scene: Scene) -> Cell:
    return ("" if row.handled is None else show.count(row.handled)), "dim"


def _registered(row: Row, width: int, scene: Scene) -> Cell:
    return show.clean(row.name), "text"


def _policy(row: Row, width: int, scene: Scene) -> Cell:
    return show.clean(row.restart), "dim"


def _id(row: Row, width: int, scene: Scene) -> Cell:
    return f"#{row.id}", "dim"


def _restarts(row: Row, width: int, scene: Scene) -> Cell:
    used, limit = row.budget_used or 0, row.budget_max
    role: Role = "text" if row.restarts else "dim"
    if limit is not None and used:
        role = "bad" if used >= limit else "warn"
    return show.restarts(row, width), role


def _life(row: Row, width: int, scene: Scene) -> Cell:
    # Lives of a storm have more digits than there is room for.
    number = str(row.life) if row.life < 100_000 else show.count(row.life)
    return (f"#{number}" if row.life else ""), "dim"


def _up(row: Row, width: int, scene: Scene) -> Cell:
    return show.uptime(row, scene.now), "dim"


def _op(row: Row, width: int, scene: Scene) -> Cell:
    if row.op is None:
        return "", "dim"
    age = 0.0 if row.op_since is None else scene.now - row.op_since
    role: Role = "bad" if age >= 30 else "warn" if age >= 5 else "text"
    if row.op_since is None:
        return show.clean(row.op), role
    time = show.duration(age)
    name = cut(show.clean(row.op), width - len(time) - 1, plain=scene.plain)
    return f"{name} {time}", role


def _exit(row: Row, width: int, scene: Scene) -> Cell:
    quiet = row.status == "running" and not row.restarts
    return show.clean(row.last_exit), "dim" if quiet else "text"


_VALUES: Final = {
    "state": _state,
    "kind": _kind,
    "bar": _bar,
    "mailbox": _mailbox,
    "peak": _peak,
    "rate": _rate,
    "growth": _growth,
    "handled": _handled,
    "restarts": _restarts,
    "life": _life,
    "up": _up,
    "op": _op,
    "exit": _exit,
    "name": _registered,
    "policy": _policy,
    "id": _id,
}
