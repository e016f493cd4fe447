"""``python -m tests.injection``: one fault a run, at every place there is.

Before every step of every task a cancellation from outside, a Ctrl-C, two of them, and
an exception of the user code that waits there; and a Ctrl-C at every line of the library
that a run executes. Each under several schedules. Takes minutes, tells how far it is.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from attrs import define

from .faults import Kind
from .runs import strike_line, strike_step
from .trees import TREES, Tree

STEP_KINDS: tuple[Kind, ...] = ("cancel", "sigint", "twice", "raise")
KINDS = (*STEP_KINDS, "lines")
STUCK = 60.0
"""Seconds of real time after which a run ends the program, with all stacks."""


@define
class Tally:
    """What was tried."""

    runs: int = 0
    failed: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs it all; 0 if the laws held everywhere, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.injection", description=__doc__
    )
    parser.add_argument("--tree", choices=sorted(TREES), action="append")
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument(
        "--schedule",
        action="append",
        help="fifo, or the seed of a random one (default: fifo, 0, 1)",
    )
    parser.add_argument("--every", type=int, default=1, help="only every n-th place")
    parser.add_argument("--first", type=int, default=1, help="the first place")
    chosen = parser.parse_args(arguments)
    # Thousands of crashes are expected here.
    logging.getLogger("trio_sup").disabled = True
    # What runs in the background may have been told to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    tally, began = Tally(), time.monotonic()
    for tree in chosen.tree or TREES:
        for kind in chosen.kind or KINDS:
            for schedule in chosen.schedule or ("fifo", "0", "1"):
                title = f"{tree}, {kind}, {schedule}"
                places = _places(TREES[tree], kind, schedule)
                _try_all(title, places, range(chosen.first, 10**9, chosen.every), tally)
    seconds = time.monotonic() - began
    print(f"{tally.runs} runs in {seconds:.0f} s, {tally.failed} failed")
    return 1 if tally.failed else 0


def _places(tree: Tree, kind: str, schedule: str) -> Callable[[int], bool]:
    """A function that strikes at one place, and returns whether there is one."""
    if kind != "lines":
        step: Kind = kind  # type: ignore[assignment]
        return lambda at: strike_step(tree, at, step, schedule)
    return lambda at: strike_line(tree, at, schedule)


def _try_all(
    title: str, strike: Callable[[int], bool], places: Iterable[int], tally: Tally
) -> None:
    before = tally.runs, tally.failed
    for at in places:
        faulthandler.dump_traceback_later(STUCK, exit=True)
        try:
            there = strike(at)
        except AssertionError as error:
            tally.failed += 1
            there = True
            print(f"\n{title}: {error}")
        if not there:
            break
        tally.runs += 1
        if tally.runs % 50 == 0:
            sys.stdout.write(f"\r{title}: {at}")
            sys.stdout.flush()
    faulthandler.cancel_dump_traceback_later()
    runs, failed = tally.runs - before[0], tally.failed - before[1]
    print(f"\r{title}: {runs} places, {failed} failed")


if __name__ == "__main__":
    sys.exit(main())
