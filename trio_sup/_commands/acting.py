"""``trio-sup restart`` and its like: one action on some children, or on the node."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup._commands.actions import HELP, ON_NODE
from trio_sup._commands.arguments import add_json, add_node
from trio_sup._commands.command import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_USAGE,
    Command,
    CommandError,
)
from trio_sup._commands.completion import child_paths, completed_by
from trio_sup._commands.output import ask_for, complain, say, say_lines
from trio_sup._commands.support import asking, peer, print_json, recording_of
from trio_sup._core.clean import clean

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.client.conversation import Conversation
    from trio_sup.inspect.protocol.wire_actions import Acted, Planned
    from trio_sup.inspect.protocol.wire_rows import Row

CONTROL: Final = """\
A node is named by its name, its process id, name.pid, or the path of its socket;
one of another machine by ssh://[user@]host[:port]/node.
If only one runs, it need not be named.

The node has to allow control: `trio-sup run SPEC --control`.
What it would do is printed first. It is done with --yes, or if you say so at a
terminal. If the node refuses one of several children, nothing is done to any.
"""


@frozen
class _Target:
    """One child, or the node, with what would happen to it."""

    id: int
    """The child's row; 0 for the node."""
    life: int
    what: str
    """The child's path; of the node what the action needs besides."""
    plan: Planned


