"""``trio-sup show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import HOW, add_json, add_node, duration
from trio_sup._commands.command import EXIT_USAGE, Command, CommandError
from trio_sup._commands.completion import child_paths, completed_by
from trio_sup._commands.output import say_lines
from trio_sup._commands.support import (
    ask,
    asking,
    find,
    no_effect,
    peer,
    print_json,
    recording_of,
)

if TYPE_CHECKING:
    import argparse

    from trio_sup.inspect.client.answer import Answer
    from trio_sup.inspect.finding.found_node import FoundNode
    from trio_sup.inspect.protocol.wire import Detail

PARTS: Final = ("mailbox", "state", "stack", "history", "links", "times")
MEASURE: Final = 3.0
"""Seconds for which times are measured, unless told otherwise."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    child = parser.add_argument(
        "child", nargs="?", metavar="CHILD", help="a path, its end, a name, or #ID"
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
        help="also: mailbox, state, stack, history, links or times; can be repeated",
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=duration,
        metavar="TIME",
        help="how long to measure times, such as 90s or 10m (3s)",
    )
    parser.add_argument(
        "--stacks",
        action="store_true",
        help="where all threads of the node are, also while its loop is held",
    )


def run(args: argparse.Namespace) -> int:
    """Print one child's specification, state, last crash and latest events."""
    import attrs

    from trio_sup.inspect.client.oneshot import EXIT_NO_NODE
    from trio_sup.inspect.text.one_child import child_json, child_lines
    from trio_sup.inspect.text.one_child_parts import part_lines

    if args.stacks:
        if args.child is not None or args.parts:
            raise CommandError("--stacks is about a node: name no child", EXIT_USAGE)
        no_effect("with --stacks, which looks once", {"--for": args.duration})
        return _stacks(args)
    if args.child is None:
        args.node, args.child = None, args.node
    if args.child is None:
        raise CommandError("which child? trio-sup ps lists them", EXIT_USAGE)
    if args.duration is not None and "times" not in args.parts:
        args.parts.append("times")
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


def _stacks(args: argparse.Namespace) -> int:
    """Where the threads of a node are, and what held its loop before."""
    from trio_sup.inspect.client.oneshot import EXIT_SILENT, AskError, holds
    from trio_sup.inspect.finding.stack_place import NoStacks
    from trio_sup.inspect.text.stacks import holds_lines, stack_lines, stacks_json

    if recording_of(args) is not None or (args.node or "").startswith("ssh://"):
        raise CommandError("--stacks is for nodes that run here", EXIT_USAGE)
    with asking():
        found = find(args)
    try:
        by, text = all_stacks(found)
    except NoStacks as error:
        raise CommandError(f"node {found.title}: {error}", EXIT_SILENT) from error
    try:
        before = holds(found)
    except AskError:
        before = None  # its loop is held just now
    if args.json:
        print_json(stacks_json(found, by, text, before))
        return 0
    say_lines(stack_lines(by, text))
    say_lines(holds_lines(before))
    return 0


def all_stacks(found: FoundNode) -> tuple[str, str]:
    """The stacks of a node's threads, and what wrote them.

    Raises:
        NoStacks: nothing can.
    """
    import shutil
    import subprocess

    from trio_sup.inspect.finding.stack_place import NoStacks, stacks_of

    try:
        return "faulthandler", stacks_of(found)
    except NoStacks as error:
        program = shutil.which("py-spy")
        if program is None:
            hint = "; where it is installed, py-spy is asked instead"
            raise NoStacks(f"{error}{hint}") from error
    command = [program, "dump", "--pid", str(found.pid)]
    done = subprocess.run(  # noqa: S603 - a program of the user's, and a number
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NoStacks(f"py-spy: {done.stderr.strip() or done.returncode}")
    return "py-spy", done.stdout


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
            seconds = MEASURE if args.duration is None else args.duration
            measure = seconds if "times" in parts else 0.0
            return oneshot.detail(peer(args), wanted, parts, measure=measure)
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
    "  trio-sup show shop '#12' -p stack -p mailbox\n"
    "  trio-sup show shop/db -p times --for 1m\n"
    "  trio-sup show shop --stacks\n",
)
