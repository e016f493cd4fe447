"""``trio-sup profile``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trio_sup._commands.arguments import add_json, add_node, duration, seconds
from trio_sup._commands.command import EXIT_FAILED, EXIT_OK, Command, CommandError
from trio_sup._commands.output import complain, say_lines
from trio_sup._commands.support import asking, no_effect, peer, print_json

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    parser.add_argument(
        "--for",
        dest="duration",
        type=duration,
        default=10.0,
        metavar="TIME",
        help="how long to look, such as 30s or 2m (10s)",
    )
    parser.add_argument(
        "--rate",
        type=seconds,
        default=100.0,
        metavar="HZ",
        help="looks a second, 1 to 1000 (100)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write it for https://www.speedscope.app, instead of the tree",
    )
    add_json(parser, "print that document")


def run(args: argparse.Namespace) -> int:
    """Look where a node's time goes, by child and function."""
    from trio_sup.inspect.client.profiling import profile
    from trio_sup.inspect.text.flames import flame_lines, speedscope

    if args.json:
        given = {"--output": args.output}
        no_effect("with --json, which prints that document: take one", given)
    with asking():
        name, found = profile(peer(args), args.duration, args.rate)
    title = f"{name}, {found.seconds:.1f} s"
    if args.json:
        print_json(speedscope(found, title))
    elif args.output is not None:
        _write(args.output, speedscope(found, title))
        complain(f"{args.output}: open it at https://www.speedscope.app")
    else:
        say_lines(flame_lines(found))
    return EXIT_OK


def _write(path: Path, document: object) -> None:
    import json

    try:
        path.write_text(json.dumps(document), encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", EXIT_FAILED) from error


COMMAND = Command(
    run,
    arguments,
    "A thread of the node looks at its loop; while nobody asks there is none.\n"
    "Parts below 1 % of the busy time are left out of the tree, not of the document.\n\n"
    "examples:\n"
    "  trio-sup profile shop --for 30s\n"
    "  trio-sup profile shop --for 1m -o shop.speedscope.json\n",
)
