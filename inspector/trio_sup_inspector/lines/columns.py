"""The columns of the tree and of the process list: which fit a width. No Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import Factory, evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

GAP: Final = 1
FLEX_SHARE: Final = 0.42
"""The last exit's share of what the fixed columns leave."""
FIRST: Final = 18
"""Cells that columns which somebody chose leave to the first one."""
LEAST_EXIT: Final = 12
"""Cells below which a last exit says nothing."""


@frozen
class Column:
    """One column."""

    id: str
    """What the settings file, a filter and ``--columns`` call it."""
    title: str
    width: int
    """Cells; 0 takes what the others leave."""
    at: int
    """The view's width from which on the column is shown, if nobody chose any."""
    right: bool = False


TREE_COLUMNS: Final = (
    Column("path", "NAME", 0, 0),
    Column("state", "STATE", 10, 56),
    Column("kind", "KIND", 13, 104),
    Column("bar", "", 8, 76),
    Column("mailbox", "MAILBOX", 10, 0, right=True),
    Column("restarts", "RESTARTS", 10, 50, right=True),
    Column("life", "LIFE", 6, 96, right=True),
    Column("up", "UPTIME", 6, 66, right=True),
    Column("op", "IN PROGRESS", 17, 92),
    Column("exit", "LAST EXIT", 0, 132),
)
LIST_COLUMNS: Final = (
    Column("path", "PATH", 0, 0),
    Column("state", "STATE", 10, 56),
    Column("kind", "KIND", 13, 112),
    Column("bar", "", 8, 84),
    Column("mailbox", "MAILBOX", 10, 0, right=True),
    Column("peak", "PEAK", 5, 100, right=True),
    Column("rate", "MSG/S", 7, 74, right=True),
    Column("restarts", "RESTARTS", 10, 50, right=True),
    Column("up", "UPTIME", 6, 66, right=True),
    Column("op", "IN PROGRESS", 17, 96),
    Column("exit", "LAST EXIT", 0, 140),
)
MORE: Final = (
    Column("peak", "PEAK", 5, 0, right=True),
    Column("rate", "MSG/S", 7, 0, right=True),
    Column("growth", "GROWTH/S", 8, 0, right=True),
    Column("handled", "HANDLED", 7, 0, right=True),
    Column("life", "LIFE", 6, 0, right=True),
    Column("policy", "POLICY", 9, 0),
    Column("name", "REGISTERED", 12, 0),
    Column("id", "ID", 7, 0, right=True),
)
"""Those that are there only if somebody chooses them."""
USUAL: Final = {"tree": TREE_COLUMNS, "list": LIST_COLUMNS}
"""The columns of each list that has a choice, if nobody made one."""
TIMED: Final = frozenset({"rate", "growth", "up", "op"})
"""The columns that may say something else though nothing new was heard."""
ABOUT: Final = {
    "state": "the status, in a word",
    "kind": "a strategy, or what runs",
    "bar": "how full the mailbox is, drawn",
    "mailbox": "messages waiting, and the bound",
    "peak": "the deepest mailbox of this life",
    "rate": "messages handled a second",
    "growth": "how fast the mailbox grows",
    "handled": "messages handled in this life",
    "restarts": "restarts, and the budget",
    "life": "the number of this life",
    "up": "how long this life runs",
    "op": "the message in hand, for how long",
    "exit": "how the last life ended",
    "policy": "permanent, transient, temporary",
    "name": "the registered name",
    "id": "the serial number",
}
"""What each column says, for who chooses."""


def _timed(layout: Layout) -> tuple[tuple[int, Column, int], ...]:
    sizes = zip(layout.columns[1:], layout.widths[1:], strict=True)
    # Each column is two pieces, the gap and what it says.
    first = 1 - 2 * (len(layout.columns) - 1)
    return tuple(
        (first + 2 * n, column, width)
        for n, (column, width) in enumerate(sizes)
        if column.id in TIMED
    )


