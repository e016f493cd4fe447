"""What a port has to do with its program, in one life."""

from __future__ import annotations

import math
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

import trio

from trio_sup._children.stopping import cut_short
from trio_sup._core.exits import Exit
from trio_sup._processes.errors import ProgramExit
from trio_sup._processes.framing import Cutter, PortError
from trio_sup._processes.outputs import sink_of
from trio_sup._processes.pump import PIECE, Pump, destination
from trio_sup._processes.running import RunningProgram

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._processes.command import Command
    from trio_sup._processes.outputs import Output

ENDS_AFTER = 1.0
"""Seconds in which a program is expected to end that has closed its stdout."""
BY_ITSELF = 0.5
"""Which part of the grace a program has to end by itself, once its stdin is closed."""


class Link:
    """The program of one life of a port, and the messages between the two."""

    def __init__(self, record: Record, nursery: trio.Nursery) -> None:
        self._record = record
        self._nursery = nursery
        self._life = record.life
        self.running: RunningProgram | None = None
        self.stderr: Pump | None = None
        self._program = ""
        self._closing = False
        # A message was sent, and its answer has not come.
        self._midway = False
        self._failure: Exception | None = None
        self._came: trio.MemoryReceiveChannel[bytes]
        # One only: a program that goes on talking unasked is held up.
        self._coming, self._came = trio.open_memory_channel[bytes](1)

    async def start(self, command: Command, cutter: Cutter, stderr: Output) -> None:
        """Start the program.

        Raises:
            ProgramNotStarted: there is none, or it may not be run so.
        """
        self._program = command.argv[0]
        with ExitStack() as files:
            self.running = running = await RunningProgram.start(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=destination(stderr, files),
            )
        errors = running.process.stderr
        if errors is not None:
            self.stderr = Pump(sink_of(stderr, self._record.path_text, "stderr"))
            self._nursery.start_soon(self._read_errors, self.stderr, errors)
        self._nursery.start_soon(self._read, running, cutter)
        self._nursery.start_soon(self._watch, running)

    # Messages.

    async def exchange(self, data: bytes) -> bytes:
        """Send a message and return the answer.

        Raises:
            PortError: the two are out of step.
            ProgramExit: it has ended.
        """
        running = self.running
        assert running is not None
        assert running.process.stdin is not None
        if self._midway:
            raise PortError(
                f"{self._program!r} still owes an answer: an exchange was cut short"
            )
        if self._came.statistics().current_buffer_used:
            message = self._came.receive_nowait()
            raise PortError(
                f"{self._program!r} said {message[:100]!r} without a question"
            )
        self._midway = True
        try:
            await running.process.stdin.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await self._raise_end(running)
        answer = await self._next(running)
        self._midway = False
        return answer

    async def receive(self) -> bytes:
        """Return the next message that comes unasked.

        Raises:
            ProgramExit: it has ended.
        """
        assert self.running is not None
        return await self._next(self.running)

    async def _next(self, running: RunningProgram) -> bytes:
        before, self._midway = self._midway, True  # whoever waits is told of an end
        try:
            answer = await self._came.receive()
        except trio.EndOfChannel:
            await self._raise_end(running)
        self._midway = before
        return answer

    async def _raise_end(self, running: RunningProgram) -> NoReturn:
        """Raise what has become of the program."""
        if self._failure is not None:
            raise self._failure from None
        with trio.move_on_after(ENDS_AFTER):
            await running.wait()
        if running.returncode is not None:
            await self._read_on()
            raise self._end_of(running) from None
        told = f"{self._program!r} has closed its stdout, but goes on"
        raise PortError(told) from None

    def _end_of(self, running: RunningProgram) -> ProgramExit:
        assert running.returncode is not None
        lines = () if self.stderr is None else self.stderr.tail.lines()
        return ProgramExit(self._program, running.returncode, lines, pid=running.pid)

    # What goes on beside the messages.

    async def _read(self, running: RunningProgram, cutter: Cutter) -> None:
        assert running.process.stdout is not None
        with self._coming:
            try:
                while data := await running.process.stdout.receive_some(PIECE):
                    for message in cutter.feed(bytes(data)):
                        await self._coming.send(message)
            except trio.ClosedResourceError:
                pass  # the life is over
            except Exception as error:  # noqa: BLE001 - it is the crash of the port
                self._failed(error)

    async def _watch(self, running: RunningProgram) -> None:
        await running.wait()
        running.kill_group()
        await self._read_on()
        self._failed(self._end_of(running))

    async def _read_on(self) -> None:
        """Wait until it is read what the program said last."""
        if self.stderr is not None:
            with trio.move_on_after(ENDS_AFTER):
                await self.stderr.done.wait()

    async def _read_errors(self, pump: Pump, stream: trio.abc.ReceiveStream) -> None:
        try:
            await pump.run(stream)
        except Exception as error:  # noqa: BLE001 - of the user's function
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """The life cannot go on: whoever waits is told, or the server is ended."""
        if self._closing or self._failure is not None:
            return
        self._failure = error
        record = self._record
        if not self._midway and record.life == self._life and record.asked is None:
            cut_short(record, Exit("crashed", None, error), str(error).split("\n")[0])

    # Its end.

    async def finish(self, signal: int) -> None:
        """Let it end in order: its stdin is closed, then it is signalled.

        Cancelled when the grace is over.
        """
        self._closing = True
        running = self.running
        if running is None:
            return
        assert running.process.stdin is not None
        await running.process.stdin.aclose()
        left = self._record.ending.deadline - trio.current_time()
        with trio.move_on_after(left * BY_ITSELF if left < math.inf else ENDS_AFTER):
            await running.wait()
        running.signal(signal)
        await running.wait()
        await running.wait_group()

    async def kill(self) -> None:
        """Leave nothing of it."""
        self._closing = True
        if self.running is not None:
            await self.running.close()
