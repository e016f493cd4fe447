"""The ledger: what outlives every crash, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import trio

from trio_sup import Exit, GenServer, address, call

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SCHEMA = """
create table if not exists transactions (
    id text primary key,
    confirmations integer not null
) without rowid
"""


class Ledger(GenServer):
    """Reads and writes, one after the other, in a thread: SQLite blocks.

    What is recorded is there after a crash of any child, and after a `kill -9` of the
    whole program. A crash of the machine may cost the last moments.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._one_at_a_time = trio.CapacityLimiter(1)

    async def init(self) -> None:
        """Open the file; who is started after this server finds it open."""
        self._database = await self._in_thread(_open, self.file)

    async def terminate(self, exit: Exit) -> None:
        """Close the file; its journal goes away with that."""
        await self._in_thread(self._database.close)

    @call
    async def read(self, id: str) -> int | None:
        """Return the confirmations that are known; `None` for who is not."""
        return await self._in_thread(_read, self._database, id)

    @call
    async def record(self, id: str, confirmations: int) -> None:
        """Return when it is written."""
        await self._in_thread(_record, self._database, id, confirmations)

    @call
    async def unfinished(self, final: int) -> list[str]:
        """Return the ids of those that have less than so many confirmations."""
        return await self._in_thread(_unfinished, self._database, final)

    async def _in_thread(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        # Nobody gives up on a thread that writes: a stop waits for its end.
        return await trio.to_thread.run_sync(
            function, *args, limiter=self._one_at_a_time
        )


LEDGER = address("ledger", Ledger, wait=True)
"""Whoever is the ledger when it is used; a call waits for its next life."""


def _open(file: Path) -> sqlite3.Connection:
    # The threads of Trio take turns, and the limiter lets only one in.
    database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = normal")
    database.execute(SCHEMA)
    return database


def _read(database: sqlite3.Connection, id: str) -> int | None:
    query = "select confirmations from transactions where id = ?"
    row = database.execute(query, (id,)).fetchone()
    return None if row is None else row[0]


def _record(database: sqlite3.Connection, id: str, confirmations: int) -> None:
    database.execute(
        "insert into transactions values (?, ?) on conflict (id) "
        "do update set confirmations = max(confirmations, excluded.confirmations)",
        (id, confirmations),
    )


def _unfinished(database: sqlite3.Connection, final: int) -> list[str]:
    query = "select id from transactions where confirmations < ?"
    return [id for (id,) in database.execute(query, (final,))]
