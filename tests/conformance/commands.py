"""What the commands of both comparisons with OTP have in common."""

import argparse
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from trio_sup.testing.conformance._compare import side_by_side
from trio_sup.testing.scenario import Trace

from .machine import Versions


def parser(prog: str) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """A parser of ``record | check | ask | fuzz``, and that of ``fuzz`` alone."""
    whole = argparse.ArgumentParser(prog=prog)
    commands = whole.add_subparsers(dest="command", required=True)
    commands.add_parser("record", help="ask OTP again and write the golden traces")
    commands.add_parser(
        "check", help="ask OTP again and compare with the golden traces"
    )
    commands.add_parser("ask", help="read a scenario as JSON, show what OTP does")
    fuzz = commands.add_parser("fuzz", help="compare fresh random scenarios")
    fuzz.add_argument(
        "--for", type=float, default=60, dest="seconds", metavar="SECONDS"
    )
    fuzz.add_argument(
        "--count", type=int, help="this many scenarios, however long it takes"
    )
    fuzz.add_argument("--seed", type=int, help="the first seed (default: random)")
    return whole, fuzz


def first_seed(given: int | None) -> int:
    """The seed that was asked for, or any."""
    return random.SystemRandom().randrange(10**9) if given is None else given


def extent(arguments: argparse.Namespace) -> tuple[float, float]:
    """How long to fuzz, in seconds, and how many scenarios: one of them endless."""
    if arguments.count is None:
        return arguments.seconds, math.inf
    return math.inf, arguments.count


def watch(reports: Iterator[str | None], done: Callable[[], int]) -> int:
    """Shows how far a fuzz run is, until its first report; 0 is agreement."""
    began = time.monotonic()
    for report in reports:
        if report is not None:
            print(f"\n{report}\n1 difference in {done()} scenarios")
            return 1
        sys.stdout.write(f"\r{done()} scenarios, {time.monotonic() - began:.0f} s")
        sys.stdout.flush()
    print(f"\n0 differences in {done()} scenarios")
    return 0


def tell_recorded(file: Path, versions: Versions, count: int) -> int:
    """Says what was recorded; 0."""
    size = file.stat().st_size
    print(f"{count} scenarios recorded from {versions}: {size:,} bytes")
    return 0


def tell_changes(
    recorded: Versions, now: Versions, answers: Sequence[tuple[str, Trace, Trace]]
) -> int:
    """Shows each answer (what it is of, recorded, now) that differs; 0 is agreement."""
    differing = 0
    for what, before, again in answers:
        if again != before:
            differing += 1
            print(what)
            titles = (f"recorded from {recorded}", f"{now}")
            print(side_by_side(before, again, titles))
    print(f"{differing} of {len(answers)} answers differ from the recorded ones")
    return 1 if differing else 0
