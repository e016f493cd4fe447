"""``trio-sup status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._commands.arguments import HOW, add_json, add_node
from trio_sup._commands.command import Command
from trio_sup._commands.support import asking, find, print_json, print_lines

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_json(parser)
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 if there is a problem"
    )


def run(args: argparse.Namespace) -> int:
    """Print the totals and what is wrong."""
    from trio_sup.inspect import oneshot, report

    with asking():
        answer = oneshot.ask(find(args))
    if args.json:
        print_json(report.status_json(answer))
    else:
        print_lines(report.status_lines(answer))
    bad = args.check and report.problems_of(answer)
    return oneshot.EXIT_PROBLEM if bad else oneshot.EXIT_OK


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\nexample, as a health check:\n  trio-sup status shop --check\n",
)
