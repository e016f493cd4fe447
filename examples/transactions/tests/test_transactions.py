"""The application against a real source, with real files and real kills."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from transactions.ledger import LEDGER, Ledger
from transactions.source import FINAL
from transactions.tracker import Tracker
from transactions.tree import TRACKERS, transactions

from trio_sup import ServerExit, ServerRef, open_supervisor, whereis

pytestmark = pytest.mark.usefixtures("quiet")

Start = Callable[..., str]


def environment() -> dict[str, str]:
    """Programs that a test starts import what it does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@contextmanager
def source(*options: str) -> Iterator[str]:
    """Run a source; its address is what one gets."""
    calm = ("--port", "0", "--latency", "0.01", "--errors", "0")
    command = [sys.executable, "-m", "transactions.source", *calm]
    with subprocess.Popen(
        [*command, *options], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()


@pytest.fixture
def start_source() -> Iterator[Start]:
    """Start sources with options; they end with the test."""
    with ExitStack() as stack:

        def start(*options: str) -> str:
            return stack.enter_context(source(*options))

        yield start


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Crashes are what is tried here."""
    caplog.set_level(logging.CRITICAL, "trio_sup")


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """Where a node's socket is short enough an address."""
    with tempfile.TemporaryDirectory(prefix="t-") as name:
        yield Path(name)


async def until_final() -> None:
    """Wait until nothing is followed any more."""
    with trio.fail_after(60):
        while await unfinished():  # noqa: ASYNC110 - it stands in a file
            await trio.sleep(0.05)


def tracker_of(id: str) -> ServerRef[Tracker]:
    tracker = whereis(("transaction", id), Tracker)
    assert tracker is not None
    return tracker


async def unfinished() -> list[str]:
    return await LEDGER.call(Ledger.unfinished, FINAL)


@pytest.mark.trio
async def test_one_call_starts_names_and_supervises(
    start_source: Start, tmp_path: Path
) -> None:
    tree, app = transactions(start_source(), tmp_path / "ledger.db", every=60)
    async with open_supervisor([tree]):
        assert await app.track("T-1") == 0
        tracker = tracker_of("T-1")
        assert await app.track("T-1") == 0
        assert TRACKERS.count_children().active == 1
        tracker.cast(Tracker.look)
        assert await tracker.call(Tracker.progress) == 1


@pytest.mark.trio
async def test_all_become_final_at_a_source_that_fails_every_tenth_time(
    start_source: Start, tmp_path: Path
) -> None:
    url = start_source("--errors", "0.1", "--latency", "0.01")
    tree, app = transactions(url, tmp_path / "ledger.db", every=0.05)
    async with open_supervisor([tree]):
        for each in range(20):
            await app.track(f"T-{each}")
        await until_final()
        assert whereis(("transaction", "T-1")) is None  # its name is free
        assert await app.track("T-1") == FINAL  # and it is not followed again
        assert TRACKERS.count_children().specs == 0


@pytest.mark.trio
async def test_a_new_life_goes_on_where_the_last_one_was(tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(source())
        tree, app = transactions(url, tmp_path / "ledger.db", every=60)
        async with open_supervisor([tree]):
            await app.track("T-1")
            tracker = tracker_of("T-1")
            for count in range(1, 4):
                tracker.cast(Tracker.look)
                assert await tracker.call(Tracker.progress) == count
            stack.close()  # the source is gone
            tracker.cast(Tracker.look)
            assert (await tracker.wait_exit(1)).kind == "crashed"
            assert await app.track("T-1") == 3
            assert tracker.life == 2


@pytest.mark.trio
async def test_an_outage_of_the_source_ends_nobody_for_good(
    start_source: Start, tmp_path: Path
) -> None:
    url = start_source("--outage", "0.5", "3", "--latency", "0.01")
    tree, app = transactions(url, tmp_path / "ledger.db", every=0.1)
    async with open_supervisor([tree]):
        for each in range(20):
            await app.track(f"T-{each}")
        await until_final()


@pytest.mark.trio
async def test_when_the_ledger_fails_what_needs_it_begins_anew(
    start_source: Start, tmp_path: Path
) -> None:
    tree, app = transactions(start_source(), tmp_path / "ledger.db", every=60)
    async with open_supervisor([tree]) as sup:
        await app.track("T-1")
        await app.track("T-2")
        unreadable: Any = object()
        with pytest.raises(ServerExit) as crash:
            await LEDGER.call(Ledger.read, unreadable)
        assert isinstance(crash.value.__cause__, sqlite3.Error)
        with trio.fail_after(10):
            await TRACKERS.wait_exit(1)
            await sup.child("transactions", "resume").wait_exit(2)
        assert whereis(("transaction", "T-1"), Tracker)
        assert whereis(("transaction", "T-2"), Tracker)


NUMBER = 30


@contextmanager
def program(url: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """The program in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trio_sup", "run", "transactions.tree:spec"],
        env={
            **environment(),
            "TRANSACTIONS_SOURCE": url,
            "TRANSACTIONS_FILE": str(directory / "ledger.db"),
            "TRANSACTIONS_NUMBER": str(NUMBER),
            "TRANSACTIONS_EVERY": "0.3",
            "TRIO_SUP_RUNTIME_DIR": str(directory),
        },
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for_sum(file: Path, least: int) -> int:
    """Wait until the ledger holds so many confirmations in all."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("pragma busy_timeout = 5000")
        found = 0
        for _ in range(600):
            query = "select sum(confirmations) from transactions"
            try:
                found = int(database.execute(query).fetchone()[0] or 0)
            except sqlite3.OperationalError:
                found = 0  # it has not begun
            if found >= least:
                return found
            time.sleep(0.05)
    raise AssertionError(f"only {found}")


def test_who_is_killed_goes_on_with_the_right_counts(
    start_source: Start, short_dir: Path
) -> None:
    url, file = start_source(), short_dir / "ledger.db"
    with program(url, short_dir) as first:
        wait_for_sum(file, 50)
        first.kill()
    before = wait_for_sum(file, 50)
    with program(url, short_dir) as second:
        assert wait_for_sum(file, NUMBER * FINAL) == NUMBER * FINAL > before
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=30) == 0
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("select count(*) from transactions").fetchone()
    assert rows == (NUMBER,)
