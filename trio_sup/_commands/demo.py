"""``trio-sup demo``."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import count, name, port, positive, seconds
from trio_sup._commands.command import Command
from trio_sup._commands.engines import engine_at
from trio_sup._commands.extras import inspector_main
from trio_sup._commands.inspect_cluster import observation
from trio_sup._commands.interpreter import python_process
from trio_sup._commands.support import no_effect

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_NODES: Final = 9


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
        metavar="PORT",
        help="where it listens, on the loopback interface (a free one)",
    )
    _add_nodes(parser)
    parser.add_argument(
        "--plain", action="store_true", help="print events instead of the inspector"
    )


def _add_nodes(parser: argparse.ArgumentParser) -> None:
    """``--nodes`` and ``--redis``."""
    parser.add_argument(
        "--nodes",
        type=nodes,
        default=0,
        metavar="N",
        help="boards that run once in a cluster of N nodes, instead",
    )
    parser.add_argument(
        "--redis",
        metavar="URL",
        help="where the nodes meet, or a postgresql:// URL (an engine of their own, inside)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the demonstration."""
    from trio_sup.demo.start import main

    if args.redis is not None:
        args.nodes = args.nodes or 1
        engine_at(args.redis)  # late is too late
    if args.nodes:
        where = "with nodes of a cluster, which listen nowhere"
        no_effect(where, {"--port": args.port})
    return main(args, _inspector, python_process)


def _inspector() -> Callable[..., int | None] | None:
    """The terminal application, which can show the cluster of a node, too."""
    show = inspector_main()
    return None if show is None else partial(show, observe=observation)


def nodes(text: str) -> int:
    """How many nodes."""
    number = positive(text)
    if number > MOST_NODES:
        raise argparse.ArgumentTypeError(f"from 1 to {MOST_NODES}, not {text!r}")
    return number


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
    "  trio-sup demo --plain --clients 0 --port 4242\n"
    "  trio-sup demo --nodes 3 --chaos 10\n"
    "  trio-sup demo --nodes 3 --redis redis://localhost\n\n"
    "With --nodes each client calls boards from a node of its own, wherever they run,\n"
    "and --chaos cuts off a node (inside) or lets a board crash (on Redis). With\n"
    "--redis the nodes of several such commands, with a --name each, are one cluster.\n",
    program=True,
)
