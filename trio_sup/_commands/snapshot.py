"""``trio-sup snapshot``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._commands.arguments import HOW
from trio_sup._commands.command import Command
from trio_sup._commands.output import complain
from trio_sup._commands.record import LIMIT, add_file, node_and_file, to_json, write
from trio_sup._commands.support import print_json

if TYPE_CHECKING:
    import argparse


def run(args: argparse.Namespace) -> int:
    """Write one picture of a node, and the events that it remembers."""
    node_and_file(args)
    done = write(args, 0.0, LIMIT, 4.0, lambda: False)
    if args.json:
        print_json(to_json(args.file, done))
    else:
        complain(f"{args.file} has {done.size} bytes")
    return 0


COMMAND = Command(
    run,
    add_file,
    f"{HOW}\n"
    "A snapshot is a recording of one moment: `inspect`, `tree`, `ps`, `show` and\n"
    "`status` take it for a node, by a path that holds a slash.\n\n"
    "examples:\n"
    "  trio-sup snapshot shop ./before.rec\n"
    "  trio-sup tree ./before.rec\n",
)
