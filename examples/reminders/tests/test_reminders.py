"""Reminders over real SMTP, from SQLite and from a PostgreSQL that is killed."""

from __future__ import annotations

import math
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio
from reminders.books import Books, Due
from reminders.connections import Unavailable
from reminders.mailer import Mailer
from reminders.post import Post
from reminders.tree import REMINDERS, reminders

from examples.reminders.tests.programs import (
    RUN,
    add_tasks,
    check_each_once,
    environment,
    numbers,
    program,
    running,
    until_number,
    worker_of,
)
from trio_sup import ChildSpec, Supervisor, address, whereis
from trio_sup.testing import check_supervision

if TYPE_CHECKING:
    from reminders import postgres


@pytest.mark.trio
async def test_a_task_is_reminded_of_until_it_is_done(
    post: Post, tmp_path: Path
) -> None:
    async with program(tmp_path / "books.db", post) as (_, app):
        plants = await app.add("water the plants", "ada@example.org", 0.1)
        await app.add("call Bob", "ada@example.org", 0.2)
        await until_number(post, 2, titles=2)
        worker = await worker_of(plants)
        assert await app.complete(plants)
        await worker.wait_stopped()
        assert whereis(("reminder", plants)) is None
        assert REMINDERS.count_children().specs == 1
        sent = len(numbers(post)["water the plants"])
        await until_number(post, len(numbers(post)["call Bob"]) + 2, titles=1)
        assert len(numbers(post)["water the plants"]) == sent
        assert not await app.complete(plants)
    check_each_once(post)
    assert post.letters[0]["To"] == "ada@example.org"


@pytest.mark.trio
async def test_at_boot_the_starter_starts_a_worker_for_each_open_task(
    post: Post, tmp_path: Path
) -> None:
    file = tmp_path / "books.db"
    books = Books(str(file))
    await books.prepare()
    tasks = [await books.add(f"task {n}", "a@b.org", 3600) for n in range(20)]
    assert await books.complete(tasks[0])
    async with program(file, post) as (sup, _):
        assert REMINDERS.count_children().active == 19
        assert whereis(("reminder", tasks[0])) is None
        # And again when all are gone at once: it stands after them.
        starter = sup.child("reminders", "tasks", "starter")
        await REMINDERS.stop()
        await starter.wait_exit(2)
        assert REMINDERS.count_children().active == 19
    assert post.letters == []


@pytest.mark.trio
async def test_what_the_mail_server_took_is_not_sent_again_after_a_crash(
    post: Post, tmp_path: Path
) -> None:
    async with program(tmp_path / "books.db", post) as (sup, app):
        task = await app.add("pay", "ada@example.org", 0.1)
        record, app.books.record = app.books.record, _no_answer  # type: ignore[method-assign]
        worker = await worker_of(task)
        await worker.wait_exit(2)
        assert len(post.letters) == 1
        mailer = sup.child("reminders", "mailer")
        await address("mailer", Mailer).stop()  # whoever was the mailer
        await mailer.wait_running()
        await worker.wait_exit(3)
        assert numbers(post) == {"pay": [1]}
        app.books.record = record  # type: ignore[method-assign]
        await until_number(post, 3, titles=1)
    check_each_once(post)


async def _no_answer(due: Due) -> None:
    raise Unavailable("gone just now")


@pytest.mark.trio
async def test_a_mail_server_that_is_down_or_refuses_loses_nothing(
    tmp_path: Path,
) -> None:
    with running(Post(refuse=1.0)) as post:
        async with program(tmp_path / "books.db", post) as (sup, app):
            task = await app.add("pay", "ada@example.org", 0.05)
            worker = await worker_of(task)
            await worker.wait_exit(2)
            assert "451" in str(worker.last_exit)
            post.refuse = 0.3
            await until_number(post, 5, titles=1)
            assert sup.child("reminders", "mailer").restarts == 0
    check_each_once(post)