def arguments(action: str, parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    if action == "log-level":
        parser.add_argument(
            "level",
            metavar="LEVEL",
            help="DEBUG, INFO, WARNING, ERROR or CRITICAL, of the logger trio_sup;"
            " or LOGGER=LEVEL",
        )
    if action in HELP:
        _add_children(parser)
    parser.add_argument(
        "-y", "--yes", action="store_true", help="do it without a question"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what it would do, and stop"
    )
    add_json(parser)


def _add_children(parser: argparse.ArgumentParser) -> None:
    children = parser.add_argument(
        "children",
        metavar="CHILD",
        nargs="+",
        help="a path, its end, a name, or #ID; several can be named",
    )
    completed_by(children, child_paths)


def run(action: str, args: argparse.Namespace) -> int:
    """Say what an action would do; do it, if that is wanted; say how it went."""
    if recording_of(args) is not None:
        raise CommandError("a recording cannot be acted on", EXIT_USAGE)
    with controlled(action, args) as conversation:
        targets = _plan(conversation, action, args)
        refused = any(target.plan.code for target in targets)
        if not args.json:
            say_lines(line for target in targets for line in _lines(action, target))
            sys.stdout.flush()
        if refused or not _wanted(args, targets):
            return _done_nothing(args, conversation, action, targets)
        return _do(args, conversation, action, targets)


@contextmanager
def controlled(action: str, args: argparse.Namespace) -> Generator[Conversation]:
    """Open a conversation with a node that has sent its rows, and allows control."""
    from trio_sup.inspect.client.conversation import attached

    client = f"trio-sup {action}"
    with (
        asking(),
        attached(peer(args), ("tree",), client=client, control=True) as conversation,
    ):
        conversation.until_complete()
        conversation.until_control()
        yield conversation


_NAMES: Final = {"log-level": "log_level"}
"""What the protocol calls an action, where a command has another name."""


def _children(conversation: Conversation, wanted: Sequence[str]) -> list[Row]:
    from trio_sup.inspect.client import oneshot
    from trio_sup.inspect.model.which_child import (
        NoChildFits,
        SeveralChildrenFit,
        find_child,
    )

    rows = conversation.session.rows
    try:
        ids = [find_child(rows.values(), word) for word in wanted]
    except NoChildFits as error:
        raise CommandError(str(error), oneshot.EXIT_NO_NODE) from error
    except SeveralChildrenFit as error:
        raise CommandError(str(error), oneshot.EXIT_AMBIGUOUS) from error
    return [rows[id] for id in dict.fromkeys(ids)]


def _plan(
    conversation: Conversation, action: str, args: argparse.Namespace
) -> list[_Target]:
    from trio_sup.inspect.client.carry_action import plan

    name = _NAMES.get(action, action)
    if action in ON_NODE:
        argument = getattr(args, "level", "")
        return [_Target(0, 0, argument, plan(conversation, name, 0, 0, argument))]
    return [
        _Target(row.id, row.life, row.path, plan(conversation, name, row.id, row.life))
        for row in _children(conversation, args.children)
    ]


def _lines(action: str, target: _Target) -> Iterator[Clean]:
    yield clean(f"{action} {target.what}".rstrip())
    if target.plan.code:
        yield clean(f"  refused: {target.plan.why}")
    for line in target.plan.lines:
        yield clean(f"  {line}")


def _wanted(args: argparse.Namespace, targets: Sequence[_Target]) -> bool:
    """Whether it is to be done; asks at a terminal if that was not said."""
    if args.yes and not args.dry_run:
        return True
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not args.json
    if args.dry_run or not at_terminal:
        return False
    word = targets[0].plan.confirm if len(targets) == 1 else "yes"
    return ask_for(clean(f"Type {word or 'y'} to go on: ")) == (word or "y")


def _done_nothing(
    args: argparse.Namespace,
    conversation: Conversation,
    action: str,
    targets: Sequence[_Target],
) -> int:
    from trio_sup.inspect.client.oneshot import EXIT_NO_NODE, EXIT_REFUSED

    conversation.leave()
    if args.json:
        print_json(_document(conversation, action, targets, {}))
    codes = {target.plan.code for target in targets} - {""}
    if codes:
        complain("nothing was done")
        return EXIT_NO_NODE if codes == {"no_such_child"} else EXIT_REFUSED
    if args.dry_run:
        complain("nothing was done")
        return EXIT_OK
    if args.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        complain("nothing was done: --yes does it")
        return EXIT_USAGE
    complain("nothing was done")
    return EXIT_FAILED


def _do(
    args: argparse.Namespace,
    conversation: Conversation,
    action: str,
    targets: Sequence[_Target],
) -> int:
    from trio_sup.inspect.client.carry_action import act

    outcomes: dict[int, Acted] = {}
    for target in targets:
        name, life = _NAMES.get(action, action), target.plan.life or target.life
        argument = target.what if action in ON_NODE else ""
        answer = act(conversation, name, target.id, life, argument)
        outcomes[target.id] = answer
        if not args.json:
            say(clean(f"{answer.state}: {answer.text}"), flush=True)
        if answer.code == "lost":
            break
    else:
        conversation.leave()
    if args.json:
        print_json(_document(conversation, action, targets, outcomes))
    return exit_code(outcomes.values())


def exit_code(outcomes: Iterable[Acted]) -> int:
    """Return the code of the first that was not done."""
    from trio_sup.inspect.client.oneshot import EXIT_REFUSED, EXIT_SILENT

    codes = [
        EXIT_SILENT
        if each.code == "lost"
        else EXIT_REFUSED
        if each.state == "refused"
        else EXIT_FAILED
        for each in outcomes
        if each.state != "done"
    ]
    return codes[0] if codes else EXIT_OK


def _document(
    conversation: Conversation,
    action: str,
    targets: Sequence[_Target],
    outcomes: Mapping[int, Acted],
) -> dict[str, object]:
    about = about_json(conversation, action)
    answers = [answer_json(each.plan, outcomes.get(each.id)) for each in targets]
    if action in ON_NODE:
        return {**about, "argument": targets[0].what, **answers[0]}
    children = [
        {"path": t.what, "id": t.id, "life": t.plan.life or t.life, **answer}
        for t, answer in zip(targets, answers, strict=True)
    ]
    return {**about, "children": children}


def about_json(conversation: Conversation, action: str) -> dict[str, object]:
    """Return what each document about an action begins with."""
    from trio_sup.inspect.finding.found_node import SCHEMA

    node = conversation.session.node
    assert node is not None  # it has sent its rows
    return {
        "schema": SCHEMA,
        "node": node.node,
        "pid": node.pid,
        "action": action,
    }


def answer_json(plan: Planned, outcome: Acted | None) -> dict[str, object]:
    """Return what was planned, and what came of it: nothing, if there is no outcome."""
    refused = {"state": "refused", "code": plan.code, "text": plan.why}
    asked = {"state": "not_done", "code": None, "text": ""}
    answer: dict[str, object] = {**(refused if plan.code else asked)}
    if outcome is not None:
        code = outcome.code or None
        answer = {"state": outcome.state, "code": code, "text": outcome.text}
    return {"plan": plan.lines, "affected": plan.affected, **answer}


EXAMPLES: Final = {
    "log-level": (
        "  trio-sup log-level shop DEBUG --yes\n"
        "  trio-sup log-level shop app.db=WARNING\n"
    ),
    "collect": "  trio-sup collect shop --yes\n",
}


def command(action: str) -> Command:
    """The subcommand of one action."""
    examples = EXAMPLES.get(action) or (
        f"  trio-sup {action} shop/db\n"
        f"  trio-sup {action} shop shop/db shop/cache --yes\n"
        f"  trio-sup {action} shop db --dry-run --json\n"
    )
    return Command(
        partial(run, action),
        partial(arguments, action),
        f"{CONTROL}\n"
        "Exit code 8: the node refused. 1: it was tried and failed, or you said no.\n"
        f"2: nobody said yes.\n\nexamples:\n{examples}",
    )
