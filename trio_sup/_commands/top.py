"""``trio-sup top``."""

from __future__ import annotations

import argparse
import shutil
import time
from typing import TYPE_CHECKING, Final

from trio_sup._commands import _screen
from trio_sup._commands.arguments import (
    FILTER,
    HOW,
    add_filter,
    add_json,
    add_node,
    positive,
    seconds,
)
from trio_sup._commands.command import Command
from trio_sup._commands.output import complain, say, say_lines
from trio_sup._commands.ps import add_table, check_table, columns
from trio_sup._commands.support import asking, node_or_filter, on_screen, peer, query
from trio_sup._core.clean import Clean, json_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.model.query import Query
    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup.inspect.text.columns import Column

LINES: Final = 20
"""How many children a pipe gets unless told otherwise."""
INTERVAL: Final = 2.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_filter(parser, "only what fits")
    add_json(parser, "print one JSON object a line, for each look")
    parser.add_argument(
        "--sort",
        type=order,
        default="mailbox",
        metavar="ORDER",
        help="mailbox (the default), growth, peak, restarts, rate, handled, op, "
        "uptime, path",
    )
    add_table(parser)
    _add_looks(parser)


def _add_looks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-n",
        "--lines",
        type=positive,
        metavar="N",
        help=f"how many children (what fits; {LINES} in a pipe)",
    )
    parser.add_argument(
        "-i",
        "--interval",
        type=seconds,
        default=INTERVAL,
        metavar="SECONDS",
        help=f"between two looks ({INTERVAL:g})",
    )
    often = parser.add_mutually_exclusive_group()
    often.add_argument(
        "-c", "--count", type=positive, metavar="N", help="end after N looks"
    )
    often.add_argument(
        "--once", action="store_const", const=1, dest="count", help="the same as -c 1"
    )
    parser.add_argument(
        "-b",
        "--batch",
        action="store_true",
        help="print one look below the other, as it is done in a pipe",
    )


def order(text: str) -> str:
    """Any order."""
    from trio_sup.inspect.model.order import BY_ID

    if text not in BY_ID:
        raise argparse.ArgumentTypeError(f"one of {', '.join(BY_ID)}, not {text!r}")
    return text


def run(args: argparse.Namespace) -> int:
    """Print the busiest children again and again, until the node ends."""
    from trio_sup.inspect.text.columns import TOP

    chosen = columns(args.columns, TOP)
    if chosen is None:
        return 0
    check_table(args)
    node_or_filter(args)
    view = _View(args, chosen, query(args.filter))
    if on_screen() and not (args.batch or args.json or args.count):
        return _on_screen(args, view)
    return _in_batches(args, view)


class _View:
    """What is shown of the rows."""

    def __init__(
        self, args: argparse.Namespace, columns: Sequence[Column], wanted: Query | None
    ) -> None:
        self._args = args
        self._columns = columns
        self._query = wanted

    def ids(self, model: TreeModel, answer: Answer, lines: int) -> list[int]:
        from trio_sup.inspect.model.order import BY_ID, arrange

        rows = model.rows
        wanted = self._query
        ids = wanted.select(rows.values(), answer.now) if wanted else list(rows)
        chosen = BY_ID[self._args.sort]
        return arrange(
            model,
            ids,
            chosen,
            now=answer.now,
            clock=time.monotonic(),
            reverse=self._args.reverse,
            first=None if chosen.measure is None else lines,
        )[:lines]

    def lines(
        self, model: TreeModel, answer: Answer, lines: int, width: int | None = None
    ) -> Iterator[Clean]:
        from trio_sup.inspect.text.columns import table

        yield from _status(answer)
        yield from table(
            self._columns,
            [model.rows[id] for id in self.ids(model, answer, lines)],
            model,
            now=answer.now,
            clock=time.monotonic(),
            heading=not self._args.no_heading,
            width=width,
        )

    def document(self, model: TreeModel, answer: Answer, lines: int) -> Clean:
        from trio_sup.inspect.text.documents import children_of, rows_json

        rows = [model.rows[id] for id in self.ids(model, answer, lines)]
        document = rows_json(answer, rows, self._query)
        clock = time.monotonic()
        for row, child in zip(rows, children_of(document), strict=True):
            child["handled_per_second"] = round(model.handled_rate(row.id, clock), 3)
            child["growth_per_second"] = round(model.growth(row.id, clock), 3)
        return json_line({"wall": round(time.time(), 6), **document})


def _status(answer: Answer) -> Iterator[Clean]:
    from trio_sup.inspect.text.plain_lines import status_lines

    yield from status_lines(answer, ())


def _looks(args: argparse.Namespace) -> Iterator[tuple[TreeModel, Answer, bool]]:
    """The model whenever the node was heard, and whether a look is due."""
    from trio_sup.inspect.client import oneshot
    from trio_sup.inspect.model.tree_model import TreeModel

    interval: float = args.interval
    model = TreeModel()
    # The first look has no rates yet: it comes late enough to have some.
    sampled, due = -interval, time.monotonic() + min(interval, 1.0)
    rate = min(max(1.0 / interval, 1.0), 10.0)
    with asking():
        for answer in oneshot.watch(peer(args), rate_hz=rate):
            now = time.monotonic()
            if now >= due or now - sampled >= 1.0:
                _take(model, answer, now)
                sampled = now
            look = now >= due
            if look:
                due = now + interval
            yield model, answer, look


def _take(model: TreeModel, answer: Answer, now: float) -> None:
    for id in [id for id in model.rows if id not in answer.rows]:
        model.remove(id)
    for row in answer.rows.values():
        model.upsert(row, now)


def _in_batches(args: argparse.Namespace, view: _View) -> int:
    left = args.count
    lines = args.lines or LINES
    for model, answer, due in _looks(args):
        if not due:
            continue
        if args.json:
            say(view.document(model, answer, lines), flush=True)
        else:
            say_lines(view.lines(model, answer, lines))
            say(Clean(""), flush=True)
        if left is not None:
            left -= 1
            if left == 0:
                return 0
    complain("the node ended")
    return 0


def _on_screen(args: argparse.Namespace, view: _View) -> int:
    with _screen.taken() as screen:
        for model, answer, due in _looks(args):
            if screen.quit():
                return 0
            if due:
                size = shutil.get_terminal_size()
                room = max(1, size.lines - 3)
                lines = min(args.lines or room, room)
                shown = view.lines(model, answer, lines, size.columns)
                screen.paint(shown, size)
    complain("the node ended")
    return 0


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\n{FILTER}\n"
    "On a terminal it refreshes until q or Ctrl-C; elsewhere it goes on until the\n"
    "node ends, or as often as -c says.\n\n"
    "examples:\n"
    "  trio-sup top shop --sort growth\n"
    "  trio-sup top shop --once -n 5 --json\n",
)
