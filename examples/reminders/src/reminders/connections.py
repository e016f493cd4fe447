"""Connections to a database that blocks, used from threads, and given up when lost."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import trio
from attrs import define, field


class Unavailable(Exception):
    """The database is down, does not answer, or hung up. Ask again later."""


class Connecting(Protocol):
    """How one kind of database is reached, and what is peculiar to it."""

    lost: tuple[type[Exception], ...]
    """What it raises when the database does not answer."""
    counted: str
    """How a column that counts by itself is declared."""
    now: str
    """Its own clock, in seconds: one for all programs that use it."""
    places: int | None
    """How many connections are of use; `None` for as many as one likes."""

    def connect(self) -> Any:
        """Return a new connection, in which each statement is a transaction."""
        ...

    def query(self, query: str) -> str:
        """Return a query with its values marked as this database wants it."""
        ...


class Sqlite:
    """A file; for a program on one machine."""

    lost: tuple[type[Exception], ...] = (sqlite3.OperationalError,)
    counted = ""
    now = "(julianday('now') - 2440587.5) * 86400.0"
    places: int | None = 1

    def __init__(self, file: str) -> None:
        self.file = file

    def connect(self) -> Any:
        """Open the file; it is made if it does not exist."""
        # Trio's threads take turns.
        database = sqlite3.connect(
            self.file, check_same_thread=False, isolation_level=None
        )
        database.execute("pragma journal_mode = wal")
        return database

    def query(self, query: str) -> str:
        """Mark values by question marks."""
        return query.replace("%s", "?")


class Postgres:
    """A server, reached by psycopg."""

    counted = "generated always as identity"
    now = "extract(epoch from clock_timestamp())"
    places: int | None = None

    def __init__(self, url: str) -> None:
        # Only who has a PostgreSQL needs its library.
        import psycopg  # noqa: PLC0415

        self._psycopg = psycopg
        self.lost: tuple[type[Exception], ...] = (
            psycopg.OperationalError,
            psycopg.InterfaceError,
        )
        self.url = url

    def connect(self) -> Any:
        """Connect, within seconds."""
        return self._psycopg.connect(self.url, autocommit=True, connect_timeout=3)

    def query(self, query: str) -> str:
        """Return it as it is."""
        return query


def connecting(database: str) -> Connecting:
    """Choose by the look of it: an address is PostgreSQL's, all else a file."""
    if database.startswith(("postgresql://", "postgres://")):
        return Postgres(database)
    return Sqlite(database)


@define
class _Asking:
    """One query under way."""

    query: str
    values: Sequence[object]
    connection: Any = field(default=None)

    def hang_up(self) -> None:
        """Wake the thread that waits for an answer: it gets an end of file."""
        with suppress(OSError, AttributeError, ValueError):
            # psycopg's connection tells its file; a copy of it may be closed here.
            with socket.socket(fileno=os.dup(self.connection.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)


# --8<-- [start:ask]
class Connections:
    """A few connections that queries share, and that are kept while `open`.

    A connection on which anything went wrong is closed, with all that are idle: they
    were lost together. The next query opens a new one, so nobody has to reconnect.
    """

    def __init__(self, kind: Connecting, places: int, patience: float) -> None:
        self._kind = kind
        self._places = trio.CapacityLimiter(places)
        self._patience = patience
        self.open = False
        self._idle: list[Any] = []

    async def ask(self, query: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        """Execute one statement and return its rows.

        Raises:
            Unavailable: the database does not answer. What was to be written may be
                written all the same: say it so that it can be said twice.
        """
        asking = _Asking(self._kind.query(query), values)
        async with self._places:
            try:
                with trio.fail_after(self._patience):
                    return await trio.to_thread.run_sync(
                        self._in_thread, asking, abandon_on_cancel=True
                    )
            except trio.TooSlowError:
                asking.hang_up()  # the thread that was left ends, too
                raise Unavailable("the database does not answer") from None
            except self._kind.lost as error:
                raise Unavailable(str(error).strip()) from error

    # --8<-- [end:ask]
    def close(self) -> None:
        """Keep no connection from now on: one in use is closed after it."""
        self.open = False
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            with suppress(IndexError, *self._kind.lost):
                self._idle.pop().close()

    def _in_thread(self, asking: _Asking) -> list[tuple[Any, ...]]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._kind.connect()
        asking.connection = connection
        try:
            cursor = connection.execute(asking.query, asking.values)
            rows = cursor.fetchall() if cursor.description else []
        except BaseException:
            connection.close()
            self._close_idle()
            raise
        self._idle.append(connection)
        if not self.open:
            self._close_idle()
        return rows
