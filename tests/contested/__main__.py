"""``python -m tests.contested search | otp | record``."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable

from .golden import FILE, record
from .otp import Oracle
from .search import Finding, OtpFinding, compare, examine

BATCH = 50


def main() -> int:
    """Run one command; 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.contested")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record", help="ask OTP again and write the recorded views")
    search = commands.add_parser("search", help="one scenario, many schedules, laws")
    search.add_argument("--schedules", type=int, default=6)
    otp = commands.add_parser("otp", help="compare with the installed OTP")
    for command in (search, otp):
        command.add_argument("--for", type=float, default=60, dest="seconds")
        command.add_argument("--count", type=int, default=sys.maxsize)
        command.add_argument("--seed", type=int, help="the first one (random)")
    chosen = parser.parse_args()
    if chosen.command == "record":
        record()
        print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
        return 0
    if chosen.command == "search":
        return _run(chosen, 1, lambda seed: examine(seed, chosen.schedules))
    with Oracle() as oracle:
        return _run(
            chosen, BATCH, lambda seed: compare(oracle, range(seed, seed + BATCH))
        )


def _run(
    chosen: argparse.Namespace,
    step: int,
    examine: Callable[[int], Finding | OtpFinding | None],
) -> int:
    """Search until the time is over or something is found."""
    first: int | None = chosen.seed
    seed = random.SystemRandom().randrange(10**9) if first is None else first
    end, done = time.monotonic() + chosen.seconds, 0
    while time.monotonic() < end and done < chosen.count:
        finding = examine(seed + done)
        done += step
        if finding is not None:
            print(f"{finding.report()}\n1 finding in {done} scenarios")
            return 1
        if done % 200 == 0:
            sys.stdout.write(f"\r{done} scenarios")
            sys.stdout.flush()
    print(f"\r0 findings in {done} scenarios from seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
