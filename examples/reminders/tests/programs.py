"""The program as tests run it, here or in processes, and what its letters say."""

from __future__ import annotations

import os
import sys
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import trio
from reminders.books import Books
from reminders.post import Post
from reminders.tree import Reminders, reminders
from reminders.worker import Reminder

from trio_sup import Child, Supervisor, address, open_supervisor

RUN = [sys.executable, "-m", "trio_sup", "run", "reminders.tree:spec"]


@contextmanager
def running(post: Post) -> Iterator[Post]:
    with closing(post.socket):
        thread = threading.Thread(target=post.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield post
        finally:
            post.shutdown()
            thread.join()


@asynccontextmanager
async def program(
    database: object, post: Post, patience: float = 5.0, look: float = 5.0
) -> AsyncIterator[tuple[Supervisor, Reminders]]:
    mail = ("127.0.0.1", post.server_port)
    tree, app = reminders(str(database), mail, port=0, patience=patience, look=look)
    with trio.fail_after(60):
        async with open_supervisor([tree]) as sup:
            starter: Child = sup.child("reminders", "tasks", "starter")
            await starter.wait_stopped()
            yield sup, app


def numbers(post: Post) -> dict[str, list[int]]:
    """What came, by the title of the task: the numbers of the reminders."""
    found: dict[str, list[int]] = defaultdict(list)
    for letter in list(post.letters):
        reminder, _, title = str(letter["Subject"]).partition(": ")
        found[title].append(int(reminder.split()[1]))
    return found


async def until_number(post: Post, least: int, titles: int) -> None:
    """Wait until so many tasks were reminded of so often."""
    while sum(last[-1] >= least for last in numbers(post).values()) < titles:  # noqa: ASYNC110 - a thread has them
        await trio.sleep(0.02)


def check_each_once(post: Post) -> None:
    for title, came in numbers(post).items():
        assert came == list(range(1, len(came) + 1)), title


async def worker_of(task: int) -> Child:
    worker = address(("reminder", task), Reminder, wait=True)
    await worker.wait_running()
    return worker


def environment(
    database: object, post: Post, directory: Path, owner: str = "one", port: int = 0
) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "REMINDERS_DATABASE": str(database),
        "REMINDERS_OWNER": owner,
        "REMINDERS_LEASE": "10",
        "REMINDERS_MAIL": f"127.0.0.1:{post.server_port}",
        "REMINDERS_PORT": str(port),
        "REMINDERS_LOOK": "0.5",
        "TRIO_SUP_RUNTIME_DIR": str(directory),
    }


def complete_tasks(database: object, tasks: list[int]) -> None:
    async def main() -> None:
        books = Books(str(database))
        for task in tasks:
            await books.complete(task)

    trio.run(main)


def add_tasks(database: object, tasks: int) -> list[int]:
    async def main() -> list[int]:
        books = Books(str(database))
        await books.prepare()
        return [
            await books.add(f"task {n}", "ada@example.org", 0.2) for n in range(tasks)
        ]

    return trio.run(main)
