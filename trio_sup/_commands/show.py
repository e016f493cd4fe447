"""``trio-sup show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import HOW, add_json, add_node
from trio_sup._commands.command import EXIT_USAGE, Command, CommandError
from trio_sup._commands.completion import child_paths, completed_by
from trio_sup._commands.output import say_lines
from trio_sup._commands.support import (
    ask,
    asking,
    peer,
    print_json,
    recording_of,
)

if TYPE_CHECKING:
    import argparse

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.protocol.wire import Detail

PARTS: Final = ("mailbox", "state", "stack", "history", "links")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    child = parser.add_argument(
        "child", metavar="CHILD", help="a path, its end, a name, or #ID"
    )
    completed_by(child, child_paths)
    add_json(parser)
    parser.add_argument(
        "-p",
        "--part",
        action="append",
        default=[],
        dest="parts",
        choices=PARTS,
        help="also: mailbox, state, stack, history or links; can be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Print one child's specification, state, last crash and latest events."""
    import attrs

    from trio_sup.inspect.client.oneshot import EXIT_NO_NODE
    from trio_sup.inspect.text.one_child import child_json, child_lines
    from trio_sup.inspect.text.one_child_parts import part_lines

    parts = tuple(dict.fromkeys(args.parts))
    answer, detail = _look(args, parts)
    if detail.row is None:
        raise CommandError(f"{args.child} is gone", EXIT_NO_NODE)
    if args.json:
        document = child_json(answer, detail, detail.row)
        inside = attrs.asdict(detail, filter=lambda field, _: field.name in parts)
        print_json(document | inside)
    else:
        say_lines(child_lines(answer, detail, detail.row))
        say_lines(part_lines(detail, parts))
    return 0


def _look(args: argparse.Namespace, parts: tuple[str, ...]) -> tuple[Answer, Detail]:
    """The child in a recording or on a node."""
    from trio_sup.inspect.client import oneshot
    from trio_sup.inspect.model.which_child import (
        NoChildFits,
        SeveralChildrenFit,
        find_child,
    )
    from trio_sup.inspect.protocol.wire import Detail

    def wanted(answer: Answer) -> int:
        try:
            return find_child(answer.rows.values(), args.child)
        except NoChildFits as error:
            raise CommandError(str(error), oneshot.EXIT_NO_NODE) from error
        except SeveralChildrenFit as error:
            raise CommandError(str(error), oneshot.EXIT_AMBIGUOUS) from error

    if recording_of(args) is None:
        with asking():
            return oneshot.detail(peer(args), wanted, parts)
    if parts:
        raise CommandError("a recording holds no such parts", EXIT_USAGE)
    answer = ask(args)
    row = answer.rows[wanted(answer)]
    return answer, Detail(row.id, answer.now, row)


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\nexamples:\n"
    "  trio-sup show shop/boards/7\n"
    "  trio-sup show shop boards/7 --json\n"
    "  trio-sup show shop '#12' -p stack -p mailbox\n",
)
