"""The mailer: one connection to the mail server, over which letters go one by one."""

from __future__ import annotations

import smtplib
from collections.abc import MutableMapping
from contextlib import suppress
from email.message import EmailMessage

import trio

from trio_sup import Exit, GenServer, address, call, cast

from .books import Due

LONGEST = 10.0
"""Seconds that the mail server may take for an answer."""


class MailRefused(Exception):
    """The mail server is down, or did not take the letter. The mailer is unharmed."""


# --8<-- [start:mailer]
class Mailer(GenServer):
    """Sends letters, each once.

    Between "the mail server took it" and "the books say so" a worker may crash, when
    the database is gone. What was taken stands in `accepted`, which outlives the
    lives of this server as well: the next life of the worker asks again, and no
    second letter goes out.

    Args:
        host: The mail server.
        port: Its port.
        accepted: The number of the last reminder that was taken, by task.
    """

    def __init__(
        self, host: str, port: int, accepted: MutableMapping[int, int]
    ) -> None:
        self.host = host
        self.port = port
        self.accepted = accepted
        self._line: smtplib.SMTP | None = None

    @call(raises=(MailRefused,))
    async def send(self, due: Due, before: float) -> bool:
        """Return when the mail server has taken it; False if it had before.

        Args:
            due: What to remind of.
            before: By `trio.current_time`; after that it may be another program's.

        Raises:
            MailRefused: it did not, or the turn of this one came too late.
        """
        if self.accepted.get(due.task, 0) >= due.number:
            return False
        if trio.current_time() > before:
            raise MailRefused("many letters were before it: it is claimed again")
        try:
            await trio.to_thread.run_sync(self._hand_over, letter(due))
        except (OSError, smtplib.SMTPException) as error:
            self._hang_up()
            raise MailRefused(str(error)) from error
        self.accepted[due.task] = due.number
        return True

    @cast
    async def forget(self, task: int) -> None:
        """The task is done."""
        self.accepted.pop(task, None)

    # --8<-- [end:mailer]
    async def terminate(self, exit: Exit) -> None:
        """Leave politely."""
        if self._line is not None:
            await trio.to_thread.run_sync(self._hang_up)

    def _hand_over(self, message: EmailMessage) -> None:
        if self._line is not None:
            try:
                self._line.noop()
            except (OSError, smtplib.SMTPException):
                self._hang_up()  # mail servers hang up on who is silent for long
        if self._line is None:
            self._line = smtplib.SMTP(self.host, self.port, timeout=LONGEST)
        self._line.send_message(message)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            with suppress(OSError, smtplib.SMTPException):
                line.quit()


MAILER = address("mailer", Mailer, wait=True)
"""Whoever is the mailer when it is used; a call waits for its next life."""


def letter(due: Due) -> EmailMessage:
    """Write a reminder. Its id is the same however often it is written."""
    message = EmailMessage()
    message["From"] = "reminders@localhost"
    message["To"] = due.email
    message["Subject"] = f"Reminder {due.number}: {due.title}"
    message["Message-ID"] = f"<task-{due.task}-{due.number}@reminders>"
    message.set_content(f"Not done yet: {due.title}\n")
    return message
