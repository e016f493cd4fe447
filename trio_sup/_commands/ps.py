"""``trio-sup ps``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import (
    FILTER,
    HOW,
    add_filter,
    add_json,
    add_node,
    positive,
)
from trio_sup._commands.command import Command
from trio_sup._commands.output import say_lines
from trio_sup._commands.support import (
    ask,
    no_effect,
    node_or_filter,
    print_json,
    query,
)
from trio_sup._core.clean import clean

if TYPE_CHECKING:
    from trio_sup.inspect.text.columns import Column

SAMPLED: Final = frozenset({"growth", "rate"})
"""Orders that take two looks at the node: `top` has them."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_filter(parser, "only what fits")
    add_json(parser)
    parser.add_argument(
        "--sort",
        type=order,
        default="path",
        metavar="ORDER",
        help="path (the default), mailbox, peak, restarts, handled, op, uptime",
    )
    add_table(parser)
    parser.add_argument(
        "-n", "--lines", type=positive, metavar="N", help="only the first N children"
    )


def add_table(parser: argparse.ArgumentParser) -> None:
    """What `ps` and `top` share."""
    parser.add_argument(
        "-r", "--reverse", action="store_true", help="sort the other way round"
    )
    parser.add_argument(
        "--columns", metavar="A,B,...", help="which columns; `help` lists them"
    )
    parser.add_argument(
        "--no-heading", action="store_true", help="leave the titles out"
    )


def check_table(args: argparse.Namespace) -> None:
    """Refuse what is about a table where there is none.

    Raises:
        CommandError: something is.
    """
    if args.json:
        given = {"--columns": args.columns, "--no-heading": args.no_heading}
        no_effect("with --json, which has all fields by their names", given)


def order(text: str) -> str:
    """An order that one look is enough for."""
    from trio_sup.inspect.model.order import BY_ID

    if text in SAMPLED:
        raise argparse.ArgumentTypeError(
            f"{text} takes two looks at the node: trio-sup top"
        )
    if text not in BY_ID:
        known = ", ".join(id for id in BY_ID if id not in SAMPLED)
        raise argparse.ArgumentTypeError(f"one of {known}, not {text!r}")
    return text


def columns(text: str | None, default: tuple[str, ...]) -> list[Column] | None:
    """The columns that are asked for; None after printing what there are.

    Raises:
        CommandError: there is no such column.
    """
    from trio_sup._commands.command import EXIT_USAGE, CommandError
    from trio_sup.inspect.text.columns import BY_ID, COLUMNS

    if text == "help":
        say_lines(clean(f"{column.id:<10}{column.about}") for column in COLUMNS)
        return None
    ids = default if text is None else [id.strip() for id in text.split(",")]
    for id in ids:
        if id not in BY_ID:
            raise CommandError(f"no column {id!r}: {', '.join(BY_ID)}", EXIT_USAGE)
    return [BY_ID[id] for id in ids]


def run(args: argparse.Namespace) -> int:
    """Print the children as a flat list, once."""
    from trio_sup.inspect.model.order import BY_ID, arrange
    from trio_sup.inspect.model.tree_model import snapshot
    from trio_sup.inspect.text.columns import PS, table
    from trio_sup.inspect.text.documents import rows_json

    chosen = columns(args.columns, PS)
    if chosen is None:
        return 0
    check_table(args)
    node_or_filter(args)
    wanted = query(args.filter)
    answer = ask(args)
    model = snapshot(answer.rows.values())
    ids = wanted.select(model.rows.values(), answer.now) if wanted else list(model.rows)
    ids = arrange(
        model, ids, BY_ID[args.sort], now=answer.now, clock=0.0, reverse=args.reverse
    )[: args.lines]
    rows = [model.rows[id] for id in ids]
    if args.json:
        print_json(rows_json(answer, rows, wanted))
    else:
        heading = not args.no_heading
        say_lines(table(chosen, rows, model, now=answer.now, heading=heading))
    return 0


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\n{FILTER}\nexamples:\n"
    "  trio-sup ps shop --sort mailbox -n 20\n"
    "  trio-sup ps shop state:problem --columns state,exit,path\n"
    "  trio-sup ps shop 'mailbox>100' --json | jq -r '.children[].path'\n",
)
