"""``trio-sup chaos``."""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import (
    FILTER,
    HOW,
    add_filter,
    add_json,
    add_node,
    duration,
    natural,
    per_second,
)
from trio_sup._commands.command import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    Command,
    CommandError,
)
from trio_sup._commands.output import complain, say, say_lines
from trio_sup._commands.support import asking, no_effect, node_or_filter, peer, query
from trio_sup._core.clean import json_line

if TYPE_CHECKING:
    from trio_sup.inspect.client.session import Session
    from trio_sup.inspect.model.chaos import Step
    from trio_sup.inspect.model.chaos_run import Hit


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_filter(parser, "only children that fit")
    _add_what_is_drawn(parser)
    parser.add_argument(
        "--settle",
        type=duration,
        metavar="TIME",
        help="how long a child may take to come back (10s)",
    )
    parser.add_argument(
        "--seed", type=natural, metavar="N", help="draw the same plan again"
    )
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="carry out a script instead"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the plan, do nothing"
    )
    add_json(parser, "print one JSON object a line")


def _add_what_is_drawn(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kinds",
        type=kinds,
        metavar="A,B",
        help="of crash, vanish, restart, hang, flood (these by default), terminate",
    )
    parser.add_argument(
        "--rate",
        type=per_second,
        metavar="N",
        help="faults a second, on average (1)",
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=duration,
        metavar="TIME",
        help="how long to go on, such as 90s or 10m (30s)",
    )


def kinds(text: str) -> list[str]:
    """Kinds of faults, separated by commas."""
    from trio_sup.inspect.model.chaos import KINDS

    words = text.split(",")
    for word in words:
        if word not in KINDS:
            known = ", ".join(KINDS)
            raise argparse.ArgumentTypeError(f"kinds are {known}, not {word!r}")
    return words


def run(args: argparse.Namespace) -> int:
    """Cause faults on a node that allows control, and tell what came back."""
    from trio_sup.inspect.client.carrying_out import carry_out
    from trio_sup.inspect.client.conversation import attached
    from trio_sup.inspect.model.chaos_run import ChaosRun, all_back

    node_or_filter(args)
    _check_options(args)
    with (
        asking(),
        attached(
            peer(args),
            ("tree",),
            rate_hz=10.0,
            client="trio-sup chaos",
            control=not args.dry_run,
        ) as conversation,
    ):
        conversation.until_complete()
        plan = _plan(args, conversation.session)
        if args.dry_run:
            conversation.leave()
            _print_plan(plan, as_json=args.json)
            return EXIT_OK
        conversation.until_control()
        if args.plan is None:
            complain(f"seed {args.seed}")
        settle = SETTLE if args.settle is None else args.settle
        chaos = ChaosRun(conversation.session, plan, settle)
        tell = _print_json if args.json else _print_line
        end = carry_out(conversation, chaos, tell)
        _summary(chaos.hits, end.gone, as_json=args.json)
    if end.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_OK if all_back(chaos.hits) and not end.gone else EXIT_FAILED


SETTLE: Final = 10.0
"""Seconds that a child may take to come back, unless told otherwise."""
RATE: Final = 1.0
"""Faults a second."""
LENGTH: Final = 30.0
"""Seconds in which they are drawn."""


def _check_options(args: argparse.Namespace) -> None:
    """Refuse options that could not have any effect.

    Raises:
        CommandError: there is one.
    """
    drawn = {
        "--kinds": args.kinds,
        "--rate": args.rate,
        "--for": args.duration,
        "--seed": args.seed,
        "a filter": args.filter or None,
    }
    if args.plan is not None:
        no_effect("with --plan, which says all that happens", drawn)
    if args.dry_run:
        no_effect("with --dry-run, which does nothing", {"--settle": args.settle})


def _plan(args: argparse.Namespace, session: Session) -> list[Step]:
    from trio_sup.inspect.model import chaos

    try:
        if args.plan is not None:
            with args.plan.open(encoding="utf-8") as lines:
                plan = chaos.read_plan(lines)
            if not plan:
                raise CommandError(f"{args.plan}: there is no fault in it", EXIT_USAGE)
            return plan
        if args.seed is None:
            args.seed = random.SystemRandom().randrange(10**6)
        asked, rows = query(args.filter), session.rows.values()
        now = session.heartbeat.at if session.heartbeat is not None else 0.0
        return chaos.draw_plan(
            rows,
            among=None if asked is None else set(asked.select(rows, now)),
            kinds=args.kinds or chaos.DEFAULT_KINDS,
            rate=RATE if args.rate is None else args.rate,
            seconds=LENGTH if args.duration is None else args.duration,
            seed=args.seed,
        )
    except chaos.PlanError as error:
        raise CommandError(str(error), EXIT_USAGE) from error
    except (OSError, UnicodeError) as error:
        raise CommandError(f"{args.plan}: {error}", EXIT_USAGE) from error


def _print_plan(plan: list[Step], *, as_json: bool) -> None:
    from trio_sup.inspect.model.chaos import step_json
    from trio_sup.inspect.text.chaos_text import step_line

    for step in plan:
        say(json_line(step_json(step)) if as_json else step_line(step))
    complain(f"{len(plan)} faults, nothing was done")


def _print_json(hit: Hit) -> None:
    from trio_sup.inspect.text.chaos_text import hit_json

    say(json_line(hit_json(hit)), flush=True)


def _print_line(hit: Hit) -> None:
    from trio_sup.inspect.text.chaos_text import hit_line

    say(hit_line(hit), flush=True)


def _summary(hits: list[Hit], gone: bool, *, as_json: bool) -> None:
    from trio_sup.inspect.text.chaos_text import summary_json, summary_lines

    if as_json:
        say(json_line(summary_json(hits, gone)))
    else:
        say_lines(summary_lines(hits, gone))


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\nThe node has to allow control: `trio-sup run SPEC --control`. Faults hit\n"
    "servers and tasks that their supervisors bring back; supervisors and temporary\n"
    "children are left alone. Ctrl-C ends it, and undoes what is suspended or\n"
    "terminated; whatever else ends it, the node does. Exit code 0: something was hit,\n"
    "and all came back. 1: nothing was hit, something did not come back, or the node\n"
    "ended.\n\n"
    f"{FILTER}\nexamples:\n"
    "  trio-sup chaos shop --dry-run\n"
    "  trio-sup chaos shop --for 2m --rate 5 --seed 7\n"
    "  trio-sup chaos shop under:shop/boards --kinds crash,hang\n"
    "  trio-sup chaos shop --dry-run --json > plan; trio-sup chaos shop --plan plan\n",
)
