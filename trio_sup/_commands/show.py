"""``trio-sup show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._commands.arguments import HOW, add_json, add_node
from trio_sup._commands.command import Command, CommandError
from trio_sup._commands.support import (
    ask,
    asking,
    peer,
    print_json,
    print_lines,
    recording_of,
)

if TYPE_CHECKING:
    import argparse

    from trio_sup.inspect.oneshot import Answer


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    parser.add_argument(
        "child", metavar="CHILD", help="a path, its end, a name, or #ID"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print one child's specification, state, last crash and latest events."""
    from trio_sup.inspect import oneshot, subject
    from trio_sup.inspect.wire import Detail

    def wanted(answer: Answer) -> int:
        try:
            return subject.find_child(answer.rows.values(), args.child)
        except subject.NoSuchChild as error:
            raise CommandError(str(error), oneshot.EXIT_NO_NODE) from error
        except subject.AmbiguousChild as error:
            raise CommandError(str(error), oneshot.EXIT_AMBIGUOUS) from error

    if recording_of(args) is not None:
        answer = ask(args)
        row = answer.rows[wanted(answer)]
        detail = Detail(row.id, answer.now, row)
    else:
        with asking():
            answer, detail = oneshot.detail(peer(args), wanted)
    if detail.row is None:
        raise CommandError(f"{args.child} is gone", oneshot.EXIT_NO_NODE)
    if args.json:
        print_json(subject.child_json(answer, detail, detail.row))
    else:
        print_lines(subject.child_lines(answer, detail, detail.row))
    return 0


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\nexamples:\n"
    "  trio-sup show shop/boards/7\n"
    "  trio-sup show shop boards/7 --json\n"
    "  trio-sup show shop '#12'\n",
)
