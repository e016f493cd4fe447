"""``transactions-many 10000``: follows so many, is killed half way, and goes on.

The source is a process of its own, and so is the program, as ``trio-sup run`` runs it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from .source import FINAL


@contextmanager
def _program(*command: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _counts(file: Path) -> dict[str, int]:
    """Return the confirmations of all transactions that are known."""
    query = "select id, confirmations from transactions"
    try:
        with closing(sqlite3.connect(file, timeout=30)) as database:
            return dict(database.execute(query).fetchall())
    except sqlite3.OperationalError:
        return {}  # it has not begun


def _wait_for(file: Path, number: int, total: int) -> dict[str, int]:
    """Wait until so many are known, and have so many confirmations together."""
    counts = _counts(file)
    while len(counts) < number or sum(counts.values()) < total:
        time.sleep(0.2)
        counts = _counts(file)
    return counts


def _memory(pid: int) -> str:
    """Return the memory that a process takes, where the system tells."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return "unknown"
    return f"{int(pages) * 4096 / 1e6:.0f} MB"


def _follow(number: int, each: int, variables: dict[str, str]) -> None:
    file = Path(variables["TRANSACTIONS_FILE"])
    run = ("trio_sup", "run", "transactions.tree:spec")
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{what} after {time.monotonic() - began:.0f} s")

    with _program(*run, **variables) as program:
        _wait_for(file, number, 0)
        say(f"{number} trackers")
        _wait_for(file, number, number * each // 2)
        print(f"memory of the program: {_memory(program.pid)}")
        program.kill()
        program.wait()
    killed = _counts(file)
    say(f"killed with {sum(killed.values())} confirmations")
    with _program(*run, **variables) as program:
        _wait_for(file, number, number * each)
        say(f"{number * each} confirmations")
        program.send_signal(signal.SIGTERM)
        print("the program ended with exit code", program.wait(60))
    counts = _counts(file)
    lost = sum(counts[id] < before for id, before in killed.items())
    beyond = sum(count > FINAL for count in counts.values())
    print(f"{len(counts)} counts: {lost} went back, {beyond} are beyond {FINAL}")


def main() -> None:
    """Follow as many as the command line says."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(description="Follow many transactions.")
    parser.add_argument("number", type=int, nargs="?", default=10_000)
    parser.add_argument("--every", default="30", metavar="SECONDS")
    parser.add_argument("--errors", default="0.01", metavar="SHARE")
    parser.add_argument(
        "--confirmations", type=int, default=FINAL, help="of each, until it ends"
    )
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    source = ("transactions.source", "--port", "0", "--errors", chosen.errors)
    with (
        suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="t-") as directory,
        _program(*source, "--latency", "0.01") as answers,
    ):
        assert answers.stdout is not None
        variables = {
            "TRANSACTIONS_SOURCE": answers.stdout.readline().split()[-1],
            "TRANSACTIONS_FILE": str(Path(directory, "ledger.db")),
            "TRANSACTIONS_NUMBER": str(chosen.number),
            "TRANSACTIONS_EVERY": chosen.every,
            "TRIO_SUP_RUNTIME_DIR": directory,
        }
        _follow(chosen.number, chosen.confirmations, variables)


if __name__ == "__main__":
    main()
