"""The tree: books, mailer, workers, who starts them at boot, and a door."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import trio
from attrs import field, frozen

from trio_sup import (
    Backoff,
    ChildSpec,
    DynamicSupervisor,
    Supervisor,
    address,
    child,
    dynamic_supervisor,
    supervisor,
)

from .books import Books
from .connections import Unavailable
from .door import door
from .mailer import MAILER, Mailer
from .worker import Reminder, reminder

REMINDERS = address("reminders", DynamicSupervisor, wait=True)
"""The supervisor of all workers."""


# --8<-- [start:use]
@frozen
class Reminders:
    """What the rest of a program does with tasks."""

    books: Books
    _known: set[int] = field(factory=set, init=False, eq=False)
    """Tasks that have a worker here, or had one and are open as far as we know."""
    _started: trio.Event = field(factory=trio.Event, init=False, eq=False)

    async def add(self, title: str, email: str, every: float) -> int:
        """Write down a task, of which somebody is reminded from now on."""
        task = await self.books.add(title, email, every)
        await self.start(task)
        return task

    async def complete(self, task: int) -> bool:
        """Write down that a task is done, and end its worker.

        A worker that is between two lives, or busy, learns it from the books.
        """
        if not await self.books.complete(task):
            return False
        self._let_go(task)
        return True

    def _let_go(self, task: int) -> None:
        self._known.discard(task)
        address(("reminder", task), Reminder).try_cast(Reminder.remind)

    async def start(self, task: int) -> None:
        """Start the worker of a task, unless it runs."""
        await REMINDERS.get_or_start(reminder(task, self.books))
        self._known.add(task)

    async def start_all(self) -> None:
        """Start the worker of each open task: the body of the starter."""
        await self.books.prepare()
        for task, _ in await self.books.open_tasks():
            await self.start(task)
        self._started.set()

    # --8<-- [end:use]
    # --8<-- [start:look]
    async def keep_up(self, every: float) -> None:
        """Look every so many seconds what others did: the body of the lookout."""
        await self._started.wait()
        while True:
            await trio.sleep(every)
            with suppress(Unavailable):  # what was missed is seen by the next look
                await self.catch_up()

    async def catch_up(self) -> None:
        """Take up what other programs added, and let go of what they completed."""
        known = set(self._known)  # before we ask: what is added meanwhile is no news
        open_tasks = {task for task, _ in await self.books.open_tasks()}
        for task in known - open_tasks:
            self._let_go(task)
        for task in sorted(open_tasks - known):
            await self.start(task)

    # --8<-- [end:look]


def reminders(
    database: str,
    mail: tuple[str, int],
    *,
    port: int,
    patience: float = 5.0,
    owner: str | None = None,
    lease: float = 120.0,
    look: float = 5.0,
) -> tuple[ChildSpec[Supervisor], Reminders]:
    """Describe the tree, and how to use it.

    Args:
        database: ``postgresql://...``, or the name of an SQLite file.
        mail: Host and port of the mail server.
        port: Where the door is; 0 for any that is free.
        patience: Seconds after which a query of the database is given up.
        owner: Who we are among the programs on this database; see `Books`.
        lease: Seconds for which a letter in hand is ours.
        look: Seconds between two looks at what other programs added and completed.
    """
    # --8<-- [start:tree]
    books = Books(database, patience=patience, owner=owner, lease=lease)
    app = Reminders(books)
    accepted: dict[int, int] = {}  # outlives the lives of the mailer
    workers = [
        # An outage of the database crashes every worker, each of which has a backoff
        # and a budget of its own: their number is no reason to give up.
        dynamic_supervisor(
            id="workers", name=REMINDERS, max_restarts=1_000_000, max_seconds=60.0
        ),
        child(
            app.start_all,
            id="starter",
            restart="transient",
            backoff=Backoff(initial=2.0, maximum=5.0, immediate_first=False),
        ),
        child(app.keep_up, look, id="lookout", backoff=Backoff(initial=1.0)),
    ]
    children = [
        child(books.serve, id="books"),
        child(Mailer, *mail, accepted, id="mailer", name=MAILER),
        # When all workers are gone at once, the starter starts them again.
        supervisor(workers, id="tasks", strategy="rest_for_one"),
        door(app, port),
    ]
    tree = supervisor(children, id="reminders", max_restarts=20, max_seconds=60.0)
    return tree, app
    # --8<-- [end:tree]


def spec(port: int | None = None) -> ChildSpec[Supervisor]:
    """Describe the program: for ``trio-sup run reminders.tree:spec``.

    From the environment: `REMINDERS_DATABASE`, an address of PostgreSQL or a file;
    `REMINDERS_MAIL`, host and port of the mail server; `REMINDERS_PORT`, the door's;
    `REMINDERS_OWNER`, who this is among the programs on that database: by default the
    host with the port of the door, which no two can have; `REMINDERS_LEASE`, seconds
    for which a letter that it has in hand is no other's, 120 by default;
    `REMINDERS_LOOK`, seconds between two looks at what the others did, 5 by default.
    """
    if port is None:
        port = int(os.environ.get("REMINDERS_PORT", "8780"))
    mail = os.environ.get("REMINDERS_MAIL", "127.0.0.1:8025")
    host, _, mail_port = mail.rpartition(":")
    database = os.environ.get("REMINDERS_DATABASE", "reminders.db")
    owner = os.environ.get("REMINDERS_OWNER")
    if owner is None and port:
        owner = f"{socket.gethostname()}:{port}"
    lease = float(os.environ.get("REMINDERS_LEASE", "120"))
    look = float(os.environ.get("REMINDERS_LOOK", "5"))
    post = host, int(mail_port)
    tree, _ = reminders(database, post, port=port, owner=owner, lease=lease, look=look)
    return tree
