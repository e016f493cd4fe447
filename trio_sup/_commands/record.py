"""``trio-sup record``."""

from __future__ import annotations

import argparse
import math
import re
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trio_sup._commands.arguments import HOW, add_json, add_node, duration, rate
from trio_sup._commands.command import EXIT_FAILED, Command, CommandError
from trio_sup._commands.output import complain
from trio_sup._commands.support import asking, no_effect, peer, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from trio_sup.inspect.recording.record import Recorded

LIMIT: Final = 256 * 1024 * 1024
_SIZE: Final = re.compile(r"(\d+)([kMG]?)B?")
_UNITS: Final = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3}
_WHY: Final = {
    "asked": "asked to end",
    "time": "the time was over",
    "size": "the file is as large as it may be",
    "node": "the node ended",
}


def size(text: str) -> int:
    """A number of bytes such as ``64MB``."""
    found = _SIZE.fullmatch(text)
    if found is None or not (value := int(found[1]) * _UNITS[found[2]]):
        raise argparse.ArgumentTypeError(f"a size such as 64MB, not {text!r}")
    return value


def add_file(parser: argparse.ArgumentParser) -> None:
    """What `record` and `snapshot` share."""
    add_node(parser)
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="where to (./NODE-DATE-TIME.rec)"
    )
    add_json(parser, "print what was written as JSON")
    parser.add_argument(
        "--force", action="store_true", help="overwrite a file that is there"
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_file(parser)
    parser.add_argument(
        "--for",
        dest="seconds",
        type=duration,
        default=math.inf,
        metavar="TIME",
        help="90s, 10m, 1h (until Ctrl-C, or the node ends)",
    )
    parser.add_argument(
        "--max-size",
        type=size,
        default=LIMIT,
        metavar="SIZE",
        help="end when the file has it: 64MB, 1GB (256MB)",
    )
    parser.add_argument(
        "--rate", type=rate, default=4.0, metavar="HZ", help="changes a second, 1 to 10"
    )
    parser.add_argument(
        "--for-tests",
        action="store_true",
        help="keep what a test needs to play it: how lives ended, who asked for it",
    )
    parser.add_argument(
        "--messages",
        action="store_true",
        help="with --for-tests: keep the calls and casts of servers, with arguments",
    )


def run(args: argparse.Namespace) -> int:
    """Record until the node ends, the time is over, or Ctrl-C."""
    if not args.for_tests:
        no_effect("without --for-tests", {"--messages": args.messages})
    node_and_file(args)
    with _signals() as stop:
        done = write(
            args,
            args.seconds,
            args.max_size,
            args.rate,
            stop,
            for_tests=args.for_tests,
            messages=args.messages,
        )
    if args.json:
        print_json(to_json(args.file, done))
    else:
        why = _WHY[done.why]
        complain(
            f"{why}: {done.frames} frames of {done.seconds:.1f} s"
            f" in {args.file} ({done.size} bytes)"
        )
    return 0


def node_and_file(args: argparse.Namespace) -> None:
    """Settle which of the words is the node: the first, as for every command.

    A single one that holds a slash is the file, unless a socket is there.
    """
    word: str = args.node or ""
    path = "/" in word and not word.startswith("ssh://")
    if args.file is None and path and not Path(word).is_socket():
        args.node, args.file = None, word
    if args.file is None:
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", (args.node or "node").rpartition("/")[2])
        args.file = f"./{name}-{time.strftime('%Y%m%d-%H%M%S')}.rec"


def write(
    args: argparse.Namespace,
    seconds: float,
    limit: int,
    rate_hz: float,
    stop: Callable[[], bool],
    *,
    for_tests: bool = False,
    messages: bool = False,
) -> Recorded:
    """Record into the file that the arguments name.

    Raises:
        CommandError: the node cannot be asked, or the file not be written.
    """
    from trio_sup._commands.version import ours
    from trio_sup.inspect.recording.record import record
    from trio_sup.inspect.recording.recording import Full, RecordingError

    try:
        with asking():
            return record(
                peer(args),
                Path(args.file),
                tool=f"trio-sup {ours()}",
                seconds=seconds,
                limit=limit,
                rate_hz=rate_hz,
                force=args.force,
                stop=stop,
                for_tests=for_tests,
                messages=messages,
            )
    except RecordingError as error:
        raise CommandError(str(error), EXIT_FAILED) from error
    except Full as error:
        text = f"{args.file}: the first picture is larger than --max-size"
        raise CommandError(text, EXIT_FAILED) from error


def to_json(file: str, done: Recorded) -> dict[str, object]:
    """The document of ``--json``."""
    return {
        "schema": 1,
        "file": file,
        "ended": done.why,
        "seconds": round(done.seconds, 3),
        "frames": done.frames,
        "bytes": done.size,
    }


@contextmanager
def _signals() -> Generator[Callable[[], bool], None, None]:
    """Let Ctrl-C and SIGTERM end the recording in order."""
    caught: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(kind, lambda n, frame: caught.append(n)) for kind in kinds]
    try:
        yield lambda: bool(caught)
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\n"
    "The file is compressed, for you alone (mode 0600), and grows once a second:\n"
    "what is in it can be read even if the recorder is killed. It holds names, paths,\n"
    "one line for each crash, and no state of your program.\n\n"
    "With --for-tests a test can play what went wrong against a tree of its own:\n"
    "trio_sup.testing.scenario_from(FILE). What it keeps besides are words of the\n"
    "library and the names of exception classes; with --messages also what servers\n"
    "are sent, as far as the node shows contents, and secrets are redacted.\n\n"
    "examples:\n"
    "  trio-sup record shop ./night.rec --for 8h --max-size 64MB\n"
    "  trio-sup inspect ./night.rec\n"
    "  trio-sup record shop ./incident.rec --for-tests\n",
)
