"""``reminders-outage``: kills the database for a while, and counts what became of it.

Everything is real: PostgreSQL with its processes, SMTP over a socket, the program as
``trio-sup run`` runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trio
from attrs import frozen

from .books import Books
from .post import Post
from .postgres import Trial, find, trial

NAME = "outage"


@frozen
class Outage:
    """What is tried."""

    tasks: int
    every: float
    """Seconds between two reminders of a task."""
    seconds: float
    """How long the database is gone."""


@contextmanager
def _program(url: str, post: Post) -> Iterator[dict[str, str]]:
    """Run it in a process of its own; yield the environment in which it is found."""
    with tempfile.TemporaryDirectory(prefix="t-") as directory:
        environment = {
            **os.environ,
            "REMINDERS_DATABASE": url,
            "REMINDERS_MAIL": f"127.0.0.1:{post.server_port}",
            "REMINDERS_PORT": "0",
            "TRIO_SUP_RUNTIME_DIR": directory,
        }
        command = [sys.executable, "-m", "trio_sup", "run", "reminders.tree:spec"]
        log = Path(directory, "log")
        with log.open("wb") as output:
            program = subprocess.Popen(
                [*command, "--name", NAME], env=environment, stderr=output
            )
            try:
                yield environment
                program.send_signal(signal.SIGTERM)
                print("the program ended with exit code", program.wait(60))
            finally:
                program.kill()
                program.wait()


def _restarts(environment: dict[str, str]) -> Counter[str]:
    """Ask the inspector who began how many lives anew: workers, and all others."""
    listed = subprocess.run(
        [sys.executable, "-m", "trio_sup", "ps", NAME, "--json"],
        env=environment,
        check=True,
        capture_output=True,
    ).stdout
    found: Counter[str] = Counter(workers=0, others=0)
    for child in json.loads(listed)["children"]:
        worker = "workers/" in child["path"]
        found["workers" if worker else "others"] += child["restarts"]
    return found


async def _add(url: str, what: Outage) -> None:
    books = Books(url)
    await books.prepare()
    for n in range(what.tasks):
        await books.add(f"task {n}", "ada@example.org", what.every)


def _wait_for(post: Post, letters: int, seconds: float) -> None:
    for _ in range(int(seconds / 0.05)):
        if len(post.letters) >= letters:
            return
        time.sleep(0.05)
    raise RuntimeError(f"{len(post.letters)} letters came in {seconds} s")


def report(post: Post) -> str:
    """Say which reminders were lost, and which came twice."""
    came: defaultdict[str, list[int]] = defaultdict(list)
    for letter in post.letters:
        reminder, _, title = str(letter["Subject"]).partition(": ")
        came[title].append(int(reminder.split()[1]))
    lost = sum(max(numbers) - len(set(numbers)) for numbers in came.values())
    twice = sum(len(numbers) - len(set(numbers)) for numbers in came.values())
    return f"{len(post.letters)} letters: {lost} lost, {twice} sent twice"


def outage(database: Trial, what: Outage) -> None:
    """Try it, and tell."""
    post = Post()
    threading.Thread(target=post.serve_forever, daemon=True).start()
    trio.run(_add, database.url, what)
    with _program(database.url, post) as environment:
        _wait_for(post, what.tasks, 60 + what.every)
        database.kill()
        before = len(post.letters)
        print(f"{what.tasks} tasks; the database is killed after {before} letters")
        time.sleep(what.seconds)
        during = len(post.letters) - before
        print(f"while it is gone: {during} letters, which were under way")
        database.start()
        began = time.monotonic()
        _wait_for(post, len(post.letters) + 2 * what.tasks, 120 + 2 * what.every)
        print(f"two more of each {time.monotonic() - began:.1f} s after its return")
        restarts = _restarts(environment)
        print(
            f"restarts: {restarts['workers']} of workers, {restarts['others']} others"
        )
    print(report(post))
    post.shutdown()
    post.server_close()


def main() -> None:
    """Try what the command line says."""
    parser = argparse.ArgumentParser(description="Kill the database for a while.")
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--every", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--seconds", type=float, default=15.0)
    chosen = parser.parse_args()
    programs = find()
    if programs is None:
        sys.exit("no PostgreSQL here: apt-get install postgresql")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), trial(programs) as database:
        outage(database, Outage(chosen.tasks, chosen.every, chosen.seconds))


if __name__ == "__main__":
    main()
