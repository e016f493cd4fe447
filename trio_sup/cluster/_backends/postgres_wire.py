"""One connection to PostgreSQL: questions in their order, and what it notifies.

psycopg speaks asyncio or blocks; its `pq` module is libpq itself, whose functions that do
not block wait for a socket wherever they are told to: here, in Trio. One task does all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
import trio
from attrs import Factory, define
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from trio_sup._trio.beside import Beside
from trio_sup._trio.protect import protected
from trio_sup.cluster._backends.breaking import breaks_once
from trio_sup.cluster._backends.link import LinkDown

MOST_UNSENT: Final = 10_000
"""How many questions may wait to be sent."""

Rows = list[tuple[bytes | None, ...]]


Params = Sequence[bytes | None] | Callable[[], Sequence[bytes | None]]
"""What a question is about; a function says it when its turn has come."""


@define(eq=False)
class Job:
    """A question, and what becomes of it."""

    sql: bytes
    params: Params
    done: Callable[[Rows | LinkDown], None]
    begins: Callable[[], None] | None = None
    over: trio.Event = Factory(trio.Event)


@protected
class PostgresWire:
    """An open connection; made by `open_wire`.

    Args:
        conn: What libpq has.
        notified: Called with the channel of each notification.
        patience: After how many seconds without an answer it counts as dead.
    """

    def __init__(
        self, conn: pq.abc.PGconn, notified: Callable[[str], None], patience: float
    ) -> None:
        self._conn = conn
        self._notified = notified
        self._patience = patience
        self._jobs: deque[Job] = deque()
        self._idle: trio.CancelScope | None = None
        self.down: LinkDown | None = None

    def push(
        self,
        sql: bytes,
        params: Params,
        done: Callable[[Rows | LinkDown], None],
        begins: Callable[[], None] | None = None,
    ) -> Job:
        """Ask; what comes of it goes to a function. Never blocks.

        Args:
            sql: The statement.
            params: Its values.
            done: Told what came.
            begins: Called when its turn has come.

        Raises:
            LinkDown: the connection is down, or too much waits to be sent.
        """
        if self.down is not None:
            raise LinkDown(str(self.down))
        if len(self._jobs) >= MOST_UNSENT:
            raise LinkDown("too much waits to be sent")
        job = Job(sql, params, done, begins)
        self._jobs.append(job)
        if self._idle is not None:
            self._idle.cancel()
        return job

    async def ask(self, sql: bytes, *params: bytes | None) -> Rows:
        """Ask, and wait for the answer.

        Raises:
            LinkDown: the connection is down or went down, or PostgreSQL refuses.
        """
        came: list[Rows | LinkDown] = []
        job = self.push(sql, params, came.append)
        await job.over.wait()
        if isinstance(came[0], LinkDown):
            raise came[0]
        return came[0]

    async def serve(self) -> None:
        """Be connected.

        Raises:
            LinkDown: it is no more; whoever waited has been told.
        """
        why = LinkDown("the connection was given up")
        try:
            while True:
                self._tell()
                if self._jobs:
                    await self._serve_one()
                else:
                    await self._wait_for_news()
        except LinkDown as down:
            why = down
            raise
        except (OSError, psycopg.Error, trio.ClosedResourceError) as error:
            why = LinkDown(f"the connection to PostgreSQL broke: {_text(error)}")
            raise why from error
        finally:
            self.fail(why)

    async def _serve_one(self) -> None:
        job = self._jobs[0]
        if job.begins is not None:
            job.begins()
        params = job.params() if callable(job.params) else job.params
        answer: Rows | LinkDown = LinkDown(
            f"no answer of PostgreSQL for {self._patience:g} s"
        )
        with trio.move_on_after(self._patience):
            answer = await query(self._conn, job.sql, params)
        self._jobs.popleft()
        _finish(job, answer)
        if isinstance(answer, LinkDown):
            raise answer  # another connection sets up what may be missing

    async def _wait_for_news(self) -> None:
        with trio.CancelScope() as self._idle:
            await trio.lowlevel.wait_readable(self._conn.socket)
            self._conn.consume_input()
        self._idle = None

    def _tell(self) -> None:
        while (note := self._conn.notifies()) is not None:
            self._notified(note.relname.decode())

    def fail(self, why: LinkDown) -> None:
        """The connection is down: nobody is left waiting."""
        self.down = self.down or why
        while self._jobs:
            _finish(self._jobs.popleft(), why)


def _finish(job: Job, answer: Rows | LinkDown) -> None:
    job.done(answer)
    job.over.set()


def _text(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _line(message: bytes) -> str:
    """What libpq says in several lines, in one."""
    return " ".join(message.decode(errors="replace").split())


async def query(
    conn: pq.abc.PGconn, sql: bytes, params: Sequence[bytes | None]
) -> Rows | LinkDown:
    """Execute one statement; return its rows, or what PostgreSQL has against it."""
    binary = [pq.Format.BINARY] * len(params)
    conn.send_query_params(
        sql, params, param_formats=binary, result_format=pq.Format.BINARY
    )
    return await _answer(conn)


async def script(conn: pq.abc.PGconn, sql: bytes) -> Rows | LinkDown:
    """Execute several statements, all or none."""
    conn.send_query(sql)
    return await _answer(conn)


async def _answer(conn: pq.abc.PGconn) -> Rows | LinkDown:
    while conn.flush():
        await trio.lowlevel.wait_writable(conn.socket)
    rows: Rows = []
    refused: LinkDown | None = None
    while True:
        while conn.is_busy():
            await trio.lowlevel.wait_readable(conn.socket)
            conn.consume_input()
        result = conn.get_result()
        if result is None:
            return refused or rows
        if result.status == pq.ExecStatus.TUPLES_OK:
            rows = [
                tuple(result.get_value(row, column) for column in range(result.nfields))
                for row in range(result.ntuples)
            ]
        elif result.status != pq.ExecStatus.COMMAND_OK:
            refused = LinkDown(_line(result.error_message))


async def _resolved(url: str) -> bytes:
    """Return what to connect to; names are looked up here, as libpq would block."""
    options: dict[str, Any] = dict(conninfo_to_dict(url))
    host = options.get("host")
    if host and "hostaddr" not in options and not host.startswith(("/", "@")):
        port = options.get("port") or 5432
        found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM)
        options["hostaddr"] = found[0][4][0]
    return make_conninfo(**options).encode()


async def _connected(conn: pq.abc.PGconn) -> None:
    while True:
        match conn.connect_poll():
            case pq.PollingStatus.OK:
                conn.nonblocking = 1
                return
            case pq.PollingStatus.READING:
                await trio.lowlevel.wait_readable(conn.socket)
            case pq.PollingStatus.WRITING:
                await trio.lowlevel.wait_writable(conn.socket)
            case _:
                raise LinkDown(_line(conn.error_message))


@asynccontextmanager
async def open_wire(
    url: str, setup: str, notified: Callable[[str], None], patience: float
) -> AsyncGenerator[PostgresWire]:
    """Connect and set up, for the length of a block, cancelled if the connection breaks.

    Raises:
        LinkDown: there is no connection, or no more.
    """
    conn: pq.abc.PGconn | None = None
    try:
        try:
            with trio.fail_after(patience):
                conn = pq.PGconn.connect_start(await _resolved(url))
                await _connected(conn)
                conn.notice_handler = None
                refused = await script(conn, setup.encode())
        except (OSError, psycopg.Error, trio.TooSlowError) as error:
            raise LinkDown(f"cannot connect to PostgreSQL: {_text(error)}") from error
        if isinstance(refused, LinkDown):
            raise LinkDown(f"cannot set up PostgreSQL: {refused}")
        wire = PostgresWire(conn, notified, patience)
        with breaks_once():
            async with Beside(wire.serve):
                yield wire
    finally:
        if conn is not None:
            conn.finish()
