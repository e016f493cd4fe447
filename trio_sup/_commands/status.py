"""``trio-sup status``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import (
    HOW,
    add_json,
    add_node,
    natural,
    pace,
    seconds,
    share,
)
from trio_sup._commands.command import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_USAGE,
    Command,
    CommandError,
)
from trio_sup._commands.output import say_lines
from trio_sup._commands.support import ask, no_effect, print_json, recording_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.model.health import Breach, Limits

AGAIN: Final = 0.25
"""Seconds between two looks of ``--wait``."""
LIMITS: Final = (
    *("down", "waiting", "mailbox", "op", "budget", "restarts", "lag", "children"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_json(parser)
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 if there is a problem"
    )
    parser.add_argument(
        "--wait",
        type=seconds,
        metavar="SECONDS",
        help="with --check: until the node is there and well, at most so long",
    )
    limits = parser.add_argument_group("limits")

    def limit(name: str, kind: Callable[[str], float], unit: str, what: str) -> None:
        dest = name.removeprefix("--").partition("-")[2]
        limits.add_argument(name, dest=dest, type=kind, metavar=unit, help=what)

    limit("--max-down", natural, "N", "children that may be down for good (0)")
    limit("--max-waiting", natural, "N", "children that may be between lives (0)")
    limit("--max-mailbox", natural, "N", "messages in one mailbox (below its bound)")
    limit("--max-op", seconds, "SECONDS", "one message in hand (5)")
    limit("--max-budget", share, "SHARE", "of a restart budget, below it (0.5)")
    limit("--max-restarts", pace, "N/min", "of one child in a minute (2)")
    limit("--max-lag", seconds, "SECONDS", "that the loop is late (no limit)")
    limit("--min-children", natural, "N", "children that there must be (0)")


def run(args: argparse.Namespace) -> int:
    """Print the totals and what is wrong."""
    from trio_sup.inspect.model.health import Limits
    from trio_sup.inspect.text.documents import status_json
    from trio_sup.inspect.text.plain_lines import status_lines

    if args.check and recording_of(args) is not None:
        text = f"{args.node} is a recording: --check is about a node that runs"
        raise CommandError(text, EXIT_USAGE)
    if recording_of(args) is not None:
        no_effect("with a recording, which does not change", {"--wait": args.wait})
    given = {name: getattr(args, name) for name in LIMITS}
    limits = Limits(
        **{name: value for name, value in given.items() if value is not None}
    )
    answer, found = _look(args, limits)
    if args.json:
        print_json(status_json(answer, found))
    else:
        say_lines(status_lines(answer, found))
    return EXIT_FAILED if args.check and found else EXIT_OK


def _look(args: argparse.Namespace, limits: Limits) -> tuple[Answer, list[Breach]]:
    from trio_sup.inspect.model.health import breaches

    deadline = time.monotonic() + (args.wait or 0.0)
    while True:
        due = time.monotonic() + AGAIN
        try:
            answer = ask(args, ("tree", "events"))
        except CommandError:
            if time.monotonic() >= deadline:
                raise
        else:
            found = breaches(answer, limits)
            if not found or time.monotonic() >= deadline:
                return answer, found
        time.sleep(max(0.0, min(due, deadline) - time.monotonic()))


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\nexamples, as health checks:\n"
    "  trio-sup status shop --check\n"
    "  trio-sup status shop --check --max-op 30 --max-lag 0.5 --max-restarts 10/min\n"
    "  trio-sup status shop --check --wait 30 --min-children 12\n",
)
