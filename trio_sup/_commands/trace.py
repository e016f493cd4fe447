"""``trio-sup trace``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import HOW, add_json, add_node, duration
from trio_sup._commands.command import EXIT_OK, EXIT_USAGE, Command, CommandError
from trio_sup._commands.completion import child_paths, completed_by
from trio_sup._commands.output import complain, say
from trio_sup._commands.support import asking, peer, recording_of
from trio_sup._core.clean import json_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from trio_sup.inspect.client.session import Session
    from trio_sup.inspect.protocol.wire_details import Follow

MAX_OP: Final = 200
"""Characters of an operation: no request has a longer string."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    child = parser.add_argument(
        "child", nargs="?", metavar="CHILD", help="a path, its end, a name, or #ID"
    )
    completed_by(child, child_paths)
    parser.add_argument(
        "--op", default="", metavar="OP", help="only this operation, and what follows"
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=duration,
        metavar="TIME",
        help="how long to look, such as 30s or 2m (until Ctrl-C)",
    )
    add_json(parser, "print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print what servers receive and answer, as it happens."""
    from trio_sup.inspect.client.tailing import tail

    if recording_of(args) is not None:
        raise CommandError("a recording holds no steps of servers", EXIT_USAGE)
    if args.child is None:
        args.node, args.child = None, args.node
    if args.child is None:
        raise CommandError("which child? trio-sup ps lists them", EXIT_USAGE)
    if len(args.op) > MAX_OP:
        raise CommandError(f"an operation has at most {MAX_OP} characters", EXIT_USAGE)

    def wish(session: Session) -> Follow:
        return _wish(session, args.child, args.op)

    with asking():
        looks = tail(peer(args), wish, want=("tree",), seconds=args.duration)
        _print(args, looks)
    return EXIT_OK


def _wish(session: Session, child: str, op: str) -> Follow:
    from trio_sup.inspect.client.oneshot import EXIT_AMBIGUOUS, EXIT_NO_NODE
    from trio_sup.inspect.model.which_child import (
        NoChildFits,
        SeveralChildrenFit,
        find_child,
    )
    from trio_sup.inspect.protocol.wire_details import Follow

    try:
        id = find_child(session.rows.values(), child)
    except NoChildFits as error:
        raise CommandError(str(error), EXIT_NO_NODE) from error
    except SeveralChildrenFit as error:
        raise CommandError(str(error), EXIT_AMBIGUOUS) from error
    return Follow("trace", child=id, text=op)


def _print(args: argparse.Namespace, looks: Iterable[Session]) -> None:
    from trio_sup.inspect.client.answer import wall_time
    from trio_sup.inspect.text.trace_lines import cost_line, trace_json, trace_line

    seen = missed = 0
    told = False
    topics = None
    for session in looks:
        topics, node = session.topics, session.node
        assert node is not None  # it greets before it says anything
        if not told and topics.trace is not None:
            told = True
            complain(f"{args.child}: {cost_line(topics.trace, 0)}")
        if topics.steps.missed > missed:
            missed = topics.steps.missed
        new, seen = topics.steps.since(seen), topics.steps.count
        for step in new:
            wall = wall_time(node, step.at)
            text = trace_line(step, wall)
            say(json_line(trace_json(step, wall)) if args.json else text, flush=True)
    if topics is not None and missed:
        complain(f"{missed} further steps were counted only: too many for the budget")


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\n"
    "Of a supervisor all servers below it are looked at. Each message has a number, and\n"
    "what is sent while it is in hand is indented below it: so one request is followed\n"
    "through several servers. Looking ends with the command.\n\n"
    "examples:\n"
    "  trio-sup trace shop/orders\n"
    "  trio-sup trace shop shop --op place --for 30s\n"
    "  trio-sup trace shop boards/7 --json\n",
)
