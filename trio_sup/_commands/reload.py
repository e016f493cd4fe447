"""``trio-sup reload``: a node makes its specification once more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trio_sup._commands.arguments import add_json, add_node
from trio_sup._commands.command import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_USAGE,
    Command,
    CommandError,
)
from trio_sup._commands.output import complain, say, say_lines
from trio_sup._commands.support import asking, peer, print_json, recording_of
from trio_sup._core.clean import clean

if TYPE_CHECKING:
    import argparse

    from trio_sup.inspect.client.conversation import Conversation
    from trio_sup.inspect.protocol.wire_actions import Acted, Planned


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
    from trio_sup.inspect.client.conversation import attached

    if recording_of(args) is not None:
        raise CommandError("a recording cannot be reloaded", EXIT_USAGE)
    outcome: Acted | None = None
    with (
        asking(),
        attached(
            peer(args), ("tree",), client="trio-sup reload", control=True
        ) as conversation,
    ):
        conversation.until_complete()
        conversation.until_control()
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
            print_json(_document(conversation, planned, outcome))
    if planned.code:
        complain(f"refused: {planned.why}")
    return _exit_code(planned, outcome)


def _exit_code(plan: Planned, outcome: Acted | None) -> int:
    from trio_sup.inspect.client.oneshot import EXIT_REFUSED, EXIT_SILENT

    if plan.code:
        return EXIT_REFUSED
    if outcome is None or outcome.state == "done":
        return EXIT_OK
    if outcome.code == "lost":
        return EXIT_SILENT
    return EXIT_REFUSED if outcome.state == "refused" else EXIT_FAILED


def _document(
    conversation: Conversation, plan: Planned, outcome: Acted | None
) -> dict[str, object]:
    from trio_sup.inspect.finding.found_node import SCHEMA

    node = conversation.session.node
    assert node is not None  # it has sent its rows
    state, code, text = "not_done", plan.code, plan.why
    if plan.code:
        state = "refused"
    elif outcome is not None:
        state, code, text = outcome.state, outcome.code, outcome.text
    return {
        "schema": SCHEMA,
        "node": node.node,
        "pid": node.pid,
        "action": "reload",
        "plan": plan.lines,
        "affected": plan.affected,
        "state": state,
        "code": code or None,
        "text": text,
    }


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
