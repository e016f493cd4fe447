"""A worker for each open task: reminds of it until it is done."""

from __future__ import annotations

import time

import trio

from trio_sup import (
    Backoff,
    Budget,
    ChildSpec,
    Continue,
    GenServer,
    ServerRef,
    Stop,
    cast,
    child,
)

from .books import Books, Due
from .mailer import MAILER, Mailer

AGAIN = 2.0
"""Seconds until we ask again about a letter that another program sends."""


# --8<-- [start:worker]
class Reminder(
    GenServer,
    restart="transient",
    backoff=Backoff(initial=0.5, maximum=5.0),
    budget=Budget(100, 3600.0, then="quarantine", release_after=600.0),
):
    """Reminds of one task.

    It knows nothing but the number of its task: what is due stands in the books, and
    is asked anew before each letter. When they do not answer, or the mail server does
    not, it crashes, and begins again with what they say.
    """

    def __init__(self, task: int, books: Books) -> None:
        self.task = task
        self.books = books

    async def init(self) -> Continue:
        """Keep nobody waiting who starts many."""
        return Continue()

    async def handle_continue(self) -> None:
        """Begin with what the books say."""
        await self.remind()

    @cast
    async def remind(self) -> None:
        """Send what is due; be back when the next is."""
        due = await self.due()
        if due.at <= time.time():
            if not await self.books.claim(due):
                # Another program has it in hand: look later what became of it.
                self.send_after(AGAIN, Reminder.remind)
                return
            # The mail server has the other half of the time.
            before = trio.current_time() + self.books.lease / 2
            await MAILER.call(Mailer.send, due, before)
            await self.books.record(due)
            due = await self.due()
        self.send_after(max(0.0, due.at - time.time()), Reminder.remind)

    async def due(self) -> Due:
        """Ask for the next reminder; end in order when the task is done."""
        due = await self.books.due(self.task)
        if due is None:
            MAILER.try_cast(Mailer.forget, self.task)
            raise Stop
        return due


# --8<-- [end:worker]
def reminder(task: int, books: Books) -> ChildSpec[ServerRef[Reminder]]:
    """The worker of a task: comes back after a crash, not after its end."""
    return child(Reminder, task, books, name=("reminder", task))
