"""What the harness itself sends to servers: messages that touch nothing of theirs.

A message of its own takes a handler of its own along. So there is traffic for any server,
whatever its operations are: it goes through the server's mailbox and its loop, with all
the policies of its specification, and past its state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import trio
from trio.lowlevel import current_task, spawn_system_task

from trio_sup._children.record import Record
from trio_sup._core.errors import SupervisionError
from trio_sup._servers.genserver import GenServer
from trio_sup._servers.handlers import Handler
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.messages import CastNote, Request
from trio_sup._servers.waiting import answer_to
from trio_sup.testing._run.disturbance import Disturbance
from trio_sup.testing._servers import laws
from trio_sup.testing.faults import Rush, Suspend

NAME = "harness: sender"


class Traffic:
    """The senders of one run.

    Args:
        problem: Told of what must not be.
        felt: Told how long a server is kept busy, or suspended.
    """

    def __init__(
        self, problem: Callable[[str, str], object], felt: Disturbance
    ) -> None:
        self._problem = problem
        self._felt = felt
        self._sent = 0

    def rush(self, fault: Rush, record: Record) -> None:
        """Let several senders have something to say at once."""
        queue: MailQueue = record.mailbox
        spawn_system_task(self._cast, queue, self._slow(fault.seconds), name=NAME)
        for number in range(fault.count):
            send = self._call if number % 3 == 2 else self._cast
            spawn_system_task(send, queue, _handler(_echo, "rush"), name=NAME)

    def _slow(self, seconds: float) -> Handler:
        async def handle(server: GenServer, number: int) -> None:
            del server, number
            await self._for_a_while(seconds)

        return _handler(handle, "slow rush")

    async def _for_a_while(self, seconds: float) -> None:
        self._felt.begin(trio.current_time())
        try:
            await trio.sleep(seconds)
        finally:
            self._felt.end(trio.current_time())

    async def _cast(self, queue: MailQueue, handler: Handler) -> None:
        """Cast; wait for room if there is none and the mailbox lets one wait."""
        self._sent += 1
        note = CastNote(_as_cast(handler), (self._sent,))
        try:
            if queue.full:
                await queue.put_waiting(note)
            else:
                queue.put_note(note)
        except SupervisionError:
            pass

    async def _call(self, queue: MailQueue, handler: Handler) -> None:
        self._sent += 1
        number = self._sent
        request = Request(current_task(), handler, (number,))
        try:
            queue.put_call(request)
            answer = await answer_to(request)
        except SupervisionError:
            return
        if answer != number:
            words = f"{queue.record.path_text}: asked {number}, answered {answer!r}"
            self._problem(laws.ANSWER, words)

    def suspend(self, fault: Suspend, record: Record) -> None:
        """Let somebody suspend a server for a while."""
        handle: Any = record.handle

        async def suspend() -> None:
            try:
                await handle.suspend()
                await self._for_a_while(fault.seconds)
                await handle.resume()
            except SupervisionError:
                pass

        spawn_system_task(suspend, name=NAME)

    def stop(self, record: Record) -> None:
        """Let somebody ask a server to stop."""
        handle: Any = record.handle

        async def stop() -> None:
            try:
                await handle.stop("the harness asks")
            except SupervisionError:
                pass

        spawn_system_task(stop, name=NAME)


def _as_cast(handler: Handler) -> Handler:
    return _handler(handler.fn, handler.name, is_call=False)


def _handler(
    fn: Callable[..., Awaitable[Any]], name: str, *, is_call: bool = True
) -> Handler:
    return Handler(name, fn, (), deferred=False, is_call=is_call)


async def _echo(server: GenServer, number: int) -> int:
    del server
    return number
