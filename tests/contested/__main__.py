"""``python -m tests.contested [--for SECONDS] [--seed N] [--schedules N]``."""

from __future__ import annotations

import argparse
import random
import sys
import time

from .search import Finding, examine


def main() -> int:
    """Search until the time is over or something is found."""
    parser = argparse.ArgumentParser(prog="python -m tests.contested")
    parser.add_argument("--for", type=float, default=60, dest="seconds")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--count", type=int, default=10**9)
    parser.add_argument("--schedules", type=int, default=6)
    parser.add_argument("--keep-going", action="store_true")
    chosen = parser.parse_args()
    seed = (
        random.SystemRandom().randrange(10**9) if chosen.seed is None else chosen.seed
    )
    end, done, found = time.monotonic() + chosen.seconds, 0, 0
    while time.monotonic() < end and done < chosen.count:
        finding: Finding | None = examine(seed + done, chosen.schedules)
        done += 1
        if finding is not None:
            found += 1
            print(finding.report())
            if not chosen.keep_going:
                break
        elif done % 200 == 0:
            print(f"\r{done} scenarios", end="", flush=True)
    print(f"\n{found} findings in {done} scenarios from seed {seed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
