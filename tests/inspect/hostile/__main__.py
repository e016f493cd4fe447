"""``python -m tests.inspect.hostile [--frames N] [--seed N] [--control]``."""

from __future__ import annotations

import argparse
import sys

from tests.inspect.hostile.run import run


def main() -> int:
    """Attack a node of its own and print what became of it; 1 if it was harmed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.inspect.hostile",
        description="Attack a real node's socket with hostile input.",
    )
    parser.add_argument("--frames", type=int, default=20_000, help="how many (20000)")
    parser.add_argument("--seed", type=int, default=0, help="what to draw from (0)")
    parser.add_argument(
        "--control", action="store_true", help="attack a node that allows actions"
    )
    args = parser.parse_args()

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    report = run(args.frames, seed=args.seed, control=args.control, progress=progress)
    print(report.text())
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
