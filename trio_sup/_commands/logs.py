"""``trio-sup logs``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import (
    HOW,
    add_filter,
    add_json,
    add_node,
    duration,
    log_level,
)
from trio_sup._commands.command import EXIT_OK, EXIT_USAGE, Command, CommandError
from trio_sup._commands.output import complain, say
from trio_sup._commands.support import (
    asking,
    line_query,
    node_or_filter,
    peer,
    recording_of,
)
from trio_sup._core.clean import json_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from trio_sup.inspect.client.session import Session

LOOK: Final = 3.0
"""Seconds of looking without ``--follow``."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_filter(parser, "only records with these words; see below")
    parser.add_argument(
        "--level",
        type=log_level,
        default=0,
        metavar="LEVEL",
        help="only records of this level and above: debug, info, warning, error",
    )
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on until the node ends"
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=duration,
        metavar="TIME",
        help="how long to look, such as 30s or 2m (3s)",
    )
    add_json(parser, "print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print what a node writes to its log from now on."""
    from trio_sup.inspect.client.tailing import tail
    from trio_sup.inspect.protocol.wire_details import Follow

    node_or_filter(args)
    if args.follow and args.duration is not None:
        raise CommandError("--follow goes on; --for ends: take one", EXIT_USAGE)
    if recording_of(args) is not None:
        raise CommandError("a recording holds no log records", EXIT_USAGE)
    passes = line_query(args.filter)
    seconds = None if args.follow else args.duration or LOOK
    wish = Follow("logs", level=args.level)
    with asking():
        # Records are seen while somebody looks: none from before.
        if not args.follow:
            complain(f"looking for {seconds:g} s; --follow goes on")
        looks = tail(peer(args), lambda session: wish, seconds=seconds)
        _print(args, looks, passes)
    return EXIT_OK


def _print(
    args: argparse.Namespace,
    looks: Iterable[Session],
    passes: Callable[[str], bool],
) -> None:
    from trio_sup.inspect.client.answer import wall_time
    from trio_sup.inspect.text.log_lines import (
        log_json,
        log_line,
        nothing_passes,
        searched,
    )

    seen = missed = 0
    told = False
    for session in looks:
        topics, node = session.topics, session.node
        assert node is not None  # it greets before it says anything
        if not told:
            told = True
            if topics.logs is not None and topics.logs.hidden:
                complain("this node shows no contents: its records have no texts")
            elif why := nothing_passes(topics.logs, args.level):
                complain(why)
        if topics.log.missed > missed:
            complain(f"{topics.log.missed - missed} records missed")
            missed = topics.log.missed
        new, seen = topics.log.since(seen), topics.log.count
        for line in new:
            if not passes(searched(line)):
                continue
            wall = wall_time(node, line.at)
            text = log_line(line, wall)
            say(json_line(log_json(line, wall)) if args.json else text, flush=True)


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\n"
    "filter: words that path, logger or text contain; also\n"
    '  path:shop/db   /regex/   !word   "a:b"\n\n'
    "A node keeps records only while somebody looks: there are none from before. What\n"
    "the program's own loggers do not let pass is not seen.\n\n"
    "examples:\n"
    "  trio-sup logs shop --level warning --follow\n"
    "  trio-sup logs shop path:shop/db timeout --for 1m --json\n",
)