@pytest.mark.trio
async def test_people_write_down_tasks_and_what_is_done_at_the_door(
    post: Post, tmp_path: Path
) -> None:
    async with program(tmp_path / "books.db", post) as (sup, _):
        port = sup.child("reminders", "door").value
        assert isinstance(port, int)

        async def say(*lines: bytes) -> list[str]:
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            async with stream:
                await stream.send_all(b"".join(lines))
                said = b""
                while said.count(b"\n") < len(lines):
                    said += await stream.receive_some()
            return said.decode().splitlines()

        usage = "say: add SECONDS EMAIL TITLE | done NUMBER | list"
        assert await say(b"list\n", b"add 60 ada@example.org call Bob\n") == [
            "nothing",
            "task 1",
        ]
        assert await say(b"list\n", b"done 2\n", b"done 1\n", b"done 1\n") == [
            "1 call Bob",
            "there is no such open task",
            "done",
            "there is no such open task",
        ]
        nonsense = [
            b"\n",
            b"\xff\n",
            b"add nan x@y z\n",
            b"add 1 nobody z\n",
            b"done\n",
        ]
        assert await say(*nonsense) == [usage] * 5
        rude = await trio.open_tcp_stream("127.0.0.1", port)
        rude.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: a reset
        await rude.send_all(b"lis")
        await rude.aclose()
        assert await say(b"list\n") == ["nothing"]
        assert sup.child("reminders", "door").restarts == 0


def test_the_tree_keeps_the_laws_of_supervision(post: Post, tmp_path: Path) -> None:
    mail = ("127.0.0.1", post.server_port)

    def tree() -> ChildSpec[Supervisor]:
        # Virtual time does not wait for the database: no query is given up here.
        return reminders(str(tmp_path / "b.db"), mail, port=0, patience=math.inf)[0]

    check_supervision(tree, max_examples=10)


@pytest.mark.slow
def test_who_is_killed_reminds_again_of_what_is_open(
    post: Post, tmp_path: Path
) -> None:
    file = tmp_path / "books.db"
    add_tasks(file, 20)
    for life in 1, 2:
        with subprocess.Popen(
            RUN, env=environment(file, post, tmp_path), stderr=subprocess.DEVNULL
        ) as process:
            trio.run(until_number, post, 3 * life, 20)
            process.send_signal(signal.SIGTERM if life == 2 else signal.SIGKILL)
            assert process.wait(timeout=30) == (0 if life == 2 else -signal.SIGKILL)
    twice = 0
    for title, came in numbers(post).items():
        assert sorted(set(came)) == list(range(1, came[-1] + 1)), title
        twice += len(came) - len(set(came))
    # The one that the mailer had in hand, and the few whose record was on its way.
    assert twice <= 1 + 20
    ids = {letter["Message-ID"] for letter in post.letters}
    assert len(ids) == len(post.letters) - twice


@pytest.mark.trio
async def test_a_letter_whose_turn_comes_too_late_is_claimed_again(
    post: Post, tmp_path: Path
) -> None:
    async with program(tmp_path / "books.db", post) as (_, app):
        app.books.lease = -1.0  # it is over when the mailer looks
        worker = await worker_of(await app.add("pay", "ada@example.org", 0.01))
        await worker.wait_exit(1)
        assert "it is claimed again" in str(worker.last_exit)
        assert post.letters == []
        app.books.lease = 60.0
        await until_number(post, 2, titles=1)
    check_each_once(post)


@pytest.mark.slow
@pytest.mark.trio
async def test_a_database_that_is_killed_costs_workers_their_lives_and_nothing_else(
    post: Post, database: postgres.Trial
) -> None:
    async with program(database.url, post) as (sup, app):
        tasks = [await app.add(f"task {n}", "ada@example.org", 0.1) for n in range(20)]
        await until_number(post, 2, titles=20)
        worker = whereis(("reminder", tasks[0]))
        assert worker is not None
        life = worker.life
        await trio.to_thread.run_sync(database.kill)
        await worker.wait_exit(life + 1)
        with pytest.raises(Unavailable):
            await app.complete(tasks[0])
        before = max(last[-1] for last in numbers(post).values())
        await trio.to_thread.run_sync(database.start)
        await until_number(post, before + 2, titles=20)
        for path in (["books"], ["mailer"], ["tasks"], ["tasks", "workers"], ["door"]):
            assert sup.child("reminders", *path).restarts == 0
        for task, _ in await app.books.open_tasks():
            assert await app.complete(task)
        while REMINDERS.count_children().specs:  # noqa: ASYNC110 - each is told
            await trio.sleep(0.02)
    check_each_once(post)


@pytest.mark.trio
async def test_a_database_that_does_not_answer_is_given_up_and_its_thread_ends(
    database: postgres.Trial,
) -> None:
    books = Books(database.url, patience=0.3)
    await books.prepare()
    threads = threading.active_count()
    database.freeze()
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            await books.open_tasks()
    finally:
        database.thaw()
    assert await books.open_tasks() == []
    with trio.fail_after(10):
        while threading.active_count() > threads + 1:  # noqa: ASYNC110 - a thread
            await trio.sleep(0.01)
