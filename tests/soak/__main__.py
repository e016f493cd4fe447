"""``python -m tests.soak [--for SECONDS] [--round SECONDS] [--seed N]``."""

from __future__ import annotations

import argparse
import sys

from tests.soak.run import soak


def main() -> int:
    """Print what was held first and last; 1 if anything grew or was left."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak",
        description="A whole program under chaos, storms, signals and three viewers: "
        "nothing grows, and nothing is left. Linux only.",
    )
    parser.add_argument(
        "--for", dest="seconds", type=float, default=1800.0, help="seconds (1800)"
    )
    parser.add_argument(
        "--round", type=float, default=600.0, help="seconds a node lives (600)"
    )
    parser.add_argument("--seed", type=int, default=0, help="what to draw from (0)")
    args = parser.parse_args()
    if args.seconds <= 0 or args.round <= 0:
        parser.error("--for and --round are seconds, more than 0")

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        report = soak(args.seconds, round_seconds=args.round, seed=args.seed, say=say)
    except KeyboardInterrupt:
        print("interrupted; nothing was judged", file=sys.stderr)
        return 130
    print(report.text())
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
