"""``trio-sup chaos``."""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import (
    FILTER,
    HOW,
    add_filter,
    add_json,
    add_node,
    duration,
    natural,
    seconds,
)
from trio_sup._commands.command import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    Command,
    CommandError,
)
from trio_sup._commands.output import complain, say
from trio_sup._commands.support import asking, node_or_filter, peer, query
from trio_sup._core.clean import clean, json_line

if TYPE_CHECKING:
    from trio_sup.inspect.client.conversation import Conversation
    from trio_sup.inspect.client.session import Session
    from trio_sup.inspect.model.chaos import Step
    from trio_sup.inspect.model.chaos_run import Hit


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_filter(parser, "only children that fit")
    parser.add_argument(
        "--kinds",
        type=kinds,
        metavar="A,B",
        help="of crash, vanish, restart, hang, flood (these by default), terminate",
    )
    parser.add_argument(
        "--rate",
        type=seconds,
        default=1.0,
        metavar="N",
        help="faults a second, on average (1)",
    )
    parser.add_argument(
        "--for",
        dest="duration",
        type=duration,
        default=30.0,
        metavar="TIME",
        help="how long to go on, such as 90s or 10m (30s)",
    )
    parser.add_argument(
        "--settle",
        type=duration,
        default=10.0,
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
    from trio_sup.inspect.client.conversation import attached

    node_or_filter(args)
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
        _wait_for_control(conversation)
        return _Show(conversation, plan, args).run()


def _plan(args: argparse.Namespace, session: Session) -> list[Step]:
    from trio_sup.inspect.model import chaos

    try:
        if args.plan is not None:
            with args.plan.open(encoding="utf-8") as lines:
                return chaos.read_plan(lines)
        if args.seed is None:
            args.seed = random.SystemRandom().randrange(10**6)
        asked, rows = query(args.filter), session.rows.values()
        now = session.heartbeat.at if session.heartbeat is not None else 0.0
        return chaos.draw_plan(
            rows,
            among=None if asked is None else set(asked.select(rows, now)),
            kinds=args.kinds or chaos.DEFAULT_KINDS,
            rate=args.rate,
            seconds=args.duration,
            seed=args.seed,
        )
    except chaos.PlanError as error:
        raise CommandError(str(error), EXIT_USAGE) from error
    except (OSError, UnicodeError) as error:
        raise CommandError(f"{args.plan}: {error}", EXIT_USAGE) from error


def _print_plan(plan: list[Step], *, as_json: bool) -> None:
    from trio_sup.inspect.model.chaos import step_json

    for step in plan:
        if as_json:
            say(json_line(step_json(step)))
        else:
            say(clean(f"{step.at:>9.3f} s  {step.fault:<9} {step.path}"))
    complain(f"{len(plan)} faults, nothing was done")


def _wait_for_control(conversation: Conversation) -> None:
    from trio_sup.inspect.client.conversation import EXIT_REFUSED

    operating = conversation.session.operating
    while operating.role is None:
        if "known" in operating.why_not or not conversation.step():
            break
    if not operating.granted:
        raise CommandError(operating.why_not, EXIT_REFUSED)


class _Show:
    """Carries a plan out and prints what comes of it."""

    def __init__(
        self, conversation: Conversation, plan: list[Step], args: argparse.Namespace
    ) -> None:
        from trio_sup.inspect.model.chaos_run import ChaosRun

        self._conversation = conversation
        self._rampage: ChaosRun = ChaosRun(conversation.session, plan, args.settle)
        self._json: bool = args.json
        self._began = time.monotonic()
        if args.plan is None:
            complain(f"seed {args.seed}")

    def run(self) -> int:
        """Until the plan is done and everything is back, or late."""
        interrupted = gone = False
        try:
            gone = not self._go_on()
        except KeyboardInterrupt:
            # What was suspended or terminated is put right before this ends.
            interrupted = True
            self._rampage.abandon()
            gone = not self._go_on(hurry=True)
        if not gone:
            self._conversation.leave()
        self._summary(gone)
        if interrupted:
            return EXIT_INTERRUPTED
        lost = any(hit.outcome in ("not_back", "") for hit in self._rampage.hits)
        return EXIT_FAILED if gone or lost else EXIT_OK

    def _go_on(self, *, hurry: bool = False) -> bool:
        """Carry on to the end; False if the node closed the connection."""
        rampage, conversation = self._rampage, self._conversation
        while True:
            now = time.monotonic() - self._began
            for hit in rampage.advance(now, hurry=hurry):
                self._tell(hit)
            conversation.flush()
            if rampage.finished:
                return True
            due = rampage.next_at
            wait = 0.1 if due is None else min(0.1, max(due - now, 0.0))
            if not conversation.step(wait):
                return False

    def _tell(self, hit: Hit) -> None:
        if self._json:
            say(json_line(_hit_json(hit)), flush=True)
        else:
            where = f"{hit.step.fault:<9} {hit.step.path} (life {hit.life})"
            say(clean(f"{hit.began:>8.2f} s  {where}: {hit.text}"), flush=True)

    def _summary(self, gone: bool) -> None:
        hits = self._rampage.hits
        by = {name: sum(hit.outcome == name for hit in hits) for name in OUTCOMES}
        times = sorted(hit.seconds for hit in hits if hit.outcome == "back")
        lost = len(hits) - sum(by.values())
        if self._json:
            data: dict[str, object] = {"schema": 1, "faults": len(hits), **by}
            data["unknown"] = lost
            data["median_seconds"] = round(median(times), 3) if times else None
            data["slowest_seconds"] = round(times[-1], 3) if times else None
            data["node_gone"] = gone
            say(json_line(data))
            return
        parts = [f"{count} {name.replace('_', ' ')}" for name, count in by.items()]
        if lost:
            parts.append(f"{lost} unknown")
        say(clean(f"{len(hits)} faults: {', '.join(parts)}"))
        if times:
            slowest = f"{times[-1]:.1f} s at most"
            say(clean(f"back after {median(times):.1f} s (median), {slowest}"))
        if gone:
            why = "the node closed the connection: it ended, or its tree gave up"
            say(clean(why))


OUTCOMES: Final = ("back", "done", "refused", "missed", "not_back")
"""How the story of a fault can end."""


def _hit_json(hit: Hit) -> dict[str, object]:
    from trio_sup.inspect.model.chaos import step_json

    return {
        **step_json(hit.step),
        "began": round(hit.began, 3),
        "life": hit.life,
        "outcome": hit.outcome,
        "seconds": round(hit.seconds, 3) if hit.outcome == "back" else None,
        "text": hit.text,
    }


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\nThe node has to allow control: `trio-sup run SPEC --control`. Faults hit\n"
    "servers and tasks that their supervisors bring back; supervisors and temporary\n"
    "children are left alone. Ctrl-C ends it, and undoes what is suspended or\n"
    "terminated. Exit code 1: something did not come back, or the node ended.\n\n"
    f"{FILTER}\nexamples:\n"
    "  trio-sup chaos shop --dry-run\n"
    "  trio-sup chaos shop --for 2m --rate 5 --seed 7\n"
    "  trio-sup chaos shop under:shop/boards --kinds crash,hang\n"
    "  trio-sup chaos shop --dry-run --json > plan; trio-sup chaos shop --plan plan\n",
)
