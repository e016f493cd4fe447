"""``python -m tests.hostile``: attacks nodes and viewers, and says who was harmed."""

from __future__ import annotations

import argparse
import base64
import math
import os
import sys
from pathlib import Path

from tests.hostile.run import Outcome, Workers
from tests.inspect.hostile.run import run as attack_node


def parser() -> argparse.ArgumentParser:
    """What it takes."""
    found = argparse.ArgumentParser(
        prog="python -m tests.hostile",
        description="Feed mutated frames and recordings to viewers, and hostile"
        " requests to a node. Nothing raw may reach a terminal, nothing may end in a"
        " traceback, and memory and time are bounded: each worker has 1.5 GB and 20 s"
        " of processor time for an input.",
    )
    found.add_argument(
        "--frames", type=int, default=1_000_000, help="for viewers (1000000)"
    )
    found.add_argument(
        "--recordings", type=int, default=100_000, help="for viewers (100000)"
    )
    found.add_argument(
        "--node", type=int, default=20_000, help="requests for a node (20000)"
    )
    found.add_argument("--seed", type=int, default=0, help="what to draw from (0)")
    found.add_argument(
        "--for",
        dest="seconds",
        type=float,
        default=math.inf,
        metavar="SECONDS",
        help="end each of the three after that time",
    )
    found.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes (all cores)"
    )
    found.add_argument(
        "--keep", type=Path, metavar="DIR", help="write what did harm there"
    )
    return found


def progress(line: str) -> None:
    """One line that moves, on a terminal."""
    end = "\r" if sys.stderr.isatty() else "\n"
    print(line, end=end, file=sys.stderr, flush=True)


def main() -> int:
    """Attack; 0 if nobody was harmed."""
    args = parser().parse_args()
    harmed = interrupted = False
    for kind, count in (("frames", args.frames), ("recordings", args.recordings)):
        if count <= 0 or interrupted:
            continue
        jobs = max(1, min(args.jobs, count))
        with Workers(
            kind, count, seed=args.seed, seconds=args.seconds, jobs=jobs
        ) as workers:
            try:
                workers.work(progress)
            except KeyboardInterrupt:
                interrupted = True
        outcome = workers.outcome
        harmed = harmed or bool(outcome.findings)
        keep(outcome, args.keep)
        print(f"viewer: {outcome.text}", flush=True)
    if args.node > 0 and not interrupted:
        try:
            for control in (False, True):
                report = attack_node(
                    args.node // 2, seed=args.seed, control=control, progress=progress
                )
                harmed = harmed or bool(report.broken)
                print(report.text(), flush=True)
        except KeyboardInterrupt:
            interrupted = True
    print("somebody was harmed" if harmed else "nobody was harmed")
    return 130 if interrupted else int(harmed)


def keep(outcome: Outcome, directory: Path | None) -> None:
    """Write the inputs that did harm, for the corpus."""
    if directory is None:
        return
    directory.mkdir(parents=True, exist_ok=True)
    suffix = "rec" if outcome.kind == "recordings" else "ndjson"
    for number, found in enumerate(outcome.findings):
        if "data" in found:
            path = directory / f"{outcome.kind}-{number}.{suffix}"
            path.write_bytes(base64.b64decode(found["data"]))


if __name__ == "__main__":
    sys.exit(main())
