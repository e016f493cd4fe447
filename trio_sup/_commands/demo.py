"""``trio-sup demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._commands.arguments import count, name, port, seconds
from trio_sup._commands.command import Command
from trio_sup._commands.extras import inspector_main
from trio_sup._commands.interpreter import python_process

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--clients",
        type=count,
        default=5,
        metavar="N",
        help="how many clients run inside of it (5)",
    )
    parser.add_argument(
        "--chaos",
        type=seconds,
        metavar="SECONDS",
        help="crash something about that often",
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=seconds,
        metavar="SECONDS",
        help="stop in order after that time",
    )
    parser.add_argument(
        "--name", type=name, default="demo", metavar="NAME", help="the node's name"
    )
    parser.add_argument(
        "--port",
        type=port,
        default=0,
        metavar="PORT",
        help="where it listens, on the loopback interface (a free one)",
    )
    parser.add_argument(
        "--plain", action="store_true", help="print events instead of the inspector"
    )


def run(args: argparse.Namespace) -> int:
    """Run the demonstration."""
    from trio_sup.demo.start import main

    return main(args, inspector_main, python_process)


COMMAND = Command(
    run,
    arguments,
    "On a terminal the inspector opens on it, and quitting stops it. Elsewhere,\n"
    "and with --plain, the tree and what happens are printed; Ctrl-C stops it.\n"
    "Talk to it with `nc 127.0.0.1 PORT`, and type HELP.\n\n"
    "examples:\n"
    "  trio-sup demo\n"
    "  trio-sup demo --clients 50 --chaos 2\n"
    "  trio-sup demo --plain --chaos 1 --for 20\n"
    "  trio-sup demo --plain --clients 0 --port 4242\n",
    program=True,
)