@frozen
class Layout:
    """The columns that fit a width, each with its cells."""

    width: int
    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    step: int = 3
    """Cells by which each level of a tree is indented."""
    aside: int = 0
    """Cells by which names are scrolled to the left."""
    timed: tuple[tuple[int, Column, int], ...] = field(
        init=False, eq=False, default=Factory(_timed, takes_self=True)
    )
    """Those of the columns that are in `TIMED`: which piece of a line, counted from its
    end, the column, and its cells."""

    def at(self, x: int) -> str:
        """The id of the column in which a cell is; empty for none."""
        for column, width in zip(self.columns, self.widths, strict=True):
            if x < width:
                return column.id if x >= 0 else ""
            x -= width + GAP
        return ""


def all_columns(name: str) -> dict[str, Column]:
    """What can be chosen for a list, by id; its first column always stays."""
    usual = {column.id: column for column in USUAL[name][1:]}
    return usual | {c.id: c for c in MORE if c.id not in usual}


def usual_ids(name: str) -> tuple[str, ...]:
    """The columns of a list if nobody chose any, but for the first."""
    return tuple(column.id for column in USUAL[name][1:])


def lay_out(
    columns: tuple[Column, ...], width: int, without: Container[str] = ()
) -> Layout:
    """Choose the columns for a width and share out the cells."""
    width = max(width, 0)  # of a list that is not laid out yet
    shown = tuple(c for c in columns if width >= c.at and c.id not in without)
    return _shared_out(shown, width)


def lay_out_chosen(name: str, chosen: Sequence[str], width: int) -> Layout:
    """The columns that somebody chose, as many as fit: the first ones stay longest.

    Args:
        name: The list.
        chosen: Their ids in order.
        width: Cells of a line.
    """
    known = all_columns(name)
    shown, left = [USUAL[name][0]], width - FIRST
    for id in chosen:
        column = known[id]
        left -= (column.width or LEAST_EXIT) + GAP
        if left < 0:
            break
        shown.append(column)
    return _shared_out(tuple(shown), width)


def _shared_out(shown: tuple[Column, ...], width: int) -> Layout:
    fixed = sum(column.width for column in shown) + GAP * (len(shown) - 1)
    left = max(1, width - fixed)
    flexible = [column.id for column in shown if not column.width]
    extra = round(left * FLEX_SHARE) if "exit" in flexible else 0
    sizes = {"path": left - extra, "exit": extra}
    widths = tuple(column.width or sizes[column.id] for column in shown)
    return Layout(width, shown, widths)


DENSER: Final[tuple[tuple[int, tuple[str, ...]], ...]] = (
    (3, ()),
    (2, ()),
    (2, ("bar",)),
    (1, ("bar",)),
    (1, ("bar", "exit", "op")),
    (1, ("bar", "exit", "op", "kind", "life")),
    (1, ("bar", "exit", "op", "kind", "life", "up")),
)
"""How a deep tree makes room for its names: by indenting less, by fewer columns."""


def lay_out_tree(
    width: int,
    needs: Callable[[int], int],
    aside: int,
    chosen: Sequence[str] | None = None,
) -> Layout:
    """The columns of the tree, so that its names have the room that they need.

    Args:
        width: Cells of a line.
        needs: The cells of the longest name with its indentation, by the step.
        aside: Cells by which names are scrolled.
        chosen: The columns that somebody chose; None for the usual ones. Of them the
            last ones give way.
    """
    tries = [(step, lay_out(TREE_COLUMNS, width, without)) for step, without in DENSER]
    if chosen is not None:
        fewer = range(len(chosen), min(2, len(chosen)) - 1, -1)
        denser = [(3, len(chosen)), (2, len(chosen)), *((1, n) for n in fewer)]
        tries = [(s, lay_out_chosen("tree", chosen[:n], width)) for s, n in denser]
    for step, layout in tries:
        if needs(step) <= layout.widths[0]:
            return evolve(layout, step=step, aside=aside)
    step, layout = tries[-1]
    return evolve(layout, step=step, aside=aside)
