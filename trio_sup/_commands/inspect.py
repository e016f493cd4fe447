"""``trio-sup inspect``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trio_sup._commands import tree
from trio_sup._commands.arguments import HOW, add_ascii, add_node, rate
from trio_sup._commands.command import Command
from trio_sup._commands.support import asking, find, inspector_app

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_ascii(parser)
    parser.add_argument(
        "--rate",
        type=rate,
        default=4.0,
        metavar="HZ",
        help="refreshes a second, 1 to 10",
    )
    parser.add_argument(
        "--color",
        choices=["auto", "always", "never"],
        default="auto",
        help="auto sends none if NO_COLOR is set",
    )
    parser.add_argument(
        "--control",
        action="store_true",
        help="ask the node to allow actions: restart, terminate, ...",
    )
    # What the tree needs, which is printed where there is no terminal.
    parser.set_defaults(filter=[], json=False, depth=None)


def run(args: argparse.Namespace) -> int:
    """Open the terminal application; without a terminal print the tree."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        code = tree.run(args)
        hint = "this is no terminal, so that was the tree, once: trio-sup tree --help"
        print(f"trio-sup: {hint}", file=sys.stderr)
        return code
    # What is missing is said before the screen is taken.
    show = inspector_app()
    socket: Path | None = None
    if args.node is not None:
        with asking():
            socket = find(args).socket
    plain = True if args.ascii else None
    return (
        show(
            socket,
            plain=plain,
            rate=args.rate,
            color=args.color,
            control=args.control,
        )
        or 0
    )


COMMAND = Command(
    run,
    arguments,
    f"{HOW}Without it, and with several, the inspector asks.\n\n"
    "Needs the extra `inspector`. Where there is no terminal the tree is printed\n"
    "once instead.\n\nexamples:\n  trio-sup inspect\n  trio-sup inspect shop\n",
    program=True,
)
