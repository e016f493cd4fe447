"""``trio-sup tree``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import (
    FILTER,
    HOW,
    add_ascii,
    add_filter,
    add_json,
    add_node,
    positive,
)
from trio_sup._commands.command import EXIT_USAGE, Command, CommandError
from trio_sup._commands.output import say_lines
from trio_sup._commands.support import (
    ask,
    node_or_filter,
    print_json,
    query,
    speaks_unicode,
)

if TYPE_CHECKING:
    import argparse

EPILOG: Final = f"""\
{HOW}
{FILTER}
examples:
  trio-sup tree
  trio-sup tree shop --depth 2
  trio-sup tree shop state:down
  trio-sup tree shop --json | jq '.children[].status'
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_filter(parser, "only what fits, and the supervisors above it")
    add_json(parser)
    add_ascii(parser)
    parser.add_argument(
        "--depth", type=positive, metavar="N", help="only the upper N levels"
    )


def run(args: argparse.Namespace) -> int:
    """Print the tree once."""
    from trio_sup.inspect.model.tree_model import snapshot
    from trio_sup.inspect.text.documents import TooDeep, tree_json
    from trio_sup.inspect.text.tree_text import tree_lines

    node_or_filter(args)
    wanted = query(args.filter)
    answer = ask(args)
    if args.json:
        try:
            print_json(tree_json(answer, wanted, args.depth))
        except TooDeep as error:
            text = "the tree is too deep for nested JSON: cut it with --depth"
            raise CommandError(text, EXIT_USAGE) from error
    else:
        say_lines(
            tree_lines(
                snapshot(answer.rows.values()),
                now=answer.now,
                query=wanted,
                depth=args.depth,
                plain=args.ascii or not speaks_unicode(),
            )
        )
    return 0


COMMAND = Command(run, arguments, EPILOG)
