"""``trio-sup chart``."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import (
    HOW,
    add_ascii,
    add_json,
    add_node,
    duration,
    positive,
)
from trio_sup._commands.command import EXIT_OK, Command, CommandError
from trio_sup._commands.completion import child_paths, completed_by
from trio_sup._commands.output import complain, say_lines
from trio_sup._commands.support import (
    asking,
    no_effect,
    peer,
    print_json,
    reading,
    recording_of,
    speaks_unicode,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from trio_sup.inspect.client.session import Session
    from trio_sup.inspect.model.trends import Trends

SECONDS: Final = 30.0
"""For how long a node is looked at, unless told otherwise."""
HEIGHT: Final = 5
WIDTH: Final = 80


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    child = parser.add_argument(
        "--child", metavar="CHILD", help="of one child: a path, its end, a name, or #ID"
    )
    completed_by(child, child_paths)
    parser.add_argument(
        "--for",
        dest="duration",
        type=duration,
        metavar="TIME",
        help="how long to look, such as 90s or 10m (30s); of a recording its end",
    )
    parser.add_argument(
        "--height",
        type=positive,
        metavar="LINES",
        help="lines of each chart (5)",
    )
    add_ascii(parser)
    add_json(parser, "print the samples instead")


def run(args: argparse.Namespace) -> int:
    """Look at a node, or through a recording, and draw its figures over time."""
    from trio_sup.inspect.model.trends import ChildTrends, NodeTrends
    from trio_sup.inspect.text.chart import chart_lines
    from trio_sup.inspect.text.documents import trends_json

    if args.json:
        no_effect("with --json, which draws nothing", {"--height": args.height})
    trends: NodeTrends | ChildTrends = (
        NodeTrends() if args.child is None else ChildTrends()
    )
    session: Session | None = None
    for session in _sessions(args):
        _sample(trends, session, args.child)
    assert session is not None  # There is one look at least.
    if args.child is not None and trends.at is None:
        _child(session, args.child)  # It says why.
    if args.json:
        print_json(trends_json(trends, session.node, args.child))
        return EXIT_OK
    if trends.at is None:
        complain("there was too little to see: look longer")
        return EXIT_OK
    size = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
    lines = chart_lines(
        trends,
        now=trends.at,
        span=max(_covered(trends), 10.0),
        width=max(size, 20),
        height=HEIGHT if args.height is None else args.height,
        plain=args.ascii or not speaks_unicode(),
    )
    say_lines(lines)
    return EXIT_OK


def _covered(trends: Trends) -> float:
    """Seconds from the first sample to behind the last one."""
    begins = [series[0][0] for series in trends.series.values() if series]
    return 0.0 if trends.at is None or not begins else trends.at - min(begins) + 1.0


def _sessions(args: argparse.Namespace) -> Iterator[Session]:
    recording = recording_of(args)
    if recording is not None:
        from trio_sup.inspect.recording.replay import looks_through

        with reading():
            yield from looks_through(recording, args.duration)
        return
    from trio_sup.inspect.client.watching_on import looks

    wanted = None if args.child is None else partial(_child, word=args.child)
    with asking():
        yield from looks(peer(args), args.duration or SECONDS, wanted)


def _child(session: Session, word: str) -> int:
    from trio_sup.inspect.client.oneshot import EXIT_AMBIGUOUS, EXIT_NO_NODE
    from trio_sup.inspect.model.which_child import (
        NoChildFits,
        SeveralChildrenFit,
        find_child,
    )

    try:
        return find_child(session.rows.values(), word)
    except NoChildFits as error:
        raise CommandError(str(error), EXIT_NO_NODE) from error
    except SeveralChildrenFit as error:
        raise CommandError(str(error), EXIT_AMBIGUOUS) from error


def _sample(trends: Trends, session: Session, word: str | None) -> None:
    from trio_sup.inspect.model.trends import ChildTrends, NodeTrends

    beat = session.heartbeat
    if beat is None:
        return
    if isinstance(trends, NodeTrends):
        restarts = session.paces.total.per_minute(beat.at)
        trends.sample(
            beat.at,
            handled=session.traffic.handled,
            waiting=session.traffic.waiting,
            lag=beat.lag,
            restarts=restarts,
        )
    elif isinstance(trends, ChildTrends) and word is not None:
        try:
            id = _child(session, word)
        except CommandError:
            return  # It is not there at this moment.
        detail = session.details.get(id)
        times = None if detail is None else detail.times
        trends.sample(session.rows[id], times, beat.at)


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\nOf a node: messages handled and waiting, loop lag, restarts. Of a child:\n"
    "messages handled and waiting, how long they take and wait, how busy it keeps the\n"
    "loop. A recording is drawn as a whole.\n\nexamples:\n"
    "  trio-sup chart shop --for 2m\n"
    "  trio-sup chart shop --child db --json\n"
    "  trio-sup chart ./night.rec\n",
)
