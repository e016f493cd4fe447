"""``python -m tests.inspect.converge [--for SECONDS] [--seed N]``."""

from __future__ import annotations

import argparse
import sys

from tests.inspect.converge.run import run


def main() -> int:
    """Print how the views fared; 1 if one is not the node's truth."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.inspect.converge",
        description="A node in chaos, three clients, one killed, one stopped.",
    )
    parser.add_argument(
        "--for",
        dest="seconds",
        type=float,
        default=600.0,
        help="how many seconds (600)",
    )
    parser.add_argument("--seed", type=int, default=0, help="what to draw from (0)")
    args = parser.parse_args()

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    report = run(args.seconds, seed=args.seed, progress=progress)
    print(report.text())
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
