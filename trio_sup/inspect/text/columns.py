"""The columns of ``trio-sup ps`` and ``top``: children as plain lines. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup.inspect.protocol.wire import Row

    Text = Callable[[Row, TreeModel, float, float], str]


@frozen
class Column:
    """One column."""

    id: str
    """What ``--columns`` calls it."""
    title: str
    about: str
    """For the help."""
    text: Text
    """The cell of a row, given the model, the node's clock and the clock of
    `TreeModel.upsert`."""
    right: bool = False
    sampled: bool = False
    """Whether it takes two looks at the node: `top` has it, `ps` has not."""


def _status(row: Row) -> str:
    look = show.look(row.status)
    return look.word


def _speed(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 100 else show.count(value)


def _number(value: int | None) -> str:
    return "-" if value is None else show.count(value)


COLUMNS: Final = (
    Column("id", "ID", "the serial number", lambda r, m, t, w: str(r.id), right=True),
    Column("state", "STATE", "the status", lambda r, m, t, w: _status(r)),
    Column("kind", "KIND", "what it is", lambda r, m, t, w: show.kind(r)),
    Column(
        "mailbox",
        "MAILBOX",
        "messages waiting, and the bound",
        lambda r, m, t, w: show.mailbox(r) or "-",
        right=True,
    ),
    Column(
        "peak",
        "PEAK",
        "the deepest mailbox of this life",
        lambda r, m, t, w: _number(r.mailbox_peak),
        right=True,
    ),
    Column(
        "growth",
        "GROWTH/S",
        "how fast the mailbox grows",
        lambda r, m, t, w: "-" if r.handled is None else _speed(m.growth(r.id, w)),
        right=True,
        sampled=True,
    ),
    Column(
        "rate",
        "MSG/S",
        "messages handled a second",
        lambda r, m, t, w: (
            "-" if r.handled is None else _speed(m.handled_rate(r.id, w))
        ),
        right=True,
        sampled=True,
    ),
    Column(
        "handled",
        "HANDLED",
        "messages handled in this life",
        lambda r, m, t, w: _number(r.handled),
        right=True,
    ),
    Column(
        "restarts",
        "RESTARTS",
        "restarts, and the budget",
        lambda r, m, t, w: show.restarts(r) or "0",
        right=True,
    ),
    Column("life", "LIFE", "the life's number", lambda r, m, t, w: str(r.life), True),
    Column(
        "up",
        "UP",
        "how long this life runs",
        lambda r, m, t, w: show.uptime(r, t) or "-",
        right=True,
    ),
    Column(
        "op",
        "IN PROGRESS",
        "the message in hand, and for how long",
        lambda r, m, t, w: show.operation(r, t) or "-",
    ),
    Column(
        "policy",
        "POLICY",
        "when it is restarted",
        lambda r, m, t, w: show.clean(r.restart) or "-",
    ),
    Column(
        "name",
        "NAME",
        "the registered name",
        lambda r, m, t, w: show.clean(r.name) or "-",
    ),
    Column(
        "exit",
        "LAST EXIT",
        "how the last life ended",
        lambda r, m, t, w: show.clean(r.last_exit) or "-",
    ),
    Column("path", "PATH", "where it stands", lambda r, m, t, w: show.clean(r.path)),
)
"""All columns."""
BY_ID: Final = {column.id: column for column in COLUMNS}
CUT: Final = ".."
"""Stands for what is left out of a path."""
PS: Final = ("state", "mailbox", "handled", "restarts", "up", "op", "path")
"""What `ps` shows unless told otherwise."""
TOP: Final = ("state", "mailbox", "growth", "rate", "restarts", "up", "op", "path")
"""What `top` shows unless told otherwise."""


def table(
    columns: Sequence[Column],
    rows: Iterable[Row],
    model: TreeModel,
    *,
    now: float,
    clock: float = 0.0,
    heading: bool = True,
    width: int | None = None,
) -> Iterator[Clean]:
    """Lines with aligned columns; the last one is not padded.

    Args:
        columns: Which, in order.
        rows: The rows, in order.
        model: Where they are from.
        now: The node's clock.
        clock: The clock that `TreeModel.upsert` was given.
        heading: Begin with the titles.
        width: Cells that a line will be cut to: a path at its end is shortened so
            that rows can still be told apart. None: lines are not cut.
    """
    lines = [
        [column.text(row, model, now, clock) for column in columns] for row in rows
    ]
    if width is not None and columns[-1].id == "path":
        before = [max(map(len, cells)) for cells in zip(*lines, strict=True)][:-1]
        titles = [len(column.title) if heading else 0 for column in columns[:-1]]
        used = sum(max(pair) + 2 for pair in zip(before, titles, strict=False))
        paths = told_apart([line[-1] for line in lines], max(width - used, 8))
        lines = [[*line[:-1], path] for line, path in zip(lines, paths, strict=True)]
    if heading:
        lines.insert(0, [column.title for column in columns])
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        yield show.clean("  ".join(cells).rstrip())


def told_apart(paths: Sequence[str], room: int) -> list[str]:
    """The paths in at most `room` cells, cut where most of them stay different.

    Of a path that is too long the end says most; where the ends agree, the beginning.
    """
    best: list[str] = []
    for share in (1.0, 0.7, 0.5, 0.3, 0.0):
        tail = round((room - len(CUT)) * share)
        cut = [_without_middle(path, room, tail) for path in paths]
        if len(set(cut)) > len(set(best)):
            best = cut
        if len(set(best)) == len(set(paths)):
            return best
    # They differ in the middle alone.
    start = max(0, len(_common(paths)) - 2)
    cut = [_window(path, room, start) for path in paths]
    return cut if len(set(cut)) > len(set(best)) else best


def _common(paths: Sequence[str]) -> str:
    low, high = min(paths), max(paths)
    same = next((n for n, c in enumerate(low) if high[n : n + 1] != c), len(low))
    return low[:same]


def _window(path: str, room: int, start: int) -> str:
    if len(path) <= room:
        return path
    end = start + room - 2 * len(CUT)
    return f"{CUT}{path[start:end]}{CUT}" if end < len(path) else f"{CUT}{path[start:]}"


def _without_middle(path: str, room: int, tail: int) -> str:
    if len(path) <= room:
        return path
    head = room - len(CUT) - tail
    return f"{path[:head]}{CUT}{path[len(path) - tail :]}"
