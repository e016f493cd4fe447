"""Two programs on one database: each letter once, and what one does the other sees."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio
from reminders.books import Books
from reminders.connections import Unavailable
from reminders.post import Post
from reminders.tree import REMINDERS

from examples.reminders.tests.programs import (
    RUN,
    add_tasks,
    check_each_once,
    complete_tasks,
    environment,
    numbers,
    program,
    until_number,
    worker_of,
)
from tests.directories import short_directory
from trio_sup import whereis


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_two_programs_on_one_database_send_each_letter_once(
    kind: str, post: Post, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where: object = tmp_path / "books.db"
    if kind == "PostgreSQL":
        where = request.getfixturevalue("database").url
    tasks = add_tasks(where, 10)
    port = _free_port()
    with ExitStack() as stack:
        directory = stack.enter_context(short_directory())
        both: list[subprocess.Popen[bytes]] = []
        env: dict[str, str] = {}
        for owner, door in ("one", port), ("other", 0):
            env = environment(where, post, directory, owner, door)
            run = [*RUN, "--name", owner]
            one = subprocess.Popen(run, env=env, stderr=subprocess.DEVNULL)
            both.append(stack.enter_context(one))
            stack.callback(one.kill)
        trio.run(until_number, post, 4, 10)
        # What is added and completed through one is known to the other.
        said = trio.run(_say, port, "add 0.2 ada@example.org late")
        late = int(said.removeprefix("task "))
        assert trio.run(_say, port, f"done {tasks[0]}") == "done"
        _until_workers(env, "other", {*tasks[1:], late})
        check_each_once(post)
        both[0].send_signal(signal.SIGTERM)
        assert both[0].wait(timeout=30) == 0
        before = max(came[-1] for came in numbers(post).values())
        trio.run(until_number, post, before + 2, 10)  # the other goes on with all
        complete_tasks(where, [*tasks, late])
        _until_workers(env, "other", set())
        both[1].send_signal(signal.SIGTERM)
        assert both[1].wait(timeout=30) == 0
    check_each_once(post)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def _say(port: int, line: str) -> str:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(f"{line}\n".encode())
        return (await stream.receive_some()).decode().strip()


def _until_workers(env: dict[str, str], node: str, tasks: set[int]) -> None:
    """Ask the inspector until the node has workers for these tasks and no others."""
    names = {f"('reminder', {task})" for task in tasks}
    command = [sys.executable, "-m", "trio_sup", "registry", node, "--json"]
    found = {""}
    while found != names:  # as long as a test may take
        said = subprocess.check_output(command, env=env)
        keys = [row["key"] for row in json.loads(said)["names"]]
        found = {key for key in keys if key.startswith("('reminder'")}


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
@pytest.mark.trio
async def test_a_task_that_another_program_adds_or_completes_is_seen_by_a_look(
    kind: str, post: Post, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = str(tmp_path / "books.db")
    if kind == "PostgreSQL":
        where = request.getfixturevalue("database").url
    other = Books(where)
    async with program(where, post, look=0.02) as (sup, app):
        task = await other.add("pay", "ada@example.org", 0.05)
        worker = await worker_of(task)
        await until_number(post, 2, titles=1)
        later = await other.add("call Bob", "ada@example.org", 3600)
        asleep = await worker_of(later)
        assert await other.complete(task)
        assert await other.complete(later)  # its worker would ask in an hour
        await worker.wait_stopped()
        await asleep.wait_stopped()
        assert REMINDERS.count_children().specs == 0
        assert not await app.complete(task)
        # While the database does not answer there is nothing to see, and no crash.
        looks: list[float] = []

        async def no_answer() -> list[tuple[int, str]]:
            looks.append(trio.current_time())
            raise Unavailable("gone just now")

        ask, app.books.open_tasks = app.books.open_tasks, no_answer  # type: ignore[method-assign]
        third = await other.add("buy milk", "ada@example.org", 3600)
        while len(looks) < 3:  # noqa: ASYNC110 - it looks by itself
            await trio.sleep(0.01)
        assert whereis(("reminder", third)) is None
        app.books.open_tasks = ask  # type: ignore[method-assign]
        await worker_of(third)
        assert sup.child("reminders", "tasks", "lookout").restarts == 0
        assert await app.complete(third)
    check_each_once(post)


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
@pytest.mark.trio
async def test_a_claim_is_one_programs_until_it_ends(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = str(tmp_path / "books.db")
    if kind == "PostgreSQL":
        where = request.getfixturevalue("database").url
    one, other = Books(where, lease=60), Books(where, lease=0.05)
    await one.prepare()
    task = await one.add("pay", "ada@example.org", 0)
    due = await one.due(task)
    assert due is not None
    assert await one.claim(due)
    assert await one.claim(due)
    assert not await other.claim(due)
    await one.record(due)
    due = await other.due(task)
    assert due is not None
    assert due.number == 2
    assert await other.claim(due)
    while not await one.claim(due):  # noqa: ASYNC110 - the database's own clock
        await trio.sleep(0.01)
    assert not await other.claim(due)
    await one.complete(task)
