"""What stands in for a program under the harness: time is virtual, so none can run."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Protocol

import trio

from trio_sup._processes.body import ProcessBody
from trio_sup._processes.errors import ProgramExit
from trio_sup._processes.outputs import Sink, Streams, sink_of

if TYPE_CHECKING:
    from trio_sup._children.record import Record


class Drives(Protocol):
    """What the injector does for it: `trio_sup.testing._run.injector.Injector`."""

    program_ends: list[BaseException]

    async def run(self, record: Record, original: Any) -> None:
        """Run one life under its faults."""


class StandIn(ProcessBody):
    """Is ready at once, runs until it is asked to end, and ends at once then.

    Unless a fault says otherwise.
    """

    __slots__ = ("_code", "_drives", "_events", "_hangs", "_sinks")

    def __init__(self, record: Record, drives: Drives) -> None:
        super().__init__(record)
        self._drives = drives
        self._events: trio.MemorySendChannel[tuple[Streams, str] | None] | None = None
        self._code = 0
        self._hangs = False
        self._sinks: dict[Streams, Sink] = {}

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited."""
        return self._drives.run(record, self._stand_in)

    async def _stand_in(self, record: Record) -> None:
        spec = self.spec
        self._hangs, self._code = False, 0
        self._sinks = {
            "stdout": sink_of(spec.stdout, self.path, "stdout"),
            "stderr": sink_of(spec.stderr, self.path, "stderr"),
        }
        self._events, events = trio.open_memory_channel[tuple[Streams, str] | None](
            math.inf
        )
        with self._events, events:
            record.become_ready()
            async for event in events:
                if event is None:
                    break
                stream, line = event
                await self._sinks[stream].line(line)
        self.returncode = self._code
        if record.asked is None and self._code not in spec.ok_codes:
            error = ProgramExit(spec.command.argv[0], self._code)
            self._drives.program_ends.append(error)
            raise error

    def ask(self, record: Record, reason: str) -> bool:
        """Take the signal that ends it; one that hangs does not."""
        if not record.ready:
            self.cancel(record, reason)
            return True
        if not self._hangs:
            self.end_with(-self.spec.stop)
        return False

    def end_with(self, code: int) -> bool:
        """End as by a signal or with an exit code; return whether it ran."""
        self._code = code
        return self._tell(None)

    def hang(self) -> bool:
        """Take no signal any more but SIGKILL; return whether it ran."""
        self._hangs = True
        return self._events is not None

    def say(self, stream: Streams, line: str) -> bool:
        """Write a line; return whether it ran, and does not hang."""
        return not self._hangs and self._tell((stream, line))

    def _tell(self, event: tuple[Streams, str] | None) -> bool:
        if self._events is None:
            return False
        try:
            self._events.send_nowait(event)
        except (trio.ClosedResourceError, trio.BrokenResourceError):
            return False
        return True
