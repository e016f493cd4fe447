"""A long session: ``python -m tests.reloading --edits 100 --people 20``."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

import trio

from tests.directories import short_directory
from tests.reloading.recording import drawn
from tests.reloading.session import Seen, session


def judged(seen: Seen, edits: int) -> list[str]:
    """What is wrong with what was seen."""
    wrong: list[str] = []
    kept = {path: life for path, life in seen.lives.items() if "news" not in path}
    wrong += [f"{path} is in life {life}" for path, life in kept.items() if life != 1]
    news = next(life for path, life in seen.lives.items() if "news" in path)
    if news != 1 + edits // 2:
        wrong.append(f"news is in life {news}")
    if "Traceback" in seen.last_words:
        wrong.append("the program told of an error")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.reloading", description=__doc__
    )
    parser.add_argument("--edits", type=int, default=100, help="how many (100)")
    parser.add_argument("--people", type=int, default=20, help="who use it (20)")
    parser.add_argument("--record", type=Path, help="an SVG that shows the session")
    args = parser.parse_args()
    began = time.monotonic()
    logging.disable(logging.INFO)
    with short_directory() as folder:
        seen = trio.run(
            session, Path(folder), args.edits, args.people, 1.0 if args.record else 0.0
        )
    wrong = judged(seen, args.edits)
    first, last = seen.memory[min(10, len(seen.memory) - 1)], seen.memory[-1]
    print(
        f"{args.edits} edits in {time.monotonic() - began:.0f} s; {args.people} people, "
        f"{seen.answers} answers, no connection lost"
    )
    print(f"lives: {seen.lives}")
    print(
        f"memory: {first / 1e6:.1f} MB after ten edits, {last / 1e6:.1f} MB at the end"
    )
    if args.record is not None:
        args.record.write_text(drawn(seen.story, "The boards are edited"), "utf-8")
    for line in wrong:
        print(f"WRONG: {line}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
