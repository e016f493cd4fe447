"""``trio-sup events``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._commands.arguments import HOW, add_json, add_node, moment
from trio_sup._commands.command import Command
from trio_sup._commands.output import say
from trio_sup._commands.support import (
    asking,
    no_effect,
    peer,
    reading,
    recording_of,
)
from trio_sup._core.clean import json_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from pathlib import Path

    from trio_sup.inspect.protocol.wire import Event


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on until the node ends"
    )
    parser.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="only later ones: 10m (ago), 12:30, 2026-05-01T12:30",
    )
    add_json(parser, "print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print what the node remembers, or go on as events happen."""
    from trio_sup.inspect.client import oneshot
    from trio_sup.inspect.text.documents import event_json
    from trio_sup.inspect.text.plain_lines import event_line

    recording = recording_of(args)
    if recording is not None:
        no_effect("with a recording, which has an end", {"--follow": args.follow})
    with asking(), reading():
        if recording is not None:
            found: Iterable[tuple[Event, float]] = _recorded(recording)
        elif args.follow:
            found = oneshot.follow(peer(args))
        else:
            found = oneshot.remembered(peer(args))
        for event, wall in found:
            if args.since is not None and wall < args.since:
                continue
            if args.json:
                say(json_line(event_json(event, wall)), flush=args.follow)
            else:
                say(event_line(event, wall), flush=args.follow)
    return 0


def _recorded(path: Path) -> list[tuple[Event, float]]:
    from trio_sup.inspect.client.answer import wall_time
    from trio_sup.inspect.recording import replay

    index = replay.read_index(path)
    hello = replay.answer_of(path).node
    return [(event, wall_time(hello, event.at)) for event in index.events]


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\nexamples:\n"
    "  trio-sup events shop --since 10m\n"
    "  trio-sup events shop --follow --json | grep child_crashed\n",
)
