"""``trio-sup reload``: a node makes its specification once more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trio_sup._commands.acting import about_json, answer_json, controlled, exit_code
from trio_sup._commands.arguments import add_json, add_node
from trio_sup._commands.command import EXIT_USAGE, Command, CommandError
from trio_sup._commands.output import complain, say, say_lines
from trio_sup._commands.support import print_json, recording_of
from trio_sup._core.clean import clean

if TYPE_CHECKING:
    import argparse

    from trio_sup.inspect.protocol.wire_actions import Acted


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    parser.add_argument(
        "--plan", action="store_true", help="print what it would do, and stop"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Say what would change; let it; say how it went."""
    from trio_sup.inspect.client.carry_action import act, plan
    from trio_sup.inspect.client.oneshot import EXIT_REFUSED

    if recording_of(args) is not None:
        raise CommandError("a recording cannot be reloaded", EXIT_USAGE)
    outcome: Acted | None = None
    with controlled("reload", args) as conversation:
        planned = plan(conversation, "reload", 0, 0)
        if not args.json:
            say_lines(clean(line) for line in planned.lines)
            sys.stdout.flush()
        if not planned.code and not args.plan:
            outcome = act(conversation, "reload", 0, 0)
            if not args.json:
                say(clean(f"{outcome.state}: {outcome.text}"))
        if outcome is None or outcome.code != "lost":
            conversation.leave()
        if args.json:
            about = about_json(conversation, "reload")
            print_json({**about, **answer_json(planned, outcome)})
    if planned.code:
        complain(f"refused: {planned.why}")
        return EXIT_REFUSED
    return exit_code([outcome] if outcome else [])


COMMAND = Command(
    run,
    arguments,
    "The node calls the function again that it was told to run, as SIGHUP makes it\n"
    "do, and its tree becomes what that returns: what is the same goes on. What\n"
    "changes is printed first, then how it went; --plan stops before that. If a child\n"
    "does not start, all is as before.\n\n"
    "The node has to allow control: `trio-sup run SPEC --control`.\n"
    "Exit code 8: the node refused, or its function raised. 1: a child did not start.\n"
    "\nexamples:\n"
    "  trio-sup reload shop --plan\n"
    "  trio-sup reload shop\n"
    "  trio-sup reload shop --plan --json\n",
)
