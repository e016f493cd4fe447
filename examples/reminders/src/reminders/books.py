"""The books: which tasks are open, and of what was reminded. They outlive every crash.

In PostgreSQL, over psycopg, or in SQLite. Both block, so each query has a thread.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any, TypeAlias

import trio
from attrs import frozen

from .connections import Connecting, Connections, connecting

Rows: TypeAlias = Sequence[tuple[Any, ...]]

SCHEMA = (
    """
    create table if not exists tasks (
        id integer primary key {counted},
        title text not null,
        email text not null,
        every double precision not null,
        since double precision not null,
        completed double precision
    )
    """,
    """
    create table if not exists reminders (
        task integer not null references tasks (id),
        number integer not null,
        sent double precision not null,
        primary key (task, number)
    )
    """,
    """
    create table if not exists claims (
        task integer primary key references tasks (id),
        number integer not null,
        owner text not null,
        until double precision not null
    )
    """,
)

# --8<-- [start:claim]
CLAIM = """
    insert into claims (task, number, owner, until)
    values (%s, %s, %s, {now} + %s)
    on conflict (task) do update
    set number = excluded.number, owner = excluded.owner, until = excluded.until
    where claims.number < excluded.number
        or claims.owner = excluded.owner
        or claims.until < {now}
    returning task
"""
# --8<-- [end:claim]
DUE = """
    select title, email, every, since, coalesce(last.number, 0), last.sent
    from tasks left join (
        select number, sent from reminders where task = %s
        order by number desc limit 1
    ) as last on true
    where id = %s and completed is null
"""


@frozen
class Due:
    """The next reminder of a task."""

    task: int
    number: int
    """1 for the first; each number is sent once."""
    at: float
    """When, as `time.time` says it: `every` seconds after the last was sent."""
    title: str
    email: str


class Books:
    """Reads and writes. Its connections live as long as the child that runs `serve`.

    Args:
        database: ``postgresql://...``, or the name of an SQLite file.
        places: How many queries may be under way in PostgreSQL; others wait.
        patience: Seconds after which a query is given up.
        owner: Who we are among the programs that share the database: the same after a
            restart, another than all that run beside. By default one of a kind.
        lease: Seconds for which a claim keeps the others away.

    Each of its calls raises `Unavailable` while the database does not answer.
    """

    def __init__(
        self,
        database: str,
        *,
        places: int = 4,
        patience: float = 5.0,
        owner: str | None = None,
        lease: float = 120.0,
    ) -> None:
        self._owner = uuid.uuid4().hex if owner is None else owner
        self.lease = lease
        self._connecting: Connecting = connecting(database)
        self._connections = Connections(
            self._connecting, self._connecting.places or places, patience
        )

    async def serve(
        self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Keep connections open, and close them at the end: the body of a child.

        A database that is down does not keep it from running: who asks gets to know.
        """
        self._connections.open = True
        try:
            task_status.started()
            await trio.sleep_forever()
        finally:
            self._connections.close()

    async def prepare(self) -> None:
        """Make the tables where there are none."""
        for statement in SCHEMA:
            await self._ask(statement.format(counted=self._connecting.counted))

    async def add(self, title: str, email: str, every: float) -> int:
        """Write down an open task; return its number."""
        rows = await self._ask(
            "insert into tasks (title, email, every, since) "
            "values (%s, %s, %s, %s) returning id",
            *(title, email, every, time.time()),
        )
        return int(rows[0][0])

    async def complete(self, task: int) -> bool:
        """Write down that a task is done; False if it was, or there is none."""
        rows = await self._ask(
            "update tasks set completed = %s "
            "where id = %s and completed is null returning id",
            *(time.time(), task),
        )
        return bool(rows)

    async def open_tasks(self) -> list[tuple[int, str]]:
        """Return number and title of each task that is not done."""
        query = "select id, title from tasks where completed is null order by id"
        return [(id, title) for id, title in await self._ask(query)]

    async def due(self, task: int) -> Due | None:
        """Return the next reminder of a task; `None` for one that is done."""
        for title, email, every, since, number, sent in await self._ask(
            DUE, task, task
        ):
            at = (since if sent is None else sent) + every
            return Due(task, number + 1, at, title, email)
        return None

    async def claim(self, due: Due) -> bool:
        """Keep other programs from sending it; False if one of them keeps us.

        Until `lease` seconds have passed, or the next reminder is due. Who claims
        again what it has, has it for longer.
        """
        rows = await self._ask(
            CLAIM.format(now=self._connecting.now),
            *(due.task, due.number, self._owner, self.lease),
        )
        return bool(rows)

    async def record(self, due: Due) -> None:
        """Write down that it was sent. To do so twice does no harm."""
        await self._ask(
            "insert into reminders (task, number, sent) values (%s, %s, %s) "
            "on conflict (task, number) do nothing",
            *(due.task, due.number, time.time()),
        )

    async def _ask(self, query: str, *values: object) -> Rows:
        return await self._connections.ask(query, values)
